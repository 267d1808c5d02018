/* What a model gives the runtime: its shapes, its buffers and up to three functions. */
#ifndef HIL_MODEL_H
#define HIL_MODEL_H

#include <stdint.h>

enum hil_dtype { HIL_F32 = 1, HIL_I16 = 2, HIL_I8 = 3, HIL_U8 = 4 };
enum hil_precision { HIL_PRECISION_F32 = 1, HIL_PRECISION_Q15 = 2, HIL_PRECISION_Q7 = 3 };

struct hil_model {
    const char *name;      /* "fastgrnn_digits" */
    uint8_t precision;     /* enum hil_precision */
    uint8_t input_dtype;   /* enum hil_dtype: elements of the input, steps x features, row-major */
    uint8_t output_dtype;
    uint16_t features;     /* per step */
    uint16_t min_steps;
    uint16_t max_steps;
    uint16_t outputs;      /* elements of the output */
    void *input;           /* max_steps * features elements, aligned to 8; the runtime fills it */
    void *output;          /* outputs elements, aligned to 8; run fills it */
    int (*run)(uint32_t steps); /* the inference, and all that is measured; 0, or a negative error */

    /* For models that need more than their input; NULL where there is nothing to do. Neither is measured. */
    int (*init)(void);           /* once at start; after a negative error every vector is answered with it */
    int (*load)(uint32_t steps); /* before each run, with the new input in place: 0, or a negative error */
};

/* Defined once per image, by the model's file. */
extern const struct hil_model hil_model;

#endif
