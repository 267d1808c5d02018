/* Damages streams of frames at random and holds the receiver to its promises: what it finds was sent, in that order;
 * every frame that arrived whole is found; and after enough zeros the next frame always is.
 *
 * frame_fuzz rounds seed: silent, or says what broke and ends with status 1. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAMES 24u
#define STREAM_BYTES (FRAMES * HIL_FRAME_MAX * 2u)
#define TYPE 0x42u
#define AT_MOST_DAMAGED 64u /* one byte in so many, in the rounds with most damage */

struct round {
    uint32_t random;
    uint8_t frames[FRAMES][HIL_FRAME_MAX];
    uint16_t lengths[FRAMES]; /* of the payloads */
    int whole[FRAMES];
    int found[FRAMES];
    uint32_t next;
    const char *broken;
};

static uint32_t below(struct round *round, uint32_t bound)
{
    return draw(&round->random) % bound;
}

/* Payloads of bytes that look like syncs and lengths as often as not. */
static void make_frame(struct round *round, uint32_t number)
{
    static const uint8_t tricky[] = {0xA5, 0x5A, 0x00, 0x01, 0xFF, TYPE};
    const uint32_t most = below(round, 3) == 0u ? HIL_FRAME_PAYLOAD_MAX : 48u;
    const uint16_t length = (uint16_t)below(round, most + 1u);
    uint8_t *const frame = round->frames[number];
    for (uint32_t i = 0; i < length; i++) {
        const uint32_t noise = draw(&round->random);
        frame[HIL_FRAME_HEADER + i] = noise % 2u == 0u ? tricky[(noise >> 8) % sizeof tricky] : (uint8_t)(noise >> 8);
    }
    round->lengths[number] = length;
    round->whole[number] = 1;
    round->found[number] = 0;
    (void)hil_frame_seal(frame, TYPE, (uint16_t)number, length);
}

/* Append one frame to the stream, each byte damaged with a chance of 1 in `odds` (0: never). */
static size_t append(struct round *round, uint32_t number, uint32_t odds, uint8_t *stream)
{
    const size_t size = HIL_FRAME_HEADER + (size_t)round->lengths[number] + HIL_FRAME_TRAILER;
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = round->frames[number][i];
        if (odds == 0u || below(round, odds) != 0u) {
            stream[count++] = byte;
            continue;
        }
        round->whole[number] = 0;
        switch (below(round, 4)) {
        case 0: /* lost */
            break;
        case 1:
            stream[count++] = (uint8_t)(byte ^ (1u << below(round, 8)));
            break;
        case 2:
            stream[count++] = (uint8_t)draw(&round->random);
            stream[count++] = byte;
            break;
        default:
            stream[count++] = byte;
            stream[count++] = byte;
        }
    }
    return count;
}

static void take(void *ctx, const struct hil_frame *frame)
{
    struct round *const round = ctx;
    const uint32_t number = frame->seq;
    if (number >= FRAMES || frame->type != TYPE || frame->length != round->lengths[number] ||
        memcmp(frame->payload, &round->frames[number][HIL_FRAME_HEADER], frame->length) != 0) {
        round->broken = "a frame was found that was not sent";
    } else if (number < round->next) {
        round->broken = "a frame was found twice or out of order";
    } else {
        round->next = number + 1u;
        round->found[number] = 1;
    }
}

static void run(struct round *round)
{
    static uint8_t stream[STREAM_BYTES + HIL_FRAME_MAX];
    struct hil_receiver *const receiver = calloc(1, sizeof *receiver);
    const uint32_t odds = below(round, 4) == 0u ? 0u : AT_MOST_DAMAGED + below(round, 4000);
    round->next = 0;
    size_t size = 0;
    for (uint32_t i = 0; i < FRAMES; i++) {
        make_frame(round, i);
        const int last = i + 1u == FRAMES;
        if (last) { /* behind zeros and unharmed */
            memset(&stream[size], 0, HIL_FRAME_MAX);
            size += HIL_FRAME_MAX;
        }
        size += append(round, i, last ? 0u : odds, &stream[size]);
    }
    for (size_t at = 0; at < size;) {
        const size_t most = 1u + below(round, 700);
        const size_t now = size - at < most ? size - at : most;
        if (!feed(receiver, &stream[at], now, take, round)) {
            round->broken = "the receiver had no room";
        }
        at += now;
    }
    for (uint32_t i = 0; i < FRAMES; i++) {
        if (round->whole[i] != round->found[i] && round->whole[i]) {
            round->broken = "a frame that arrived whole was not found";
        }
    }
    if (odds == 0u && receiver->damaged != 0u) {
        round->broken = "damage was counted where none was";
    }
    free(receiver);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    static struct round round;
    const unsigned long rounds = strtoul(argv[1], NULL, 10);
    round.random = (uint32_t)strtoul(argv[2], NULL, 10) * 2u + 1u;
    for (unsigned long i = 0; i < rounds; i++) {
        const uint32_t state = round.random;
        run(&round);
        if (round.broken != NULL) {
            (void)fprintf(stderr, "round %lu, state %u: %s\n", i, state, round.broken);
            return 1;
        }
    }
    return 0;
}
