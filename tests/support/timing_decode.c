/* Decodes the instructions of stdin with the timing plug-in's decoder, and writes their fields to stdout.
 * A question is an address and two halfwords; an answer is 26 numbers of 32 bits (timing_decoder.py). */
#include "decode.h"

#include <stdio.h>

struct question {
    uint32_t address;
    uint16_t first;
    uint16_t second;
};

/* Instructions that an IT instruction makes conditional. */
static uint32_t it_length(uint16_t first)
{
    uint32_t length = 0;
    for (uint8_t state = it_begins(first); state != 0u; state = it_advance(state)) {
        length++;
    }
    return length;
}

int main(void)
{
    struct question asked;
    while (fread(&asked, sizeof asked, 1, stdin) == 1) {
        struct instruction one;
        decode(&one, asked.address, asked.first, asked.second);
        const uint32_t answer[] = {
            one.kind, one.flow, one.size, one.target, one.reads, one.writes, one.address_from, one.fp_reads,
            one.fp_addend, one.fp_writes, (uint32_t)one.sp_change, (uint32_t)one.offset,
            (uint32_t)one.base_change, one.base, one.access, one.transfers, (uint32_t)one.mark,
            one.register_offset, one.writeback, one.literal, one.ignores_alignment, one.sp_unknown,
            one.loads_pc, one.barrier, (uint32_t)is_wide(asked.first), it_length(asked.first),
        };
        if (fwrite(answer, sizeof answer, 1, stdout) != 1) {
            return 1;
        }
    }
    return 0;
}
