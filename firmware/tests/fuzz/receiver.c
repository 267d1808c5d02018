/* The receiver of frames against a plain search of the whole stream: it finds the same frames, however the bytes arrive,
 * counts no damage where there is none, and after enough zeros it waits for nothing.
 *
 * The fuzzer's bytes are a script: frames with right checks, raw bytes, zeros, damage, and the sizes of the pieces. */
#include "../../runtime/frame.h"
#include "wire.h"

#include <string.h>

#define STREAM_BYTES (16u * HIL_FRAME_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
    uint8_t bytes[STREAM_BYTES];
    size_t size;
    int clean; /* frames and zeros alone */
};

static size_t room(const struct stream *stream)
{
    return STREAM_BYTES - HIL_FRAME_MAX - stream->size; /* the zeros at the end need some too */
}

static void add_frame(struct stream *stream, struct script *script)
{
    uint8_t *const frame = &stream->bytes[stream->size];
    const uint32_t type = take8(script);
    const uint32_t fill = take8(script);
    const size_t length = take16(script) % (HIL_FRAME_PAYLOAD_MAX + 1u);
    if (length + OVERHEAD > room(stream)) {
        return;
    }
    for (size_t i = 0; i < length; i++) { /* a few bytes of the script, then a pattern */
        frame[8u + i] = i < (fill & 0x1Fu) ? (uint8_t)take8(script) : (uint8_t)((fill >> 5) * i);
    }
    stream->size += seal(frame, type, fill, length);
}

static void add_bytes(struct stream *stream, struct script *script)
{
    for (uint32_t left = take8(script); left > 0u && room(stream) > 0u && script->at < script->end; left--) {
        stream->bytes[stream->size++] = (uint8_t)take8(script);
        stream->clean = 0;
    }
}

static void add_zeros(struct stream *stream, struct script *script)
{
    const size_t wanted = take16(script) % (HIL_FRAME_MAX + 1u);
    const size_t count = wanted < room(stream) ? wanted : room(stream);
    memset(&stream->bytes[stream->size], 0, count);
    stream->size += count;
}

/* Lose, flip or double one of the bytes so far. */
static void damage(struct stream *stream, struct script *script)
{
    const uint32_t how = take8(script);
    const uint32_t back = take16(script);
    if (stream->size == 0u || room(stream) == 0u) {
        return;
    }
    stream->clean = 0;
    const size_t at = stream->size - 1u - back % stream->size;
    uint8_t *const byte = &stream->bytes[at];
    switch (how % 3u) {
    case 0:
        *byte ^= (uint8_t)(1u << how / 3u % 8u);
        break;
    case 1:
        memmove(byte, byte + 1, stream->size - at - 1u);
        stream->size--;
        break;
    default:
        memmove(byte + 1, byte, stream->size - at);
        stream->size++;
    }
}

static void write_stream(struct stream *stream, struct script *script)
{
    while (script->at < script->end && room(stream) > 0u) {
        const uint32_t op = take8(script);
        switch (op % 5u) {
        case 0:
        case 1:
            add_frame(stream, script);
            break;
        case 2:
            add_bytes(stream, script);
            break;
        case 3:
            add_zeros(stream, script);
            break;
        default:
            damage(stream, script);
        }
    }
    memset(&stream->bytes[stream->size], 0, HIL_FRAME_MAX); /* end any half frame */
    stream->size += HIL_FRAME_MAX;
}

/* Where the next frame of the stream begins, from `at` on, and its length; 0: there is none. */
static size_t search(const struct stream *stream, size_t *at)
{
    for (; *at < stream->size; (*at)++) {
        const size_t length = frame_at(&stream->bytes[*at], stream->size - *at, HIL_FRAME_PAYLOAD_MAX);
        if (length > 0u) {
            return length;
        }
    }
    return 0;
}

static void expect(const struct stream *stream, size_t *at, const struct hil_frame *frame)
{
    const size_t length = search(stream, at);
    REQUIRE(length > 0u, "a frame of type %u was found that is not in the stream", frame->type);
    const uint8_t *const bytes = &stream->bytes[*at];
    REQUIRE(frame->type == bytes[2] && frame->seq == get16(&bytes[3]) && frame->length == length - OVERHEAD &&
                memcmp(frame->payload, &bytes[8], frame->length) == 0,
            "another frame was found than the stream has at %zu", *at);
    *at += length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream stream;
    struct script script = {data, data + size};
    uint32_t pieces[8]; /* sizes, used round and round */
    for (uint32_t i = 0; i < 8u; i++) {
        pieces[i] = 1u + take8(&script) * (i + 1u);
    }
    stream.size = 0;
    stream.clean = 1;
    write_stream(&stream, &script);

    struct hil_receiver *const receiver = calloc(1, sizeof *receiver); /* its end is the sanitizer's to watch */
    size_t found = 0;
    for (size_t at = 0, turn = 0; at < stream.size; turn++) {
        size_t space = 0;
        uint8_t *const into = hil_receiver_space(receiver, &space);
        REQUIRE(space > 0u && into + space == receiver->bytes + HIL_FRAME_MAX, "no room for the next byte");
        size_t count = pieces[turn % 8u] < space ? pieces[turn % 8u] : space;
        count = count < stream.size - at ? count : stream.size - at;
        memcpy(into, &stream.bytes[at], count);
        hil_receiver_add(receiver, count);
        at += count;
        struct hil_frame frame;
        while (hil_receiver_next(receiver, &frame) != 0) {
            expect(&stream, &found, &frame);
            hil_receiver_drop(receiver);
        }
    }
    REQUIRE(search(&stream, &found) == 0u, "the frame at %zu was not found", found);
    REQUIRE(receiver->start == receiver->end, "%zu bytes still wait behind the zeros", receiver->end - receiver->start);
    REQUIRE(!stream.clean || receiver->damaged == 0u, "damage was counted where none was");
    free(receiver);
    return 0;
}
