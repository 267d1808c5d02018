/* The whole runtime, on a serial port or through rings in memory that somebody else writes into as well: what it writes
 * is always a frame in its place, every output is right and was asked for, and after zeros a PING is answered.
 *
 * The fuzzer's bytes are a script of what the host does: frames, damage, misshaped vectors, bytes of no meaning. At the
 * end it speaks as PROTOCOL.md says, and everything must go as on the first day. */
#define HIL_MARK_H /* the marks tell this file which vector is being computed */
#include <stdint.h>

static void hil_mark_number(uint32_t number);
static void hil_mark_begin(void);
static void hil_mark_end(void);
static void hil_mark_repeat_begin(void);
static void hil_mark_repeat_end(void);

#include "../../runtime/runtime.c"

#include "host.h"
#include "trial.h"

#include <setjmp.h>
#include <stdlib.h>

#define QUEUE_BYTES 4096u
#define FLUSH_BYTES HIL_FRAME_MAX
#define TRIES 6u /* of a host whose frames may be lost: through memory that somebody else writes to */
#define OP_SCRIBBLE 15u
#define TURNS 64u /* of the host, until a device that waits for room has some; somebody else may write meanwhile */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum want { NOTHING, A_PONG, A_HELLO_REPLY, A_WHOLE_VECTOR, A_LARGE_VECTOR };

static struct trial trial;
static struct script script;
static struct host host;
static struct hil_rings *rings; /* NULL: the frames travel on a serial port */
static jmp_buf over;

static uint32_t marked;
static uint32_t now;       /* the device's counter */
static uint32_t next_cost; /* of an inference, in ticks */
static int init_status;
static int next_load;
static int next_run;
static int spoils;     /* the model changes its input */
static int repeats;    /* a repeat is under way: nothing but the model, the pin and the counter */
static int level;      /* of the pin */

static uint8_t queue[QUEUE_BYTES]; /* from the host, not read yet */
static size_t queued;
static uint32_t piece;  /* bytes that arrive at once */
static uint32_t burst;  /* frames that are sent before the device gets to read */
static uint32_t seq;
static uint8_t last_frame[HIL_FRAME_MAX];
static size_t last_length;
static uint8_t damage[3]; /* how, where; to the next frame */

static enum want want;
static enum want last_want; /* the final round goes on behind it */
static uint32_t tries;
static uint32_t nonce;
static uint32_t before[3]; /* what trial had counted when it was asked: hellos, results, errors */

/* The model */

static void hil_mark_number(uint32_t number)
{
    marked = number;
}

static void hil_mark_begin(void)
{
}

static void hil_mark_end(void)
{
}

static void hil_mark_repeat_begin(void)
{
    REQUIRE(!repeats && level == 0, "a repeat begins with the pin at %d", level);
    repeats = 1;
    trial.repeat = (struct repeat){.number = marked};
}

static void hil_mark_repeat_end(void)
{
    REQUIRE(repeats && level == 0, "a repeat ends with the pin at %d", level);
    repeats = 0;
}

static int model_init(void)
{
    return init_status;
}

static int model_load(uint32_t steps)
{
    (void)steps;
    const int status = next_load;
    next_load = 0;
    return status;
}

static int model_run(uint32_t steps)
{
    REQUIRE(steps >= trial.model.min_steps && steps <= trial.model.max_steps, "the model is run on %u steps", steps);
    const uint32_t hash = hash_of(trial.model.input, input_size(&trial, steps));
    const uint32_t size = output_size(&trial);
    for (uint32_t i = 0; i < size; i++) {
        ((uint8_t *)trial.model.output)[i] = output_byte(hash, i);
    }
    const int status = next_run;
    next_run = 0;
    now += next_cost;
    ((uint8_t *)trial.model.input)[0] ^= (uint8_t)spoils;
    if (repeats) {
        trial.repeat.runs++;
        trial.repeat.hash = hash;
        if (status == 0) {
            return 0;
        }
    }
    trial.computed[trial.computed_count++ % COMPUTED_MOST] = (struct computed){marked, next_cost, hash, status};
    return status;
}

/* The host's frames */

static void append(const uint8_t *bytes, size_t length)
{
    REQUIRE(queued + length <= QUEUE_BYTES, "the queue of this test is too short");
    memcpy(&queue[queued], bytes, length);
    queued += length;
}

static void append_zeros(size_t count)
{
    REQUIRE(queued + count <= QUEUE_BYTES, "the queue of this test is too short");
    memset(&queue[queued], 0, count);
    queued += count;
}

/* Lose, flip, double or insert one byte of the frame that was appended last, or cut it. */
static void spoil(size_t length)
{
    const size_t at = queued - length + damage[1] % length;
    uint8_t *const byte = &queue[at];
    switch (damage[0] % 6u) {
    case 1:
        *byte ^= (uint8_t)(1u << damage[2] % 8u);
        break;
    case 2:
        memmove(byte, byte + 1, queued - at - 1u);
        queued--;
        break;
    case 3:
        memmove(byte + 1, byte, queued - at);
        queued++;
        break;
    case 4:
        memmove(byte + 1, byte, queued - at);
        *byte = 0xA5u;
        queued++;
        break;
    case 5:
        queued = at;
        break;
    default:
        break;
    }
    memset(damage, 0, sizeof damage);
}

/* Send the payload that lies at last_frame + 8. */
static void send_frame(uint32_t type, size_t length)
{
    last_length = seal(last_frame, type, seq++, length);
    append(last_frame, last_length);
    spoil(last_length);
}

static uint32_t take_number(void)
{
    const uint32_t number = take8(&script);
    return number < 250u ? number % 16u : UINT32_MAX - (255u - number); /* the last ones too, where numbers wrap */
}

/* Now and then steps that the model does not take. */
static uint32_t take_steps(void)
{
    const uint32_t span = trial.model.max_steps - trial.model.min_steps + 3u;
    return trial.model.min_steps - 1u + take8(&script) % span;
}

static uint8_t *put_content(uint8_t *at, uint32_t number, uint32_t steps, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        *at++ = content(&trial, number, steps, i);
    }
    return at;
}

static void send_vectors(uint32_t first, uint32_t count, int each, uint32_t cut, uint32_t lie)
{
    uint8_t *const payload = &last_frame[8];
    uint32_t steps[16];
    uint32_t size = HIL_VECTORS_HEADER;
    uint32_t fit = 0;
    for (; fit < count; fit++) {
        steps[fit] = each || fit == 0u ? take_steps() : steps[0];
        const uint32_t more = input_size(&trial, steps[fit]) + (each ? 2u : 0u);
        if (size + more > HIL_FRAME_PAYLOAD_MAX) {
            break;
        }
        size += more;
    }
    if (fit == 0u) {
        return;
    }
    uint8_t *at = put32(payload, first);
    *at++ = (uint8_t)(fit + (each ? 0u : lie));
    *at++ = each ? HIL_VECTORS_STEPS_EACH : 0u;
    at = put16(at, each ? 0u : steps[0]);
    for (uint32_t i = 0; each && i < fit; i++) {
        at = put16(at, steps[i]);
    }
    for (uint32_t i = 0; i < fit; i++) {
        at = put_content(at, first + i, steps[i], 0, input_size(&trial, steps[i]));
        ask(&trial, first + i, steps[i]);
    }
    const size_t length = (size_t)(at - payload);
    send_frame(HIL_VECTORS, cut < length ? length - cut : length);
}

/* With bytes behind the vector's end: those are of nothing. */
static void send_fragment(uint32_t number, uint32_t steps, uint32_t offset, uint32_t count, uint32_t behind)
{
    const uint32_t whole = input_size(&trial, steps);
    const uint32_t most = HIL_FRAME_PAYLOAD_MAX - HIL_FRAGMENT_HEADER;
    const uint32_t from = offset < whole ? offset : whole;
    uint32_t to = count < most ? from + count : from + most;
    to = to < whole ? to : whole;
    uint8_t *at = put32(&last_frame[8], number);
    at = put16(put32(at, offset), steps);
    at = put_content(at, number, steps, from, to);
    for (uint32_t i = to - from; i < most && i < behind; i++) {
        *at++ = 0;
    }
    ask(&trial, number, steps);
    send_frame(HIL_FRAGMENT, (size_t)(at - &last_frame[8]));
}

static void script_fragment(void)
{
    const uint32_t number = take_number();
    const uint32_t steps = take_steps();
    const uint32_t bend = take8(&script);
    const uint32_t units = (input_size(&trial, steps) + HIL_FRAGMENT_UNIT - 1u) / HIL_FRAGMENT_UNIT + 1u;
    const uint32_t offset = take8(&script) % units * HIL_FRAGMENT_UNIT;
    const uint32_t count = (1u + take8(&script) % 4u) * HIL_FRAGMENT_UNIT;
    /* Most of them as the protocol wants it; some not. */
    send_fragment(number, steps, bend == 1u ? offset + 8u : offset, bend == 2u ? count - 3u : count,
                  bend == 3u ? count : 0u);
}

/* Now and then for counts that cannot be. */
static void script_repeat(uint32_t op)
{
    uint8_t *at = put32(&last_frame[8], take_number());
    at = put32(at, take8(&script) % 4u);
    at = put16(at, op / 64u % 2u == 1u ? take16(&script) : take8(&script) % 8u);
    send_frame(HIL_REPEAT, op / 128u == 1u ? 9u : 10u);
}

/* Bytes of the script's own: a frame of them may say anything. */
static void script_raw(int sealed)
{
    uint32_t type = sealed ? take8(&script) : 0u;
    uint32_t length = take8(&script);
    uint8_t *const payload = &last_frame[8];
    for (uint32_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)take8(&script);
    }
    trial.trusted = 0;
    if (sealed) {
        send_frame(type, length);
    } else {
        append(payload, length);
    }
}

/* Somebody else writes into the shared memory: into the first words, or anywhere. */
static void script_scribble(void)
{
    const uint32_t where = take16(&script);
    const uint32_t what = take32(&script);
    if (rings == NULL) {
        return;
    }
    if (where % 2u == 0u) {
        ((uint32_t *)rings)[where / 2u % 16u] = what;
        return;
    }
    trial.trusted = 0;
    memcpy((uint8_t *)rings + where * 2u % (sizeof *rings - 4u), &what, 4);
}

/* What is next in the script, if it is that: it may happen while the device writes. */
static void scribble_meanwhile(void)
{
    if (script.at < script.end && *script.at % 32u == OP_SCRIBBLE) {
        (void)take8(&script);
        script_scribble();
    }
}

static void ask_for(enum want what);

static void play(void)
{
    const uint32_t op = take8(&script);
    switch (op % 16u) {
    case 0:
        (void)put32(&last_frame[8], take32(&script));
        send_frame(HIL_PING, op / 16u == 1u ? take8(&script) % 5u : 4u);
        break;
    case 1:
    case 2: {
        const uint32_t first = take_number();
        const uint32_t shape = take8(&script);
        const uint32_t bend = take8(&script);
        send_vectors(first, 1u + shape % 16u, shape / 16u % 2u == 1u, bend % 8u == 1u ? bend / 8u : 0u,
                     bend % 8u == 2u ? bend : 0u);
        break;
    }
    case 3:
    case 4:
        script_fragment();
        break;
    case 5:
        send_frame(HIL_STACK, 0);
        break;
    case 6:
        if (op / 32u % 2u == 1u) {
            script_repeat(op);
            break;
        }
        (void)put32(&last_frame[8], take_number());
        send_frame(HIL_AGAIN, op / 16u == 1u ? 3u : 4u);
        break;
    case 7:
        ask_for(A_HELLO_REPLY);
        break;
    case 8:
        script_raw(1);
        break;
    case 9:
        script_raw(0);
        break;
    case 10:
        damage[0] = (uint8_t)take8(&script);
        damage[1] = (uint8_t)take8(&script);
        damage[2] = (uint8_t)take8(&script);
        break;
    case 11:
        append_zeros(take16(&script) % (FLUSH_BYTES + 1u));
        break;
    case 12:
        piece = 1u + take8(&script) * 2u;
        burst = take8(&script) % 4u;
        break;
    case 13:
        if (op / 32u % 2u == 1u) {
            spoils = !spoils;
            break;
        }
        next_load = op / 16u % 2u == 1u ? LOAD_FAILED : 0;
        next_run = op / 16u % 2u == 0u ? RUN_FAILED : 0;
        break;
    case 14:
        next_cost = take32(&script);
        break;
    default:
        if (op % 32u == OP_SCRIBBLE) {
            script_scribble();
        } else if (last_length > 0u) {
            append(last_frame, last_length);
        }
    }
}

/* What the host wants to hear before it goes on */

static void send_large_vector(uint32_t number, uint32_t steps)
{
    const uint32_t most = (HIL_FRAME_PAYLOAD_MAX - HIL_FRAGMENT_HEADER) / HIL_FRAGMENT_UNIT * HIL_FRAGMENT_UNIT;
    for (uint32_t offset = 0; offset < input_size(&trial, steps); offset += most) {
        send_fragment(number, steps, offset, most, 0);
    }
}

/* The first half of a large vector is in flight at once; a queue holds no more. */
static int fits_queue(uint32_t steps)
{
    return input_size(&trial, steps) <= QUEUE_BYTES / 2u;
}

static void ask_for(enum want what)
{
    memset(damage, 0, sizeof damage);
    tries = what == want ? tries + 1u : 1u;
    want = what;
    before[0] = trial.hellos;
    before[1] = trial.results;
    before[2] = trial.errors;
    const uint32_t steps = what == A_LARGE_VECTOR ? trial.model.max_steps : trial.model.min_steps;
    queued = 0; /* nothing of the script's is half sent */
    switch (what) {
    case A_PONG:
        append_zeros(FLUSH_BYTES);
        nonce = 0xC0FFEE00u + tries;
        (void)put32(&last_frame[8], nonce);
        send_frame(HIL_PING, 4);
        break;
    case A_HELLO_REPLY:
        if (rings != NULL && tries == 1u) {
            rings->magic = 0; /* a host that numbers its vectors anew has the rings made anew */
        }
        append_zeros(FLUSH_BYTES);
        (void)put16(&last_frame[8], 1);
        send_frame(HIL_HELLO, 2);
        break;
    case A_WHOLE_VECTOR: {
        uint8_t *at = put32(&last_frame[8], 4711);
        *at++ = 1;
        *at++ = 0;
        at = put_content(put16(at, steps), 4711, steps, 0, input_size(&trial, steps));
        ask(&trial, 4711, steps);
        send_frame(HIL_VECTORS, (size_t)(at - &last_frame[8]));
        break;
    }
    case A_LARGE_VECTOR:
        send_large_vector(4712, steps);
        break;
    default:
        break;
    }
}

/* One answer to a vector: its output, or the error that it must be. */
static int is_answered(void)
{
    const int fits = HIL_RESULTS_HEADER + 4u + output_size(&trial) <= HIL_FRAME_PAYLOAD_MAX;
    const int right = fits && init_status == 0;
    return right ? trial.results == before[1] + 1u && trial.errors == before[2]
                 : trial.results == before[1] && trial.errors > before[2];
}

/* All that the host sent has been handled. */
static void settle(void)
{
    int heard = 1;
    switch (want) {
    case A_PONG:
        heard = trial.nonce == nonce && trial.pongs > 0u && (rings == NULL || host_take(&host, trial.nonce) == nonce);
        break;
    case A_HELLO_REPLY:
        heard = trial.hellos > before[0];
        break;
    case A_WHOLE_VECTOR:
    case A_LARGE_VECTOR:
        heard = is_answered();
        break;
    default:
        break;
    }
    if (heard) {
        want = NOTHING;
        return;
    }
    REQUIRE(tries < (rings == NULL ? 1u : TRIES), "no answer to request %d", (int)want);
    ask_for(want);
}

/* The host's last words: each once. */
static void go_on_to_the_end(void)
{
    next_load = 0;
    next_run = 0;
    spoils = 0;
    piece = UINT16_MAX;
    last_want++;
    if (last_want == A_WHOLE_VECTOR && input_size(&trial, trial.model.min_steps) > HIL_FRAME_PAYLOAD_MAX - 8u) {
        last_want++;
    }
    if (last_want == A_LARGE_VECTOR && !fits_queue(trial.model.max_steps)) {
        last_want++;
    }
    if (last_want > A_LARGE_VECTOR) {
        longjmp(over, 1);
    }
    ask_for(last_want);
}

/* The host's turn: there is something in the queue when it returns. */
static void act(void)
{
    if (queued == 0u) {
        settle();
    }
    for (uint32_t frames = 0; queued == 0u || (frames <= burst && queued < QUEUE_BYTES / 4u); frames++) {
        if (want != NOTHING) {
            return;
        }
        if (script.at < script.end) {
            play();
        } else if (queued == 0u) {
            go_on_to_the_end();
        } else {
            return;
        }
    }
}

/* The device's port */

static void forget(size_t count)
{
    queued -= count;
    memmove(queue, &queue[count], queued);
}

static size_t serial_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    REQUIRE(capacity > 0u, "the device has no room for a byte");
    if (queued == 0u) {
        act();
    }
    size_t count = queued < piece ? queued : piece;
    count = count < capacity ? count : capacity;
    memcpy(buffer, queue, count);
    forget(count);
    return count;
}

static int serial_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    REQUIRE(!repeats, "a repeat sends");
    REQUIRE(length <= HIL_FRAME_MAX, "a frame of %zu bytes", length);
    hear(&trial, bytes, length);
    if (want == A_HELLO_REPLY && trial.hellos == before[0] + 1u && bytes[2] == HIL_HELLO_REPLY) {
        trial.epoch++; /* nothing of the host's that came before counts any more */
        trial.trusted = 1;
        trial.asked_count = 0;
    }
    return 0;
}

static size_t memory_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    (void)host_take(&host, 0);
    const int pending = hil_rings_pending(rings);
    const size_t count = hil_rings_read(rings, buffer, capacity);
    REQUIRE(count <= capacity, "more bytes than there is room for");
    REQUIRE(count == 0u || pending != 0, "the device would have slept beside what waits");
    if (count > 0u) {
        return count;
    }
    if (queued == 0u) {
        act();
    }
    forget(host_put(&host, queue, queued < piece ? queued : piece));
    return 0;
}

static int memory_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)serial_write(ctx, bytes, length);
    for (uint32_t turns = 0; length > 0u; turns++) { /* as boards do it */
        REQUIRE(turns < TURNS, "the device waits for room for ever");
        scribble_meanwhile();
        const size_t count = hil_rings_write(rings, bytes, length);
        REQUIRE(count <= length, "more bytes than there were");
        bytes += count;
        length -= count;
        (void)host_take(&host, 0);
    }
    return 0;
}

static void port_wait(void *ctx)
{
    (void)ctx;
}

static uint32_t port_cycles(void *ctx)
{
    (void)ctx;
    return now;
}

static uint32_t port_mask(void *ctx)
{
    (void)ctx;
    return 0;
}

static void port_unmask(void *ctx, uint32_t old)
{
    (void)ctx;
    (void)old;
}

static void port_align(void *ctx)
{
    (void)ctx;
}

static void port_gpio(void *ctx, int high)
{
    (void)ctx;
    REQUIRE(high == !level, "the pin is %d already", level);
    level = high;
    struct repeat *const repeat = &trial.repeat;
    if (repeats) {
        REQUIRE(repeat->edges <= SPANS_MOST, "%u edges", repeat->edges + 1u);
        repeat->at[repeat->edges] = now;
        repeat->runs_at[repeat->edges++] = repeat->runs;
    }
}

static struct hil_port port = {
    .kind = "fuzzed",
    .clock_hz = 1000000,
    .counter_hz = 1000000,
    .counter = HIL_COUNTER_TIMER,
    .rx_window = 4096,
    .wait = port_wait,
    .cycles = port_cycles,
    .mask = port_mask,
    .unmask = port_unmask,
    .align = port_align,
    .gpio = port_gpio,
};

/* A model of the script's choice, in memory of just its size: the sanitizer watches the ends. */
static void choose_model(void)
{
    struct hil_model *const model = &trial.model;
    const uint32_t kinds = take8(&script);
    const uint32_t steps = take8(&script);
    model->name = kinds >= 128u ? "a name that is longer than the sixty-four letters of the protocol's texts" : "name";
    model->precision = HIL_PRECISION_Q15;
    model->input_dtype = (uint8_t)(HIL_F32 + kinds % 4u);
    model->output_dtype = (uint8_t)(HIL_F32 + kinds / 4u % 4u);
    model->features = (uint16_t)(1u + take8(&script) % 40u);
    model->min_steps = (uint16_t)(1u + steps % 16u);
    model->max_steps = (uint16_t)(model->min_steps + steps / 16u * 5u);
    model->outputs = (uint16_t)(1u + take8(&script) % 80u);
    model->input = malloc(input_size(&trial, model->max_steps));
    model->output = malloc(output_size(&trial));
    model->run = model_run;
    model->init = kinds / 16u % 2u == 0u ? model_init : NULL;
    model->load = kinds / 32u % 2u == 0u ? model_load : NULL;
    init_status = kinds / 16u % 8u == 4u ? INIT_FAILED : 0;
}

/* Rings that begin at a place of the script's choice, or a serial port. */
static void choose_port(void)
{
    const uint32_t through = take8(&script);
    const uint32_t place = take16(&script);
    rings = NULL;
    port.read = serial_read;
    port.write = serial_write;
    if (through % 2u == 0u) {
        return;
    }
    rings = calloc(1, sizeof *rings);
    rings->host_magic = HIL_RINGS_HOST;
    rings->generation = take32(&script);
    REQUIRE(hil_rings_begin(rings) == 1, "no rings for a host that asks for them");
    memset(&host, 0, sizeof host);
    host_join(&host, rings, through / 2u % 2u == 0u ? place : 0u - place);
    port.read = memory_read;
    port.write = memory_write;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script = (struct script){data, data + size};
    memset(&runtime, 0, sizeof runtime);
    memset(&trial, 0, sizeof trial);
    memset(damage, 0, sizeof damage);
    trial.kind = port.kind;
    trial.trusted = 1;
    choose_model();
    choose_port();
    queued = 0;
    piece = UINT16_MAX;
    burst = 0;
    seq = 0;
    last_length = 0;
    next_load = next_run = spoils = 0;
    repeats = level = 0;
    next_cost = 100;
    now = 0;
    want = last_want = NOTHING;
    if (setjmp(over) == 0) {
        hil_runtime_run(&port, &trial.model);
    }
    free(trial.model.input);
    free(trial.model.output);
    free(rings);
    return 0;
}
