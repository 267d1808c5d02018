/* The numbers of ../PROTOCOL.md: frame types, error codes, flags. */
#ifndef HIL_WIRE_H
#define HIL_WIRE_H

enum hil_type {
    HIL_HELLO = 0x01,
    HIL_PING = 0x02,
    HIL_VECTORS = 0x03,
    HIL_FRAGMENT = 0x04,
    HIL_STACK = 0x05,
    HIL_AGAIN = 0x06,
    HIL_REPEAT = 0x07,

    HIL_HELLO_REPLY = 0x81,
    HIL_PONG = 0x82,
    HIL_RESULTS = 0x83,
    HIL_NAK = 0x84,
    HIL_STACK_REPLY = 0x85,
    HIL_READY = 0x86,
    HIL_FAULT = 0x87,
    HIL_ERROR = 0x88,
    HIL_REPEATED = 0x8A, /* 0x89 is WORKING, which this runtime never sends */
};

enum hil_error {
    HIL_ERROR_TYPE = 1,  /* no such frame type */
    HIL_ERROR_SHAPE = 2, /* a vector, or a frame, of a shape that cannot be */
    HIL_ERROR_MODEL = 3, /* the model returned an error */
    HIL_ERROR_INPUT = 4, /* an inference that is repeated has another output: the model changes its input */
};

#define HIL_NO_VECTOR 0xFFFFFFFFu

#define HIL_VECTORS_STEPS_EACH 1u /* flag: a step count for every vector */
#define HIL_VECTORS_HEADER 8u
#define HIL_RESULTS_HEADER 5u
#define HIL_FRAGMENT_HEADER 10u
#define HIL_REPEAT_BYTES 10u
#define HIL_REPEATED_HEADER 6u
#define HIL_FRAGMENT_UNIT 64u   /* fragments start at multiples of it */
#ifndef HIL_FRAGMENT_UNITS
#define HIL_FRAGMENT_UNITS 1024u /* an input has at most 64 KiB; the image of a larger one defines more */
#endif

#endif
