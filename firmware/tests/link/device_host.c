/* A board on the host: the runtime behind a unix socket, with a model whose outputs anyone can recompute, on a line
 * that loses and damages bytes as told, and with the misbehaviour that a host must survive.
 *
 * device_host name=number ... ; the defaults are in `option` below. Ends with status 3 when the host sends more than
 * the window, otherwise only by a signal. */
#define _DEFAULT_SOURCE

#include "../../runtime/crc.h"
#include "../../runtime/frame.h"
#include "../../runtime/rings.h"
#include "../../runtime/runtime.h"
#include "../../runtime/wire.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES (HIL_FRAGMENT_UNITS * HIL_FRAGMENT_UNIT)
#define OUTPUT_BYTES (2u * HIL_FRAME_PAYLOAD_MAX) /* more than fits a frame: the host has to notice */
#define TICKS_PER_STEP 100u
#define PER_MILLION 1000000u
#define OVERRUN 3

static struct {
    uint32_t fd;          /* of the listening socket */
    uint32_t memory;      /* descriptor of memory shared with the host; 0: none */
    uint32_t dtype;       /* of input and output: enum hil_dtype, HIL_F32 or HIL_I16 */
    uint32_t features;
    uint32_t min_steps;
    uint32_t max_steps;
    uint32_t outputs;
    uint32_t window;      /* bytes */
    uint32_t seed;        /* of the damage */
    uint32_t lose;        /* bytes per million, in both directions, likewise below */
    uint32_t flip;
    uint32_t insert;
    uint32_t repeat;
    uint32_t busy_us;     /* time that the model takes */
    uint32_t cold_us;     /* ticks that its first call takes more, as with caches that are empty */
    uint32_t hang_at;     /* the how-manieth call of the model misbehaves; 0: none */
    uint32_t crash_at;
    uint32_t fail_at;
    uint32_t restart_at;
    uint32_t clock_hz;    /* what it says of its clock; 0: 1 MHz */
    uint32_t dwt;         /* 1: it says that its counter is the core's */
    uint32_t edges;       /* descriptor that takes a line for each edge of the pin: level, calls of the model, ticks */
    uint32_t changes;     /* 1: each call of the model changes its input */
} option = {
    .dtype = HIL_F32,
    .features = 8,
    .min_steps = 8,
    .max_steps = 8,
    .outputs = 10,
    .window = 8192,
    .seed = 1,
};

static const struct {
    const char *name;
    uint32_t *value;
} options[] = {
    {"fd", &option.fd},
    {"memory", &option.memory},
    {"dtype", &option.dtype},
    {"features", &option.features},
    {"min_steps", &option.min_steps},
    {"max_steps", &option.max_steps},
    {"outputs", &option.outputs},
    {"window", &option.window},
    {"seed", &option.seed},
    {"lose", &option.lose},
    {"flip", &option.flip},
    {"insert", &option.insert},
    {"repeat", &option.repeat},
    {"busy_us", &option.busy_us},
    {"cold_us", &option.cold_us},
    {"hang_at", &option.hang_at},
    {"crash_at", &option.crash_at},
    {"fail_at", &option.fail_at},
    {"restart_at", &option.restart_at},
    {"clock_hz", &option.clock_hz},
    {"dwt", &option.dwt},
    {"edges", &option.edges},
    {"changes", &option.changes},
};

static void die(const char *why)
{
    perror(why);
    exit(1);
}

static uint32_t ticks;

/* The line */

static int client = -1;
static uint32_t random_in;
static uint32_t random_out;

static uint32_t draw(uint32_t *state)
{
    *state ^= *state << 13; /* Marsaglia's xorshift32 */
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* What becomes of one byte; returns how many bytes come out, at most 2. */
static size_t damage(uint32_t *state, uint8_t byte, uint8_t out[2])
{
    const uint32_t luck = draw(state) % PER_MILLION;
    const uint8_t noise = (uint8_t)(draw(state) >> 8);
    uint32_t bound = option.lose;
    if (luck < bound) {
        return 0;
    }
    out[0] = byte;
    out[1] = byte;
    if (luck < (bound += option.flip)) {
        out[0] = (uint8_t)(byte ^ (1u << (noise % 8u)));
        return 1;
    }
    if (luck < (bound += option.insert)) {
        out[0] = noise;
        return 2;
    }
    return luck < bound + option.repeat ? 2 : 1;
}

static void await_client(void)
{
    client = accept((int)option.fd, NULL, NULL);
    if (client < 0) {
        die("accept");
    }
}

static void hang_up(void)
{
    close(client);
    client = -1;
}

static size_t port_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    int pending = 0;
    if (client < 0 || ioctl(client, FIONREAD, &pending) != 0) {
        return 0;
    }
    if ((uint32_t)pending > option.window) {
        (void)fprintf(stderr, "%d bytes are waiting, the window is %u\n", pending, option.window);
        exit(OVERRUN);
    }
    uint8_t raw[512];
    const size_t most = capacity / 2u < sizeof raw ? capacity / 2u : sizeof raw;
    if (pending == 0 || most == 0u) {
        return pending == 0 ? 0u : (size_t)recv(client, buffer, 1, 0); /* no room to double it */
    }
    const ssize_t got = recv(client, raw, most, 0);
    if (got <= 0) {
        hang_up();
        return 0;
    }
    size_t count = 0;
    for (ssize_t i = 0; i < got; i++) {
        uint8_t out[2];
        const size_t size = damage(&random_in, raw[i], out);
        memcpy(&buffer[count], out, size);
        count += size;
    }
    return count;
}

static int port_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    static uint8_t damaged[2u * HIL_FRAME_MAX];
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t out[2];
        const size_t size = damage(&random_out, bytes[i], out);
        memcpy(&damaged[count], out, size);
        count += size;
    }
    for (size_t sent = 0; sent < count && client >= 0;) {
        const ssize_t now = send(client, &damaged[sent], count - sent, MSG_NOSIGNAL);
        if (now < 0) {
            hang_up();
            return -1;
        }
        sent += (size_t)now;
    }
    return 0;
}

static void port_wait(void *ctx)
{
    (void)ctx;
    if (client < 0) {
        await_client();
        return;
    }
    struct pollfd poller = {.fd = client, .events = POLLIN};
    int pending = 0;
    if (poll(&poller, 1, -1) < 0) {
        die("poll");
    }
    if (ioctl(client, FIONREAD, &pending) == 0 && pending == 0) {
        hang_up();
    }
}

/* The same through shared memory, with the socket's bytes to wake the other side. */

static struct hil_rings *rings;

static void take_bells(void)
{
    uint8_t bells[512];
    while (client >= 0) {
        const ssize_t got = recv(client, bells, sizeof bells, MSG_DONTWAIT);
        if (got == 0) {
            hang_up();
        }
        if (got <= 0) {
            return;
        }
    }
}

static size_t memory_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    take_bells();
    return hil_rings_read(rings, buffer, capacity);
}

static int memory_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    while (length > 0u) {
        const size_t count = hil_rings_write(rings, bytes, length);
        if (count > 0u && client >= 0) {
            (void)send(client, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* those that wait wake the host as well */
        }
        bytes += count;
        length -= count;
    }
    return 0;
}

static void memory_wait(void *ctx)
{
    if (hil_rings_pending(rings) == 0) {
        hil_rings_wait(rings, 1);
        port_wait(ctx);
        hil_rings_wait(rings, 0);
    }
}

static uint32_t port_cycles(void *ctx)
{
    (void)ctx;
    return ticks;
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

static uint32_t calls; /* of the model */
static int level;      /* of the pin */

static void port_gpio(void *ctx, int high)
{
    (void)ctx;
    if (high == level) {
        (void)fprintf(stderr, "the pin is %d already\n", level);
        exit(2);
    }
    level = high;
    if (option.edges != 0u) {
        (void)dprintf((int)option.edges, "%d %u %u\n", high, calls, ticks);
    }
}

static struct hil_port port = {
    .kind = "host",
    .clock_hz = 1000000,
    .counter_hz = 1000000,
    .counter = HIL_COUNTER_TIMER,
    .read = port_read,
    .write = port_write,
    .wait = port_wait,
    .cycles = port_cycles,
    .mask = port_mask,
    .unmask = port_unmask,
    .align = port_align,
    .gpio = port_gpio,
};

static void use_memory(int descriptor)
{
    rings = mmap(NULL, sizeof *rings, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (rings == MAP_FAILED) {
        die("mmap");
    }
    if (hil_rings_begin(rings) != 0) {
        port.read = memory_read;
        port.write = memory_write;
        port.wait = memory_wait;
        port.rx_window = HIL_RING_BYTES;
    }
}

/* The model: output j is the CRC-32 of the input, started with j. */

static _Alignas(8) uint8_t input[INPUT_BYTES];
static _Alignas(8) uint8_t output[OUTPUT_BYTES];

static struct hil_model model; /* defined below: it names run, which may start it again */

static _Noreturn void sleep_for_ever(void)
{
    for (;;) {
        (void)pause();
    }
}

static void misbehave(void)
{
    if (calls == option.crash_at) {
        const struct hil_fault fault = {
            .pc = 0x1234,
            .lr = 0x5679,
            .xpsr = 0x61000003,
            .cfsr = 0x00010000,
            .hfsr = 0x40000000,
            .mmfar = 0xE000ED34,
            .bfar = 0xE000ED38,
            .sp = 0x20001F80,
        };
        hil_runtime_fault(&port, &fault);
        sleep_for_ever();
    }
    if (calls == option.hang_at) {
        sleep_for_ever();
    }
    if (calls == option.restart_at) {
        if (rings != NULL) {
            (void)hil_rings_begin(rings);
        }
        level = 0;
        hil_runtime_run(&port, &model);
    }
}

static int run(uint32_t steps)
{
    calls++;
    misbehave();
    const struct timespec busy = {.tv_nsec = (long)option.busy_us * 1000};
    (void)nanosleep(&busy, NULL);
    ticks += steps * TICKS_PER_STEP + option.busy_us; /* the counter counts microseconds */
    ticks += calls == 1u ? option.cold_us : 0u;
    const size_t size = (size_t)steps * option.features * (option.dtype == HIL_F32 ? 4u : 2u);
    for (uint32_t j = 0; j < option.outputs; j++) {
        const uint32_t crc = hil_crc32(j, input, size);
        const float real = (float)(crc & 0xFFFFFFu);
        const uint16_t fixed = (uint16_t)crc;
        if (option.dtype == HIL_F32) {
            memcpy(&output[j * sizeof real], &real, sizeof real);
        } else {
            memcpy(&output[j * sizeof fixed], &fixed, sizeof fixed);
        }
    }
    input[0] ^= (uint8_t)option.changes;
    return calls == option.fail_at ? -7 : 0;
}

static struct hil_model model = {
    .name = "checksum",
    .input = input,
    .output = output,
    .run = run,
};

static void parse(const char *argument)
{
    const char *const equals = strchr(argument, '=');
    const size_t length = equals == NULL ? 0 : (size_t)(equals - argument);
    for (size_t i = 0; length > 0 && i < sizeof options / sizeof options[0]; i++) {
        if (strlen(options[i].name) == length && strncmp(options[i].name, argument, length) == 0) {
            *options[i].value = (uint32_t)strtoul(equals + 1, NULL, 10);
            return;
        }
    }
    (void)fprintf(stderr, "no option %s\n", argument);
    exit(2);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        parse(argv[i]);
    }
    if (option.max_steps * option.features * 4u > INPUT_BYTES || option.outputs * 4u > OUTPUT_BYTES) {
        (void)fprintf(stderr, "the model's buffers are smaller\n");
        return 2;
    }
    random_in = option.seed * 2u + 1u;
    random_out = option.seed * 2u + 0x9E3779B9u; /* odd as well: xorshift must not start at zero */
    port.rx_window = (uint16_t)option.window;
    if (option.clock_hz != 0u) {
        port.clock_hz = option.clock_hz;
        port.counter_hz = option.clock_hz;
    }
    if (option.dwt != 0u) {
        port.counter = HIL_COUNTER_DWT;
    }
    model.precision = option.dtype == HIL_F32 ? HIL_PRECISION_F32 : HIL_PRECISION_Q15;
    model.input_dtype = (uint8_t)option.dtype;
    model.output_dtype = (uint8_t)option.dtype;
    model.features = (uint16_t)option.features;
    model.min_steps = (uint16_t)option.min_steps;
    model.max_steps = (uint16_t)option.max_steps;
    model.outputs = (uint16_t)option.outputs;
    if (option.memory != 0u) {
        use_memory((int)option.memory);
    }
    await_client();
    hil_runtime_run(&port, &model);
}
