#include "trial.h"

#include "../../runtime/runtime.h"
#include "../../runtime/wire.h"

#include <string.h>

uint32_t width_of(uint32_t dtype)
{
    return dtype == HIL_F32 ? 4u : dtype == HIL_I16 ? 2u : 1u;
}

uint32_t input_size(const struct trial *trial, uint32_t steps)
{
    return steps * trial->model.features * width_of(trial->model.input_dtype);
}

uint32_t output_size(const struct trial *trial)
{
    return trial->model.outputs * width_of(trial->model.output_dtype);
}

/* No two vectors, and no two pieces of one, shall look alike. Products wrap. */
__attribute__((no_sanitize("unsigned-integer-overflow"))) static uint32_t mix(uint32_t a, uint32_t b)
{
    const uint32_t product = (a ^ b * 0x9E3779B1u) * 0x85EBCA6Bu;
    return product ^ product >> 15;
}

uint8_t content(const struct trial *trial, uint32_t number, uint32_t steps, uint32_t i)
{
    return (uint8_t)(mix(mix(trial->epoch, number), mix(steps, i)) >> 9);
}

uint32_t hash_of(const uint8_t *bytes, size_t length)
{
    uint32_t hash = 0x811C9DC5u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * 0x01000193u;
    }
    return mix(hash, (uint32_t)length);
}

uint8_t output_byte(uint32_t hash, uint32_t i)
{
    return (uint8_t)(mix(hash, i / 4u) >> 8u * (i % 4u));
}

void ask(struct trial *trial, uint32_t number, uint32_t steps)
{
    if (trial->asked_count == ASKED_MOST) {
        trial->trusted = 0;
        return;
    }
    trial->asked[trial->asked_count++] = (struct asked){number, steps};
}

static uint32_t hash_of_content(const struct trial *trial, uint32_t number, uint32_t steps)
{
    static uint8_t bytes[UINT16_MAX];
    const uint32_t size = input_size(trial, steps);
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = content(trial, number, steps, i);
    }
    return hash_of(bytes, size);
}

/* Whether the host sent a vector of that number whose hash this is. */
static int was_asked(const struct trial *trial, uint32_t number, uint32_t hash)
{
    for (uint32_t i = 0; i < trial->asked_count; i++) {
        const struct asked *const one = &trial->asked[i];
        if (one->number == number && one->steps >= trial->model.min_steps && one->steps <= trial->model.max_steps &&
            hash_of_content(trial, number, one->steps) == hash) {
            return 1;
        }
    }
    return 0;
}

/* What the model computed last under that number. */
static const struct computed *last_computed(const struct trial *trial, uint32_t number)
{
    const uint32_t count = trial->computed_count;
    for (uint32_t back = 1; back <= count && back <= COMPUTED_MOST; back++) {
        const struct computed *const one = &trial->computed[(count - back) % COMPUTED_MOST];
        if (one->number == number) {
            return one;
        }
    }
    return NULL;
}

static void hear_results(struct trial *trial, const uint8_t *payload, size_t length)
{
    REQUIRE(length > HIL_RESULTS_HEADER, "RESULTS of %zu bytes", length);
    const uint32_t size = output_size(trial);
    const uint32_t count = payload[4];
    REQUIRE(count > 0u && length == HIL_RESULTS_HEADER + count * (4u + size), "%u RESULTS of %u bytes in %zu", count,
            size, length);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t number = get32(payload) + i;
        const uint8_t *const at = payload + HIL_RESULTS_HEADER + i * (4u + size);
        const struct computed *const one = last_computed(trial, number);
        REQUIRE(one != NULL && one->status == 0, "an answer to %u, which was not computed", number);
        REQUIRE(get32(at) == one->ticks, "%u took %u ticks, not %u", number, one->ticks, get32(at));
        for (uint32_t j = 0; j < size; j++) {
            REQUIRE(at[4u + j] == output_byte(one->hash, j), "output of %u is wrong in byte %u", number, j);
        }
        REQUIRE(!trial->trusted || was_asked(trial, number, one->hash), "%u was computed of what nobody sent", number);
        trial->results++;
    }
}

static void hear_hello_reply(struct trial *trial, const uint8_t *payload, size_t length)
{
    static const uint8_t build_id[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                         0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF};
    const struct hil_model *const model = &trial->model;
    REQUIRE(length > 42u && get16(payload) == HIL_PROTOCOL_VERSION && memcmp(payload + 2, build_id, 16) == 0, "HELLO_REPLY of another");
    REQUIRE(payload[18] == model->precision && payload[19] == model->input_dtype &&
                payload[20] == model->output_dtype && get16(payload + 22) == model->features &&
                get16(payload + 24) == model->min_steps && get16(payload + 26) == model->max_steps &&
                get16(payload + 28) == model->outputs && get16(payload + 40) == HIL_FRAME_PAYLOAD_MAX,
            "HELLO_REPLY tells other shapes");
    const uint8_t *at = payload + 42;
    for (int i = 0; i < 2; i++) {
        const char *const whole = i == 0 ? model->name : trial->kind;
        const size_t told = strlen(whole) < 64u ? strlen(whole) : 64u;
        REQUIRE(at + 1 + told <= payload + length && at[0] == told && memcmp(at + 1, whole, told) == 0,
                "HELLO_REPLY has another text");
        at += 1 + told;
    }
    REQUIRE(at == payload + length, "HELLO_REPLY has more");
    trial->hellos++;
    trial->damaged = 0;
}

static void hear_pong(struct trial *trial, const uint8_t *payload, size_t length)
{
    REQUIRE(length >= 20u, "PONG of %zu bytes", length);
    const uint32_t units = get16(payload + 16), first = get16(payload + 18), bits = 8u * (uint32_t)(length - 20u);
    REQUIRE(units <= HIL_FRAGMENT_UNITS && first <= units && bits < units - first + 8u, "PONG of %u units", units);
    REQUIRE(first % 8u == 0u, "PONG with a map from %u", first);
    uint32_t have = first;
    for (uint32_t bit = 0; bit < bits; bit++) {
        const uint32_t set = payload[20u + bit / 8u] >> bit % 8u & 1u;
        REQUIRE(set == 0u || first + bit < units, "PONG has unit %u of %u", first + bit, units);
        have += set;
    }
    REQUIRE(units == 0u || (have > 0u && have < units), "PONG assembles %u of %u units", have, units);
    REQUIRE(get32(payload + 4) >= trial->damaged, "PONG counts less damage than before");
    const uint32_t last = get32(payload + 8);
    const struct computed *const one = last_computed(trial, last);
    REQUIRE(last == HIL_NO_VECTOR || (one != NULL && one->status == 0), "PONG tells %u, which failed", last);
    trial->nonce = get32(payload);
    trial->pongs++;
}

static void hear_repeated(const struct trial *trial, const uint8_t *payload, size_t length)
{
    const struct repeat *const repeat = &trial->repeat;
    REQUIRE(length >= 6u && length == 6u + 4u * get16(payload + 4), "REPEATED of %zu bytes", length);
    const uint32_t spans = get16(payload + 4);
    REQUIRE(get32(payload) == repeat->number && spans + 1u == repeat->edges, "REPEATED of %u for %u", spans,
            get32(payload));
    const struct computed *const one = last_computed(trial, repeat->number);
    REQUIRE(one != NULL && one->status == 0, "REPEATED of what failed");
    REQUIRE(repeat->runs == 0u || repeat->hash == one->hash, "REPEATED of another input");
    for (uint32_t i = 0; i < spans; i++) {
        REQUIRE(get32(payload + 6u + 4u * i) == repeat->at[i + 1u] - repeat->at[i], "span %u has other ticks", i);
        REQUIRE(repeat->runs_at[i + 1u] - repeat->runs_at[i] == repeat->runs_at[1], "span %u has other runs", i);
    }
}

static void hear_error(struct trial *trial, const uint8_t *payload, size_t length)
{
    REQUIRE(length == 9u && payload[0] >= HIL_ERROR_TYPE && payload[0] <= HIL_ERROR_INPUT, "ERROR of %zu bytes", length);
    if (payload[0] == HIL_ERROR_MODEL) {
        const uint32_t number = get32(payload + 1), detail = get32(payload + 5);
        const struct computed *const one = last_computed(trial, number);
        REQUIRE(detail == (uint32_t)INIT_FAILED || detail == (uint32_t)LOAD_FAILED ||
                    (one != NULL && one->status == RUN_FAILED && detail == (uint32_t)RUN_FAILED),
                "ERROR for %u, which did not fail so", number);
    }
    if (payload[0] == HIL_ERROR_INPUT) {
        const struct computed *const one = last_computed(trial, get32(payload + 1));
        REQUIRE(one != NULL && one->number == trial->repeat.number && one->hash != trial->repeat.hash,
                "ERROR for a model that keeps its input");
    }
    trial->errors++;
}

void hear(struct trial *trial, const uint8_t *frame, size_t length)
{
    REQUIRE(frame_at(frame, length, HIL_FRAME_PAYLOAD_MAX) == length, "%zu bytes were written that are no frame", length);
    REQUIRE(get16(frame + 3) == (trial->seq & 0xFFFFu), "frame %u is the %u.", get16(frame + 3), trial->seq);
    trial->seq++;
    const uint8_t *const payload = frame + 8;
    const size_t size = length - OVERHEAD;
    switch (frame[2]) {
    case HIL_READY:
        REQUIRE(size == 2u && get16(payload) == HIL_PROTOCOL_VERSION && trial->seq == 1u, "READY in the middle");
        break;
    case HIL_HELLO_REPLY:
        hear_hello_reply(trial, payload, size);
        break;
    case HIL_PONG:
        hear_pong(trial, payload, size);
        break;
    case HIL_RESULTS:
        hear_results(trial, payload, size);
        break;
    case HIL_NAK:
        REQUIRE(size == 4u && get32(payload) > trial->damaged, "NAK of nothing new");
        trial->damaged = get32(payload);
        trial->naks++;
        break;
    case HIL_STACK_REPLY:
        REQUIRE(size == 12u, "STACK_REPLY of %zu bytes", size);
        break;
    case HIL_REPEATED:
        hear_repeated(trial, payload, size);
        break;
    case HIL_ERROR:
        hear_error(trial, payload, size);
        break;
    default:
        REQUIRE(0, "a frame of type %u", frame[2]);
    }
}
