/* One trial of the device: what the host asked for, what the model computed, and whether the answers are right. */
#ifndef HIL_TESTS_FUZZ_TRIAL_H
#define HIL_TESTS_FUZZ_TRIAL_H

#include "../../runtime/frame.h"
#include "../../runtime/model.h"
#include "wire.h"

#define ASKED_MOST 512u
#define COMPUTED_MOST 1024u
#define EDGES_MOST (HIL_FRAME_PAYLOAD_MAX / 32u)

enum failure { INIT_FAILED = -3, LOAD_FAILED = -5, RUN_FAILED = -7 }; /* what the model's functions return then */

struct asked {
    uint32_t number;
    uint32_t steps;
};

struct computed {
    uint32_t number;
    uint32_t ticks;
    uint32_t hash; /* of the input */
    int32_t status;
};

/* The repeat that was run last. */
struct repeat {
    uint32_t number;
    uint32_t runs;
    uint32_t edges;
    uint32_t at[EDGES_MOST]; /* of the counter */
    uint32_t runs_at[EDGES_MOST];
    uint32_t hash; /* of the input of the last run */
};

struct trial {
    struct hil_model model;
    const char *kind;
    uint32_t epoch; /* HELLOs answered: vectors of another one have other contents */
    int trusted;    /* every vector on its way is one that `content` made */
    struct asked asked[ASKED_MOST];
    uint32_t asked_count;
    struct computed computed[COMPUTED_MOST]; /* used round and round */
    uint32_t computed_count;
    struct repeat repeat;

    /* What the device said. */
    uint32_t seq;
    uint32_t damaged;
    uint32_t hellos;
    uint32_t pongs;
    uint32_t nonce;
    uint32_t naks;
    uint32_t results;
    uint32_t errors;
};

uint32_t width_of(uint32_t dtype);
uint32_t input_size(const struct trial *trial, uint32_t steps);
uint32_t output_size(const struct trial *trial);

/* Byte i of the vector that the host sends under that number. */
uint8_t content(const struct trial *trial, uint32_t number, uint32_t steps, uint32_t i);

/* What the model makes of an input: first a number, of it the bytes of the output. */
uint32_t hash_of(const uint8_t *bytes, size_t length);
uint8_t output_byte(uint32_t hash, uint32_t i);

/* The host may send vector `number` of so many steps from now on. */
void ask(struct trial *trial, uint32_t number, uint32_t steps);

/* Check all that the device wrote at once: it is one frame that its place in the protocol allows. */
void hear(struct trial *trial, const uint8_t *frame, size_t length);

#endif
