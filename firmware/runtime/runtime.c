#include "runtime.h"

#include "crc.h"
#include "frame.h"
#include "mark.h"
#include "stack.h"
#include "wire.h"

#include <string.h>

#ifndef HIL_BUILD_ID
#error "HIL_BUILD_ID: 32 hexadecimal digits that name the sources this image is built from"
#endif
_Static_assert(sizeof HIL_BUILD_ID == 33, "HIL_BUILD_ID has 32 hexadecimal digits");

#ifndef HIL_ANSWERED_VERSION
#define HIL_ANSWERED_VERSION HIL_PROTOCOL_VERSION /* a test image answers with another */
#endif

#define PONG_HEADER 20u
_Static_assert(HIL_FRAGMENT_UNITS % 8u == 0u && HIL_FRAGMENT_UNITS <= 65528u, "units are counted in 16 bits");
_Static_assert(PONG_HEADER + HIL_FRAGMENT_UNITS / 8u <= HIL_FRAME_PAYLOAD_MAX, "a PONG holds a bit per unit");
_Static_assert(HIL_FRAME_PAYLOAD_MAX >= 256u && HIL_FRAME_PAYLOAD_MAX <= 65535u, "a frame's length has 16 bits");

/* The end of the reply frame holds the input of the vector computed last, in case that the model changes it, where that
 * takes at most so much; before it what a repeat took waits to be told again: behind the answer itself, and behind all
 * other answers that there are while its input lies there. */
#define KEPT_MOST (HIL_FRAME_PAYLOAD_MAX / 4u * 3u)
#define SPANS_MOST (HIL_FRAME_PAYLOAD_MAX / 32u - 1u)
_Static_assert(HIL_REPEATED_HEADER + 8u * SPANS_MOST + KEPT_MOST <= HIL_FRAME_PAYLOAD_MAX, "it all fits");

#define SMALL __attribute__((cold, noinline)) /* flash matters more than speed */
#define TEXT_MAX 64u
#define FAULT_REPORTS 3 /* the line may lose one, and nobody can ask again */

/* A large vector that arrives in fragments. */
struct assembly {
    uint32_t number;
    uint16_t steps;
    uint16_t units; /* 0: none under way */
    uint16_t missing;
    uint8_t have[HIL_FRAGMENT_UNITS / 8u];
};

/* The vector computed last; its output still lies in the model's buffer. */
struct last {
    uint32_t number; /* HIL_NO_VECTOR: none, or it failed */
    uint32_t ticks;
    uint16_t steps; /* 0: its input is there no more, or the ticks of its repeat are not */
    uint16_t spans; /* that it was repeated for; 0: not yet */
};

struct runtime {
    const struct hil_port *port;
    const struct hil_model *model;
    struct hil_receiver receiver;
    struct assembly assembly;
    struct last last;
    uint8_t reply[HIL_FRAME_MAX];
    uint16_t seq;
    uint16_t kept; /* bytes of the reply frame that are an input's, all steps of it; 0: it is too long */
    uint32_t damaged_told;
    uint32_t peak_total;
    uint32_t peak_model;
    int init_status; /* what the model's init returned */
};

static struct runtime runtime;

static uint8_t *payload(void)
{
    return &runtime.reply[HIL_FRAME_HEADER];
}

static void __attribute__((noinline)) send(uint8_t type, const uint8_t *end)
{
    const size_t length = hil_frame_seal(runtime.reply, type, runtime.seq, (uint16_t)(end - payload()));
    runtime.seq++;
    (void)runtime.port->write(runtime.port->ctx, runtime.reply, length); /* the host asks again for what is lost */
}

SMALL static uint32_t dtype_bytes(uint8_t dtype)
{
    return dtype == HIL_U8 ? 1u : 8u >> dtype; /* HIL_F32, HIL_I16, HIL_I8: each half of the one before */
}

SMALL static uint32_t input_bytes(uint32_t steps)
{
    return steps * runtime.model->features * dtype_bytes(runtime.model->input_dtype);
}

SMALL static uint32_t output_bytes(void)
{
    return runtime.model->outputs * dtype_bytes(runtime.model->output_dtype);
}

/* Of the reply frame: what lies from here on is the copy of an input. */
SMALL static uint8_t *kept_input(void)
{
    return payload() + HIL_FRAME_PAYLOAD_MAX - runtime.kept;
}

SMALL static void choose_kept(void)
{
    const uint32_t size = input_bytes(runtime.model->max_steps);
    const uint32_t most = HIL_FRAME_PAYLOAD_MAX - HIL_RESULTS_HEADER - 4u;
    runtime.kept = (uint16_t)(size <= KEPT_MOST && size + output_bytes() <= most ? size : 0u);
}

static int steps_fit(uint32_t steps)
{
    return steps >= runtime.model->min_steps && steps <= runtime.model->max_steps;
}

SMALL static void send_error(uint8_t code, uint32_t number, int32_t detail)
{
    uint8_t *at = payload();
    *at++ = code;
    at = hil_put32(at, number);
    at = hil_put32(at, (uint32_t)detail);
    send(HIL_ERROR, at);
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
    const size_t whole = strlen(text);
    const size_t length = whole < TEXT_MAX ? whole : TEXT_MAX;
    *at++ = (uint8_t)length;
    memcpy(at, text, length);
    return at + length;
}

static uint8_t hex_digit(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* A new host numbers other vectors alike: nothing of the old one's may mix with them. */
static void begin_anew(void)
{
    runtime.receiver.damaged = 0;
    runtime.damaged_told = 0;
    runtime.assembly.units = 0;
    runtime.last.number = HIL_NO_VECTOR;
}

static void send_hello_reply(void)
{
    static const char build_id[] = HIL_BUILD_ID;
    const struct hil_port *const port = runtime.port;
    const struct hil_model *const model = runtime.model;
    uint8_t *at = hil_put16(payload(), HIL_ANSWERED_VERSION);
    for (int i = 0; i < 16; i++) {
        *at++ = (uint8_t)(hex_digit(build_id[2 * i]) << 4 | hex_digit(build_id[2 * i + 1]));
    }
    *at++ = model->precision;
    *at++ = model->input_dtype;
    *at++ = model->output_dtype;
    *at++ = port->counter;
    at = hil_put16(at, model->features);
    at = hil_put16(at, model->min_steps);
    at = hil_put16(at, model->max_steps);
    at = hil_put16(at, model->outputs);
    at = hil_put32(at, port->clock_hz);
    at = hil_put32(at, port->counter_hz);
    at = hil_put16(at, port->rx_window);
    at = hil_put16(at, HIL_FRAME_PAYLOAD_MAX);
    at = put_text(at, model->name);
    at = put_text(at, port->kind);
    send(HIL_HELLO_REPLY, at);
}

static void send_pong(const struct hil_frame *ping)
{
    const struct assembly *const assembly = &runtime.assembly;
    uint8_t *at = payload();
    const uint16_t nonce_bytes = ping->length < 4u ? ping->length : 4u;
    memset(at, 0, 4);
    memcpy(at, ping->payload, nonce_bytes);
    at = hil_put32(at + 4, runtime.receiver.damaged);
    at = hil_put32(at, runtime.last.number);
    at = hil_put32(at, assembly->number);
    at = hil_put16(at, assembly->units);
    size_t first = 0; /* of the map's bytes: before it all units have arrived, and none from end on */
    size_t end = (assembly->units + 7u) / 8u;
    while (first < end && assembly->have[first] == 0xFFu) {
        first++;
    }
    while (end > first && assembly->have[end - 1u] == 0u) {
        end--;
    }
    at = hil_put16(at, (uint16_t)(8u * first));
    memcpy(at, &assembly->have[first], end - first);
    send(HIL_PONG, at + (end - first));
}

static void send_stack_reply(void)
{
    const struct hil_port *const port = runtime.port;
    const uint32_t now = hil_stack_peak(port);
    if (now > runtime.peak_total) {
        runtime.peak_total = now;
    }
    uint8_t *at = hil_put32(payload(), port->stack_low == NULL ? 0 : (uint32_t)(port->stack_high - port->stack_low));
    at = hil_put32(at, runtime.peak_total);
    at = hil_put32(at, runtime.peak_model);
    send(HIL_STACK_REPLY, at);
}

static int load(uint32_t steps)
{
    if (runtime.init_status < 0 || runtime.model->load == NULL) {
        return runtime.init_status;
    }
    return runtime.model->load(steps);
}

/* Everything between the two readings of the counter is the model, and nothing but the model. */
static int __attribute__((noinline)) infer(uint32_t number, uint32_t steps, uint32_t *ticks)
{
    const struct hil_port *const port = runtime.port;
    const int loaded = load(steps);
    if (loaded < 0) {
        return loaded;
    }
    const uint32_t interrupts = port->mask(port->ctx); /* before painting: an interrupt's frame is not the model's */
    const uint32_t before = hil_stack_peak(port);
    if (before > runtime.peak_total) {
        runtime.peak_total = before;
    }
    hil_stack_paint(port);
    const uint32_t base = hil_stack_now(port);
    hil_mark_number(number);

    port->align(port->ctx);
    port->gpio(port->ctx, 1);
    const uint32_t start = port->cycles(port->ctx);
    hil_mark_begin();
    const int status = runtime.model->run(steps);
    hil_mark_end();
    *ticks = port->cycles(port->ctx) - start;
    port->gpio(port->ctx, 0);
    const uint32_t peak = hil_stack_peak(port);
    port->unmask(port->ctx, interrupts);

    const uint32_t depth = peak > base ? peak - base : 0;
    if (depth > runtime.peak_model) {
        runtime.peak_model = depth;
    }
    return status;
}

SMALL static uint32_t output_check(void)
{
    return hil_crc32(0, runtime.model->output, output_bytes());
}

SMALL static int input_changed(void)
{
    return hil_crc32(0, runtime.model->input, runtime.kept) != hil_crc32(0, kept_input(), runtime.kept);
}

/* The vector computed last again and again. The pin is low before and after: `spans` is odd. It changes first, and
 * after each span of so many inferences, and the counter is read right behind: in a span there is nothing else, but for
 * a model that changes its input the loading of it. */
SMALL static int repeat(uint32_t per_span, uint32_t spans)
{
    const struct hil_port *const port = runtime.port;
    const int changed = input_changed();
    uint8_t *at = kept_input() - 4u * spans;
    int status = 0;
    const uint32_t interrupts = port->mask(port->ctx);
    hil_mark_repeat_begin();
    port->align(port->ctx);
    port->gpio(port->ctx, 1);
    uint32_t start = port->cycles(port->ctx);
    while (spans-- > 0u) {
        for (uint32_t left = per_span; left > 0u; left--) {
            if (changed) {
                memcpy(runtime.model->input, kept_input(), runtime.kept);
                status |= load(runtime.last.steps);
            }
            status |= runtime.model->run(runtime.last.steps);
        }
        port->gpio(port->ctx, (int)(spans % 2u));
        const uint32_t now = port->cycles(port->ctx);
        at = hil_put32(at, now - start);
        start = now;
    }
    hil_mark_repeat_end();
    port->unmask(port->ctx, interrupts);
    return status;
}

/* Results wait in the reply frame until it is full, the batch ends, or computing them has taken so long that the
 * host might think that nothing comes any more. */
struct results {
    uint8_t *at;
    uint32_t next;
    uint32_t ticks;
    uint8_t count;
};

#define FLUSHES_PER_SECOND 4u

static void results_begin(struct results *results, uint32_t first)
{
    results->at = payload() + HIL_RESULTS_HEADER;
    results->next = first;
    results->ticks = 0;
    results->count = 0;
}

static void results_flush(struct results *results)
{
    if (results->count > 0u) {
        (void)hil_put32(payload(), results->next - results->count);
        payload()[4] = results->count;
        send(HIL_RESULTS, results->at);
    }
    results_begin(results, results->next);
}

/* Add the vector computed last. */
static void results_add(struct results *results)
{
    const uint32_t size = output_bytes();
    if (results->count == UINT8_MAX || results->at + 4u + size > kept_input()) {
        results_flush(results);
    }
    results->at = hil_put32(results->at, runtime.last.ticks);
    memcpy(results->at, runtime.model->output, size);
    results->at += size;
    results->count++;
    results->next++;
}

/* Compute the vector that lies in the model's input. */
static inline __attribute__((always_inline)) void results_compute(struct results *results, uint32_t steps)
{
    const uint32_t number = results->next;
    runtime.last.number = HIL_NO_VECTOR;
    memcpy(kept_input(), runtime.model->input, runtime.kept);
    const int status = infer(number, steps, &runtime.last.ticks);
    if (status < 0) {
        results_flush(results);
        send_error(HIL_ERROR_MODEL, number, status);
        results_begin(results, number + 1u);
        return;
    }
    runtime.last.number = number;
    runtime.last.steps = (uint16_t)steps;
    runtime.last.spans = 0;
    results_add(results);
    results->ticks += runtime.last.ticks;
    if (results->ticks > runtime.port->counter_hz / FLUSHES_PER_SECOND) {
        results_flush(results);
    }
}

static int results_fit(void)
{
    return HIL_RESULTS_HEADER + 4u + output_bytes() <= HIL_FRAME_PAYLOAD_MAX;
}

static void take_vectors(const struct hil_frame *frame)
{
    if (frame->length < HIL_VECTORS_HEADER) {
        send_error(HIL_ERROR_SHAPE, HIL_NO_VECTOR, frame->length);
        return;
    }
    const uint32_t first = hil_get32(frame->payload);
    const uint8_t count = frame->payload[4];
    const int each = (frame->payload[5] & HIL_VECTORS_STEPS_EACH) != 0;
    const uint16_t common = hil_get16(&frame->payload[6]);
    const uint8_t *const end = frame->payload + frame->length;
    const uint8_t *steps_at = &frame->payload[HIL_VECTORS_HEADER];
    const uint32_t steps_bytes = each ? 2u * count : 0u;
    if (count == 0u || frame->length < HIL_VECTORS_HEADER + steps_bytes) {
        send_error(HIL_ERROR_SHAPE, HIL_NO_VECTOR, frame->length);
        return;
    }
    const uint8_t *data = steps_at + steps_bytes;

    struct results results;
    results_begin(&results, first);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t steps = each ? hil_get16(&steps_at[2u * i]) : common;
        const uint32_t bytes = input_bytes(steps);
        if (!steps_fit(steps) || bytes > (size_t)(end - data) || !results_fit()) {
            results_flush(&results);
            send_error(HIL_ERROR_SHAPE, first + i, (int32_t)steps);
            return;
        }
        memcpy(runtime.model->input, data, bytes);
        data += bytes;
        results_compute(&results, steps);
    }
    results_flush(&results);
}

static void take_fragment(const struct hil_frame *frame)
{
    struct assembly *const assembly = &runtime.assembly;
    if (frame->length <= HIL_FRAGMENT_HEADER) {
        send_error(HIL_ERROR_SHAPE, HIL_NO_VECTOR, frame->length);
        return;
    }
    const uint32_t number = hil_get32(frame->payload);
    const uint32_t offset = hil_get32(&frame->payload[4]);
    const uint16_t steps = hil_get16(&frame->payload[8]);
    const uint32_t size = frame->length - HIL_FRAGMENT_HEADER;
    const uint32_t whole = input_bytes(steps);
    const int last = offset + size == whole;
    if (!steps_fit(steps) || !results_fit() || whole > HIL_FRAGMENT_UNIT * HIL_FRAGMENT_UNITS || offset > whole ||
        size > whole - offset || offset % HIL_FRAGMENT_UNIT != 0u || (!last && size % HIL_FRAGMENT_UNIT != 0u)) {
        send_error(HIL_ERROR_SHAPE, number, (int32_t)steps);
        return;
    }
    if (assembly->units == 0u || assembly->number != number || assembly->steps != steps) {
        memset(assembly, 0, sizeof *assembly);
        assembly->number = number;
        assembly->steps = steps;
        assembly->units = (uint16_t)((whole + HIL_FRAGMENT_UNIT - 1u) / HIL_FRAGMENT_UNIT);
        assembly->missing = assembly->units;
    }
    runtime.last.steps = 0;
    memcpy((uint8_t *)runtime.model->input + offset, &frame->payload[HIL_FRAGMENT_HEADER], size);
    for (uint32_t unit = offset / HIL_FRAGMENT_UNIT; unit * HIL_FRAGMENT_UNIT < offset + size; unit++) {
        const uint8_t bit = (uint8_t)(1u << (unit % 8u));
        if ((assembly->have[unit / 8u] & bit) == 0u) {
            assembly->have[unit / 8u] |= bit;
            assembly->missing--;
        }
    }
    if (assembly->missing == 0u) {
        assembly->units = 0;
        struct results results;
        results_begin(&results, number);
        results_compute(&results, steps);
        results_flush(&results);
    }
}

/* The answer to the vector computed last was lost: it need not be computed again. */
static void take_again(const struct hil_frame *frame)
{
    if (frame->length != 4u) {
        send_error(HIL_ERROR_SHAPE, HIL_NO_VECTOR, frame->length);
        return;
    }
    const uint32_t number = hil_get32(frame->payload);
    if (number != HIL_NO_VECTOR && number == runtime.last.number) {
        if (runtime.last.spans != 0u) {
            runtime.last.steps = 0; /* the answer may overwrite what the repeat took */
        }
        struct results results;
        results_begin(&results, number);
        results_add(&results);
        results_flush(&results);
    }
}

/* A vector is repeated once: whoever asks again has lost the answer. */
SMALL static void take_repeat(const struct hil_frame *frame)
{
    struct last *const last = &runtime.last;
    const int whole = frame->length == HIL_REPEAT_BYTES;
    const uint32_t number = whole ? hil_get32(frame->payload) : HIL_NO_VECTOR;
    const uint32_t spans = whole ? hil_get16(&frame->payload[8]) : frame->length;
    if (number == HIL_NO_VECTOR || number != last->number || last->steps == 0u ||
        spans % 2u == 0u || spans > SPANS_MOST) {
        send_error(HIL_ERROR_SHAPE, number, (int32_t)spans);
        return;
    }
    if (last->spans == 0u) {
        const uint32_t check = output_check();
        const int status = repeat(hil_get32(&frame->payload[4]), spans);
        if (status < 0 || output_check() != check) {
            last->number = HIL_NO_VECTOR; /* nor is its output there any more */
            send_error(status < 0 ? HIL_ERROR_MODEL : HIL_ERROR_INPUT, number, status);
            return;
        }
        last->spans = (uint16_t)spans;
    }
    uint8_t *const at = hil_put16(hil_put32(payload(), number), last->spans);
    const uint32_t size = 4u * last->spans;
    memcpy(at, kept_input() - size, size);
    send(HIL_REPEATED, at + size);
}

static void take(const struct hil_frame *frame)
{
    switch (frame->type) {
    case HIL_HELLO:
        begin_anew();
        send_hello_reply();
        break;
    case HIL_PING:
        send_pong(frame);
        break;
    case HIL_VECTORS:
        runtime.assembly.units = 0; /* whole vectors use the same input buffer */
        take_vectors(frame);
        break;
    case HIL_FRAGMENT:
        take_fragment(frame);
        break;
    case HIL_STACK:
        send_stack_reply();
        break;
    case HIL_AGAIN:
        take_again(frame);
        break;
    case HIL_REPEAT:
        take_repeat(frame);
        break;
    default:
        send_error(HIL_ERROR_TYPE, HIL_NO_VECTOR, frame->type);
    }
}

static void tell_damage(void)
{
    if (runtime.receiver.damaged != runtime.damaged_told) {
        runtime.damaged_told = runtime.receiver.damaged;
        send(HIL_NAK, hil_put32(payload(), runtime.damaged_told));
    }
}

void hil_runtime_run(const struct hil_port *port, const struct hil_model *model)
{
    runtime.port = port;
    runtime.model = model;
    choose_kept();
    begin_anew();
    hil_stack_paint(port);
    runtime.init_status = model->init == NULL ? 0 : model->init();
    send(HIL_READY, hil_put16(payload(), HIL_ANSWERED_VERSION));
    for (;;) {
        size_t room = 0;
        uint8_t *const space = hil_receiver_space(&runtime.receiver, &room);
        const size_t count = port->read(port->ctx, space, room);
        if (count == 0u) {
            port->wait(port->ctx);
            continue;
        }
        hil_receiver_add(&runtime.receiver, count);
        struct hil_frame frame;
        while (hil_receiver_next(&runtime.receiver, &frame) != 0) {
            take(&frame);
            hil_receiver_drop(&runtime.receiver);
        }
        tell_damage();
    }
}

void hil_runtime_fault(const struct hil_port *port, const struct hil_fault *fault)
{
    const uint32_t words[8] = {
        fault->pc, fault->lr, fault->xpsr, fault->cfsr, fault->hfsr, fault->mmfar, fault->bfar, fault->sp,
    };
    runtime.port = port;
    uint8_t *at = payload();
    for (int i = 0; i < 8; i++) {
        at = hil_put32(at, words[i]);
    }
    for (int i = 0; i < FAULT_REPORTS; i++) {
        send(HIL_FAULT, at);
    }
}
