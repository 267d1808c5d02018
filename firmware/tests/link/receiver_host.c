/* The device's receiver behind a pipe. In: pieces as they arrive, each a u16 length and its bytes. Out: per frame its
 * type, u16 seq, u16 length and payload; at the end FF FF FF FF FF and a u32, how often bytes were given up. */
#include "stream.h"

#include <stdio.h>

static void put(const uint8_t *bytes, size_t count)
{
    (void)fwrite(bytes, 1, count, stdout);
}

static void print_frame(void *ctx, const struct hil_frame *frame)
{
    (void)ctx;
    uint8_t head[5] = {frame->type};
    (void)hil_put16(hil_put16(&head[1], frame->seq), frame->length);
    put(head, sizeof head);
    put(frame->payload, frame->length);
}

int main(void)
{
    static struct hil_receiver receiver;
    static uint8_t piece[UINT16_MAX];
    uint8_t head[2];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const uint16_t length = hil_get16(head);
        if (fread(piece, 1, length, stdin) != length || !feed(&receiver, piece, length, print_frame, NULL)) {
            return 1;
        }
    }
    uint8_t end[9];
    memset(end, 0xFF, sizeof end);
    (void)hil_put32(&end[5], receiver.damaged);
    put(end, sizeof end);
    return 0;
}
