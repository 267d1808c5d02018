"""Short sequences of instructions, each with the cycles that a Cortex-M4 takes for it, worked out by hand.

Sums have one term for each instruction in its order, or for what is added to it; a product stands for
instructions alike. They come from the sources below and from nothing that computes them.

Every sequence begins at a multiple of 16, after a 32-bit hint that belongs to none, with these registers:

| register | holds |
|---|---|
| r0, r1, r2, r3 | 100, 4, 8, 12 |
| r4, r5, r6, r7, r8 | the data, and 64, 128, 192, 256 bytes further; each word of it is the data's address |
| r9, r10, r11, r12 | 8, 5, 0, 1 |
| s0 to s31 | 1.0 |
| flags | Z and C, as after a comparison of equals |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

TABLE = "TRM table 3-1"
FPU_TABLE = "TRM table 7-1"
NOTES = "TRM load/store timings"
FPU_NOTES = "TRM notes on table 7-1"
JNK0LE = "jnk0le, cortex_m3m4.md"
POLYMUL = "mupq/polymul-z2mx-m4, its table"
COMPENDIUM = "compendium, alignment rules"
FETCH_STALL = "IACR eprint 2025/523, by jnk0le"
GCC = "GCC, cortex-m4-fpu.md"
TABLE_AND_COMPENDIUM = f"{TABLE}; {COMPENDIUM}"


@dataclass(frozen=True)
class Sequence:
    """Instructions and their cycles: ``low`` and ``high`` where they are not the same as ``cycles``.

    ``rules`` names the numbers of parameters.h that the sum is made of, where it is not one cycle each;
    ``source`` is where they come from. ``setup`` runs before, ``after`` lies behind: functions and data.
    ``cut`` puts the end of a kilobyte so many bytes after the beginning.
    """

    name: str
    code: str
    cycles: str
    source: str
    rules: str = ""
    low: str | None = None
    high: str | None = None
    setup: str = ""
    after: str = ""
    wait_states: int = 0
    cut: int | None = None

    @property
    def expected(self) -> tuple[int, int, int]:
        """Cycles at least, nominally and at most."""
        return total(self.low or self.cycles), total(self.cycles), total(self.high or self.cycles)


def total(text: str) -> int:
    """What a sum of numbers and products comes to."""
    return sum(prod(int(factor) for factor in term.split("*")) for term in text.split("+"))


def sequences() -> Iterator[tuple[str, Sequence]]:
    """All of them, each with its class."""
    for group, members in GROUPS.items():
        for member in members:
            yield group, member


# r0 holds the address of label 1, as a branch wants it.
_TO_LABEL = "adr.w r0, 1f; orr r0, r0, #1"
_TO_FUNCTION = "adr.w r0, 2f; orr r0, r0, #1"
_FUNCTION = ".balign 4; 2: bx lr"
_LITERAL = "=0x12345678"
_OTHER_LITERAL = "=0x23456789"


ARITHMETIC = (
    Sequence("16-bit arithmetic",
             "adds r0, r0, r1; subs r0, r0, r2; adds r0, #1; rsbs r0, r0, #0; adcs r0, r1; sbcs r0, r1",
             "6*1", TABLE),
    Sequence("32-bit arithmetic",
             "add.w r0, r1, r2; adds.w r0, r0, #1; sub.w r0, r0, #0x100; rsb.w r0, r0, #5; "
             "adc.w r0, r1, r2; addw r0, r0, #0x123; subw r0, r0, #0x123", "7*1", TABLE),
    Sequence("16-bit logic", "ands r0, r1; orrs r0, r2; eors r0, r3; bics r0, r1; mvns r0, r0", "5*1", TABLE),
    Sequence("32-bit logic", "and.w r0, r1, #0xff00; orr.w r0, r1, r2; orn r0, r1, r2; eor.w r0, r1, #3; "
             "bic.w r0, r1, r2", "5*1", TABLE),
    Sequence("compares", "cmp r0, #1; cmp r0, r8; cmn r0, r1; tst r0, r1; cmp.w r0, #0x1000; tst.w r0, #3; "
             "teq r0, r1", "7*1", TABLE),
    Sequence("shifts",
             "lsls r0, r0, #2; lsrs r0, r1; asrs r0, r0, #1; rors r0, r1; lsl.w r0, r1, r2; rrx r0, r0",
             "6*1", TABLE),
    Sequence("a shifted operand", "add.w r0, r1, r2, lsl #3; sub.w r0, r0, r1, asr #1", "1+1", TABLE),
    Sequence("moves", "movs r0, #1; mov r0, r8; movw r0, #0x1234; movt r0, #0x5678; mov.w r0, #0xff00ff; "
             "mvn.w r0, r1", "6*1", TABLE),
    Sequence("bit fields", "bfi r0, r1, #3, #5; bfc r0, #2, #4; ubfx r0, r1, #1, #8; sbfx r0, r1, #1, #8",
             "4*1", TABLE),
    Sequence("reversals", "rev r0, r1; rev16 r0, r1; revsh r0, r1; rbit r0, r1; clz r0, r1", "5*1", TABLE),
    Sequence("extension",
             "sxtb r0, r1; sxth r0, r1; uxtb r0, r1; uxth r0, r1; sxtab r0, r1, r2; uxtah r0, r1, r2; "
             "sxtb16 r0, r1", "7*1", TABLE),
    Sequence("parallel arithmetic",
             "sadd16 r0, r1, r2; qadd8 r0, r1, r2; uhsub16 r0, r1, r2; usub8 r0, r1, r2; sel r0, r1, r2; "
             "pkhbt r0, r1, r2, lsl #4; uasx r0, r1, r2", "7*1", TABLE),
    Sequence("saturation", "ssat r0, #8, r1; usat r0, #8, r1, lsl #2; ssat16 r0, #4, r1; usat16 r0, #4, r1; "
             "qadd r0, r1, r2; qdsub r0, r1, r2", "6*1", TABLE),
    Sequence("results used at once", "adds r0, r0, r1; adds r0, r0, r2; lsls r0, r0, #1; cmp r0, #0", "4*1",
             TABLE),
)  # fmt: skip

MULTIPLICATION = (
    Sequence("MUL, MLA, MLS", "muls r0, r1, r0; mul.w r0, r1, r2; mla r0, r1, r2, r3; mls r0, r1, r2, r3",
             "4*1", TABLE),
    Sequence("64-bit results",
             "smull r0, r1, r2, r3; umull r0, r1, r2, r3; smlal r0, r1, r2, r3; umlal r0, r1, r2, r3; "
             "umaal r0, r1, r2, r3", "5*1", TABLE),
    Sequence("halves of registers",
             "smulbb r0, r1, r2; smulwb r0, r1, r2; smlabb r0, r1, r2, r3; smlawt r0, r1, r2, r3; "
             "smlalbt r0, r1, r2, r3", "5*1", TABLE),
    Sequence("two at once",
             "smuad r0, r1, r2; smusdx r0, r1, r2; smlad r0, r1, r2, r3; smlsd r0, r1, r2, r3; "
             "smlald r0, r1, r2, r3", "5*1", TABLE),
    Sequence("high words and differences",
             "smmul r0, r1, r2; smmlar r0, r1, r2, r3; usad8 r0, r1, r2; usada8 r0, r1, r2, r3", "4*1",
             TABLE),
    Sequence("a sum of products", "mla r0, r1, r2, r0; mla r0, r2, r3, r0; mla r0, r3, r1, r0", "3*1", TABLE),
)  # fmt: skip

_DIVIDES = "divide_low divide divide_high"
DIVISION = (
    Sequence("UDIV", "udiv r0, r1, r2", "7", TABLE, _DIVIDES, low="2", high="12"),
    Sequence("SDIV", "sdiv r0, r1, r2", "7", TABLE, _DIVIDES, low="2", high="12"),
    Sequence("two", "udiv r0, r8, r2; sdiv r1, r8, r3", "2*7", TABLE, _DIVIDES, low="2*2", high="2*12"),
    Sequence("between others", "adds r0, #1; udiv r0, r8, r2; adds r0, #1", "1+7+1", TABLE, _DIVIDES,
             low="1+2+1", high="1+12+1"),
)  # fmt: skip

LOADS = (
    Sequence("a word", "ldr r0, [r4, #8]", "2", TABLE, "load"),
    Sequence("a word with a 12-bit offset", "ldr.w r0, [r4, #0x104]", "2", TABLE, "load"),
    Sequence("a word below its base", "ldr r0, [r5, #-8]", "2", TABLE, "load"),
    Sequence("a register as offset", "ldr r0, [r4, r1]", "2", TABLE, "load"),
    Sequence("a shifted register as offset", "ldr.w r0, [r4, r1, lsl #2]", "2", TABLE, "load"),
    Sequence("pre-indexed", "ldr r0, [r4, #4]!", "2", TABLE, "load"),
    Sequence("post-indexed", "ldr r0, [r4], #4", "2", TABLE, "load"),
    Sequence("relative to SP", "ldr r0, [sp, #4]", "2", TABLE, "load"),
    Sequence("unprivileged", "ldrt r0, [r4]", "2", TABLE, "load"),
    Sequence("from the literal pool", f"ldr r0, {_LITERAL}", "2", TABLE, "load"),
    Sequence("bytes and halfwords",
             "ldrb r0, [r4]; adds r3, #1; ldrh r0, [r4, #2]; adds r3, #1; ldrsb.w r0, [r4, #1]; "
             "adds r3, #1; ldrsh r0, [r4, r1]", "2+1+2+1+2+1+2", TABLE, "load"),
    Sequence("the result used at once", "ldr r0, [r4]; adds r0, #1", "2+1", TABLE, "load"),
    Sequence("apart", "ldr r0, [r4]; adds r3, #1; ldr r1, [r4, #4]", "2+1+2", NOTES, "load"),
)  # fmt: skip

_PIPELINE = "load load_pipelined"
PIPELINED_LOADS = (
    Sequence("two", "ldr r0, [r4]; ldr r1, [r5]", "2+1", NOTES, _PIPELINE),
    Sequence("the manual's three", "ldr r0, [r4, r1]; ldr r4, [r5]; ldr r5, [r6, #4]", "2+1+1", NOTES,
             _PIPELINE),
    Sequence("six", "ldr r0, [r4]; ldr r1, [r4, #4]; ldr r2, [r4, #8]; ldr r3, [r5]; ldr r9, [r5, #4]; "
             "ldr r10, [r5, #8]", "2+5*1", NOTES, _PIPELINE),
    Sequence("of each size", "ldrb r0, [r4]; ldrh r1, [r4, #2]; ldrsh.w r2, [r4, #4]", "2+1+1", NOTES,
             _PIPELINE),
    Sequence("an address that was loaded", "ldr r1, [r4]; ldr r0, [r1]", "2+2", NOTES, "load"),
    Sequence("an offset that was loaded", "ldr r3, [r4]; ldr r0, [r5, r3]", "2+2", NOTES, "load",
             setup="str r1, [r4]"),
    Sequence("again after such", "ldr r1, [r4]; ldr r1, [r1]; ldr r0, [r5]", "2+2+1", NOTES, _PIPELINE),
    Sequence("two literals", f"ldr r0, {_LITERAL}; ldr r1, {_OTHER_LITERAL}", "2+1", NOTES, _PIPELINE),
    Sequence("a literal, then SRAM", f"ldr r0, {_LITERAL}; ldr r1, [r4]", "2+2", JNK0LE, "load"),
    Sequence("SRAM, then a literal", f"ldr r0, [r4]; ldr r1, {_LITERAL}", "2+2", JNK0LE, "load"),
    Sequence("the base moved before", "ldr r0, [r4], #4; ldr r1, [r4]", "2+2", JNK0LE, "load"),
    Sequence("the base moved twice", "ldr r0, [r4], #4; ldr r1, [r4], #4", "2+2", JNK0LE, "load"),
    Sequence("two bases moved in turn",
             "ldr r0, [r4], #4; ldr r1, [r5], #4; ldr r2, [r4], #4; ldr r3, [r5], #4", "2+1+1+1", JNK0LE,
             _PIPELINE),
    Sequence("the base moved after", "ldr r0, [r4]; ldr r1, [r4], #4", "2+1", JNK0LE, _PIPELINE),
)  # fmt: skip

_AFTER_STORE = "store load load_after_store"
STORES = (
    Sequence("a word", "str r0, [r4, #8]", "1", NOTES, "store"),
    Sequence("bytes and halfwords", "strb r0, [r4]; strh r0, [r4, #2]; strb.w r0, [r4, #0x101]", "3*1", NOTES,
             "store"),
    Sequence("pre- and post-indexed", "str r0, [r4, #4]!; str r0, [r5], #4", "1+1", JNK0LE, "store"),
    Sequence("relative to SP", "str r0, [sp, #4]", "1", NOTES, "store"),
    Sequence("four", "str r0, [r4]; str r1, [r4, #4]; str r2, [r4, #8]; str r3, [r4, #12]", "4*1", NOTES,
             "store"),
    Sequence("a register as offset", "str r0, [r4, r1]", "2", JNK0LE, "store_register"),
    Sequence("a shifted register as offset", "strb.w r0, [r4, r1, lsl #1]", "2", JNK0LE, "store_register"),
    Sequence("after a load", "ldr r0, [r4, r1]; str r0, [r5, #20]", "2+1", NOTES, "load store"),
    Sequence("with a register offset, after a load", "ldr r0, [r4, r1]; str r3, [r5, r1]", "2+1", NOTES,
             "load store"),
    Sequence("a load after it", "str r0, [r4]; ldr r1, [r5]", "1+2+2", POLYMUL, _AFTER_STORE),
    Sequence("a byte after a halfword", "strh r0, [r4]; ldrb r1, [r4, #8]", "1+2+2", POLYMUL, _AFTER_STORE),
    Sequence("a load relative to SP after it", "str r0, [sp, #4]; ldr r1, [sp, #8]", "1+2+2", POLYMUL,
             _AFTER_STORE),
    Sequence("a load with a register offset after it", "str r0, [r4]; ldr r3, [r5, r1]", "1+2+2", POLYMUL,
             _AFTER_STORE),
    Sequence("a load executed on a condition after it",
             "cmp r0, r0; nop; itt eq; streq r0, [r4]; ldreq r1, [r5]", "1+1+1+1+2+2", POLYMUL, _AFTER_STORE),
    Sequence("a literal after it", f"str r0, [r4]; ldr r1, {_LITERAL}", "1+2+1", JNK0LE,
             "store load read_after_store"),
    Sequence("a load after one with a register offset", "str r0, [r4, r1]; ldr r1, [r5]", "2+2", JNK0LE,
             "store_register load"),
    Sequence("two loads after one with a register offset", "str r0, [r4, r1]; ldr r1, [r5]; ldr r2, [r6]",
             "2+2+1", JNK0LE, f"store_register {_PIPELINE}"),
    Sequence("twice to a base that moves", "str r0, [r4], #4; str r1, [r4], #4", "1+1+1", JNK0LE,
             "store store_same_base"),
    Sequence("to two bases that move", "str r0, [r4], #4; str r1, [r5], #4", "1+1", JNK0LE, "store"),
    Sequence("two loads after it", "str r0, [r4]; ldr r1, [r5]; ldr r2, [r6]", "1+2+2+1", POLYMUL,
             f"{_AFTER_STORE} load_pipelined"),
    Sequence("a load later", "str r0, [r4]; adds r1, #1; ldr r2, [r5]", "1+1+2", JNK0LE, "store load"),
    Sequence("LDM after it", "str r0, [r4]; ldm r5, {r1, r2}", "1+1+2+1", JNK0LE,
             "store multiple read_after_store"),
    Sequence("LDRD after it", "str r0, [r4]; ldrd r1, r2, [r5]", "1+1+2+1", JNK0LE,
             "store multiple read_after_store"),
    Sequence("POP after it", "str r0, [r4]; pop {r1, r2}", "1+1+2+1", JNK0LE,
             "store multiple read_after_store", setup="push {r1, r2}"),
    Sequence("TBB after it", "str r0, [r4]; tbb [pc, r12]; .byte 1, 2; nop; movs r1, #2", "1+2+1+4+1", JNK0LE,
             "store load read_after_store refill_table"),
    Sequence("STM after it", "str r0, [r4]; stm r5!, {r1, r2}", "1+1+2", JNK0LE, "store multiple"),
)  # fmt: skip

_LATE_LOAD = "address_late load"
ADDRESSES = (
    Sequence("from the instruction before", "adds r1, r4, #4; ldr r0, [r1]", "1+2+1", NOTES, _LATE_LOAD),
    Sequence("the offset from it", "movs r1, #8; ldr r0, [r4, r1]", "1+2+1", NOTES, _LATE_LOAD),
    Sequence("from one further away", "adds r1, r4, #4; movs r0, #1; ldr r2, [r1]", "1+1+2", NOTES, "load"),
    Sequence("of a store", "adds r1, r4, #4; str r0, [r1]", "1+1+1", NOTES, "address_late store"),
    Sequence("what is stored is not late", "adds r0, #1; str r0, [r4]", "1+1", NOTES, "store"),
    Sequence("from a multiplication", "muls r1, r2, r1; ldr r0, [r4, r1]", "1+2+1", NOTES, _LATE_LOAD),
    Sequence("from MOVT", "movw r1, #0x8000; movt r1, #0x2000; ldr r0, [r1]", "1+1+2+1", NOTES, _LATE_LOAD),
    Sequence("from ADR", "adr.w r1, 2f; ldr r0, [r1]", "1+2+1", NOTES, _LATE_LOAD,
             after=".balign 4; 2: .word 0"),
    Sequence("from VMOV", "vmov r1, s0; ldr r0, [r1]", "1+2+1", NOTES, _LATE_LOAD, setup="vmov s0, r4"),
    Sequence("from MRS", "mrs r1, msp; ldr r0, [r1]", "1+2+1", NOTES, _LATE_LOAD),
    Sequence("of LDM", "adds r1, r4, #4; ldm r1, {r0, r2}", "1+1+2+1", NOTES, "address_late multiple"),
    Sequence("of STRD", "adds r1, r4, #4; strd r0, r2, [r1]", "1+1+2+1", NOTES, "address_late multiple"),
    Sequence("of VLDR", "adds r1, r4, #4; vldr s0, [r1]", "1+2+1", NOTES, _LATE_LOAD),
    Sequence("of VSTR", "adds r1, r4, #4; vstr s0, [r1]", "1+1+1", NOTES, "address_late store"),
    Sequence("SP of PUSH", "sub sp, #8; push {r0}", "1+1+1+1", NOTES, "address_late multiple"),
    Sequence("SP of a load", "sub sp, #8; ldr r0, [sp]", "1+2+1", NOTES, _LATE_LOAD),
    Sequence("of two loads, the first late", "adds r1, r4, #4; ldr r0, [r1]; ldr r2, [r1, #4]", "1+2+1+1",
             NOTES, f"{_LATE_LOAD} load_pipelined"),
)  # fmt: skip

MULTIPLES = (
    Sequence("LDM of one", "ldm r4!, {r0}", "1+1", TABLE, "multiple"),
    Sequence("LDM of four", "ldm r4, {r0, r1, r2, r3}", "1+4", TABLE, "multiple"),
    Sequence("LDMDB of three", "ldmdb r5!, {r0, r1, r2}", "1+3", TABLE, "multiple"),
    Sequence("STM of three", "stm r5!, {r0, r1, r2}", "1+3", TABLE, "multiple"),
    Sequence("STM of eight", "stm.w r4, {r0-r3, r9-r12}", "1+8", NOTES, "multiple"),
    Sequence("PUSH of one, POP of one", "push {r0}; pop {r1}", "1+1+1+1", TABLE, "multiple"),
    Sequence("PUSH with LR", "push {r0-r3, lr}", "1+5", TABLE, "multiple"),
    Sequence("PUSH of eight", "push.w {r4-r11}", "1+8", TABLE, "multiple"),
    Sequence("POP of four", "pop {r0-r3}", "1+4", TABLE, "multiple"),
    Sequence("LDRD", "ldrd r0, r1, [r4]", "1+2", TABLE, "multiple"),
    Sequence("STRD", "strd r0, r1, [r4, #8]!", "1+2", TABLE, "multiple"),
    Sequence("two LDRD", "ldrd r0, r1, [r4]; ldrd r2, r3, [r5]", "1+2+1+2", NOTES, "multiple"),
    Sequence("LDM after a load", "ldr r3, [r6]; ldm r4, {r0, r1}", "2+1+2", NOTES, "load multiple"),
    Sequence("a load after LDM", "ldm r4, {r0, r1}; ldr r3, [r6]", "1+2+2", NOTES, "load multiple"),
    Sequence("a load after STM", "stm r4!, {r0, r1}; ldr r3, [r6]", "1+2+2", NOTES, "load multiple"),
)  # fmt: skip

_LOADS_PC = "refill_load"
LOADS_OF_PC = (
    Sequence("POP", "pop {pc}; nop; 1: movs r0, #1", "1+1+3+1", TABLE, f"multiple {_LOADS_PC}",
             setup=f"{_TO_LABEL}; push {{r0}}"),
    Sequence("POP of three", "pop {r1, r2, pc}; nop; 1: movs r0, #1", "1+3+3+1", TABLE,
             f"multiple {_LOADS_PC}", setup=f"{_TO_LABEL}; push {{r0}}; push {{r1, r2}}"),
    Sequence("LDR", "ldr pc, [r4]; nop; 1: movs r0, #1", "2+3+1", NOTES, f"load {_LOADS_PC}",
             setup=f"{_TO_LABEL}; str r0, [r4]"),
    Sequence("LDR from the stack", "ldr pc, [sp], #4; nop; 1: movs r0, #1", "2+3+1", NOTES,
             f"load {_LOADS_PC}", setup=f"{_TO_LABEL}; push {{r0}}"),
    Sequence("LDR from a table", "ldr pc, [r4, r1, lsl #2]; nop; 1: movs r0, #1", "2+3+1", NOTES,
             f"load {_LOADS_PC}", setup=f"{_TO_LABEL}; str r0, [r4, #16]"),
    Sequence("LDR of a literal", "ldr.w pc, 2f; nop; 1: movs r0, #1", "2+3+1", NOTES, f"load {_LOADS_PC}",
             after=".balign 4; 2: .word 1b + 1"),
    Sequence("LDM", "ldm r4!, {r0, pc}; nop; 1: movs r0, #1", "1+2+3+1", TABLE, f"multiple {_LOADS_PC}",
             setup=f"{_TO_LABEL}; str r0, [r4, #4]"),
    Sequence("LDR after a load", "ldr r0, [r5]; ldr pc, [r4]; nop; 1: movs r0, #1", "2+2+3+1", NOTES,
             f"load {_LOADS_PC}", setup=f"{_TO_LABEL}; str r0, [r4]"),
)  # fmt: skip

EXCLUSIVES = (
    Sequence("LDREX", "ldrex r0, [r4]", "2", TABLE, "load"),
    Sequence("LDREXB, LDREXH", "ldrexb r0, [r4]; adds r3, #1; ldrexh r0, [r4]", "2+1+2", TABLE, "load"),
    Sequence("CLREX", "clrex", "1", TABLE),
    Sequence("LDREX after a load", "ldr r1, [r5]; ldrex r0, [r4]", "2+1", NOTES, _PIPELINE),
    Sequence("STREX", "strex r1, r0, [r4]", "2", TABLE, "load"),
    Sequence("STREX right after LDREX", "ldrex r0, [r4]; strex r1, r0, [r4]", "2+1", NOTES, _PIPELINE),
    Sequence("an atomic increment", "ldrex r0, [r4]; adds r0, #1; strex r1, r0, [r4]", "2+1+2", TABLE,
             "load"),
    Sequence("a load after STREX", "strex r1, r0, [r4]; ldr r2, [r5]", "2+1", NOTES, _PIPELINE),
)  # fmt: skip

BRANCHES = (
    Sequence("B", "b.n 1f; nop; 1: movs r0, #1", "1+1+1", TABLE, "refill"),
    Sequence("B of 32 bits", "b.w 1f; nop; 1: movs r0, #1", "1+1+1", TABLE, "refill"),
    Sequence("B to the next instruction", "b.n 1f; 1: movs r0, #1", "1+1+1", TABLE, "refill"),
    Sequence("BEQ taken", "beq.n 1f; nop; 1: movs r0, #1", "1+1+1", TABLE, "refill"),
    Sequence("BEQ of 32 bits taken", "beq.w 1f; nop; 1: movs r0, #1", "1+1+1", TABLE, "refill"),
    Sequence("BNE not taken", "bne.n 1f; movs r0, #1; 1:", "1+1", TABLE),
    Sequence("BNE of 32 bits not taken", "bne.w 1f; movs r0, #1; 1:", "1+1", TABLE),
    Sequence("CBZ taken", "cbz r0, 1f; nop; 1: movs r0, #1", "1+1+1", TABLE, "refill", setup="movs r0, #0"),
    Sequence("CBZ not taken", "cbz r0, 1f; movs r0, #1; 1:", "1+1", TABLE),
    Sequence("CBNZ taken", "cbnz r0, 1f; nop; 1: movs r0, #1", "1+1+1", TABLE, "refill"),
    Sequence("CBNZ not taken", "cbnz r0, 1f; movs r0, #1; 1:", "1+1", TABLE, setup="movs r0, #0"),
    Sequence("BX", "bx r0; nop; 1: movs r0, #1", "1+2+1", TABLE, "refill_register", setup=_TO_LABEL),
    Sequence("MOV to pc", "mov pc, r0; nop; 1: movs r0, #1", "1+2+1", TABLE, "refill_register",
             setup=_TO_LABEL),
    Sequence("ADD to pc", "add pc, r1; nop; nop; nop; movs r0, #1", "1+2+1", TABLE, "refill_register"),
    Sequence("BL and BX LR", "bl 2f; movs r0, #1", "1+1+1+2+1", TABLE, "refill refill_register",
             after=_FUNCTION),
    Sequence("BLX and BX LR", "blx r0; movs r0, #1", "1+2+1+2+1", TABLE, "refill_register",
             setup=_TO_FUNCTION, after=_FUNCTION),
    Sequence("a call that saves registers", "bl 2f; movs r0, #1", "1+1+1+3+1+1+3+3+1", TABLE,
             "refill multiple refill_load",
             after=".balign 4; 2: push {r4, r5, lr}; movs r4, #1; pop {r4, r5, pc}"),
    Sequence("TBB", "tbb [pc, r12]; .byte 1, 2; nop; movs r1, #2", "2+4+1", TABLE, "load refill_table"),
    Sequence("TBH", "tbh [pc, r12, lsl #1]; .short 2, 3; nop; movs r1, #2", "2+4+1", TABLE,
             "load refill_table"),
    Sequence("TBB right after its index", "mov.w r0, #1; tbb [pc, r0]; .byte 1, 2; nop; movs r1, #2",
             "1+2+1+4+1", NOTES, "load address_late refill_table"),
    Sequence("to a 32-bit instruction at a word", "b.n 1f; nop; 1: add.w r0, r0, #1", "1+1+1",
             TABLE_AND_COMPENDIUM, "refill"),
    Sequence("to a 32-bit instruction at a halfword", "b.n 1f; nop; nop; 1: add.w r0, r0, #1", "1+1+1+1",
             COMPENDIUM, "refill target_halfway"),
    Sequence("to a 16-bit instruction at a halfword", "b.n 1f; nop; nop; 1: adds r0, #1", "1+1+1",
             TABLE_AND_COMPENDIUM, "refill"),
    Sequence("a return to a 32-bit instruction at a halfword", "blx r0; add.w r1, r1, #1", "1+2+1+2+1+1",
             COMPENDIUM, "refill_register target_halfway", setup=_TO_FUNCTION, after=_FUNCTION),
)  # fmt: skip

LOOPS = (
    Sequence("SUBS, BNE", "movs r0, #5; 1: subs r0, #1; bne.n 1b", "1+5*1+5*1+4*1", TABLE, "refill"),
    Sequence("over two arrays",
             "mov.w r0, #3; 1: ldr r1, [r4], #4; ldr r2, [r5], #4; mla r3, r1, r2, r3; subs r0, #1; "
             "bne.n 1b", "1+3*2+3*1+3*1+3*1+3*1+2*1", NOTES, f"{_PIPELINE} refill"),
    Sequence("a load at either end", "movs r0, #3; 1: ldr r1, [r4]; subs r0, #1; ldr r2, [r5]; bne.n 1b",
             "1+3*2+3*1+3*2+3*1+2*1", NOTES, "load refill"),
    Sequence("from a 32-bit instruction at a halfword",
             "movs r0, #3; 1: add.w r1, r1, #1; subs r0, #1; bne.n 1b", "1+3*1+3*1+3*1+2*1+2*1", COMPENDIUM,
             "refill target_halfway"),
    Sequence("one within another",
             "movs r0, #2; 1: movs r1, #3; 2: subs r1, #1; bne.n 2b; subs r0, #1; bne.n 1b",
             "1+2*1+6*1+6*1+4*1+2*1+2*1+1", TABLE, "refill"),
    Sequence("of a multiply-accumulate", "mov.w r0, #3; 1: vfma.f32 s0, s1, s2; subs r0, #1; bne.n 1b",
             "1+3*1+3*1+3*1+2*1", f"{FPU_TABLE}; {GCC}", "fp_mac refill", high="1+3*3+3*1+3*1+2*1"),
    Sequence("of a division", "mov.w r0, #3; 1: vdiv.f32 s0, s1, s2; subs r0, #1; bne.n 1b", "1+2*14+1+1+1",
             f"{FPU_TABLE}; {GCC}", "fp_divide refill", high="1+3*14+3*1+3*1+2*1"),
)  # fmt: skip

_FOLDED = "it_folds"
_NOMINAL = "divide divide_high"
_SKIPS = "1+0+1"
# Whether what a condition may skip was executed is seen of accesses and branches alone: the least is none.
_NOT_TOLD = "docs/cycle-model.md"
CONDITIONALS = (
    Sequence("IT after a 16-bit instruction", "cmp r0, r0; it eq; addeq r0, r1", "1+0+1", TABLE, _FOLDED),
    Sequence("IT after a 32-bit instruction", "cmp.w r0, r0; it eq; addeq r0, r1", "1+1+1", TABLE),
    Sequence("IT at the beginning of a word", "movs r3, #1; cmp r0, r0; it eq; addeq r0, r1", "1+1+1+1",
             TABLE),
    Sequence("skipped", "cmp r0, r0; it ne; addne r0, r1", "1+0+1", TABLE, _FOLDED),
    Sequence("one of two", "cmp r0, r0; ite eq; addeq r0, r1; subne r0, r1", "1+0+1+1", TABLE, _FOLDED),
    Sequence("four", "cmp r0, r0; itttt eq; addeq r0, r1; addeq r0, r2; moveq r3, r0; movweq r2, #0x101",
             "1+0+4*1", TABLE, _FOLDED),
    Sequence("IT behind a branch that is not taken",
             "movs r3, #1; cmp r0, r0; bne.n 1f; it eq; addeq r0, r1; 1:", "1+1+1+0+1", TABLE, _FOLDED),
    Sequence("a load", "cmp r0, r0; it eq; ldreq r0, [r4]", "1+0+2", TABLE, f"{_FOLDED} load"),
    Sequence("a load skipped", "cmp r0, r0; it ne; ldrne r0, [r4]", "1+0+1", TABLE, _FOLDED),
    Sequence("two loads", "cmp r0, r0; itt eq; ldreq r0, [r4]; ldreq r1, [r5]", "1+0+2+1", NOTES,
             f"{_FOLDED} {_PIPELINE}"),
    Sequence("a byte loaded or not", "cmp r0, r0; ite eq; ldrbeq r0, [r4]; ldrbne r1, [r5]", "1+0+2+1", TABLE,
             f"{_FOLDED} load"),
    Sequence("LDM", "cmp r0, r0; it eq; ldmeq r4!, {r1, r2, r3}", "1+0+1+3", TABLE, f"{_FOLDED} multiple"),
    Sequence("LDM skipped", "cmp r0, r0; it ne; ldmne r4!, {r1, r2, r3}", "1+0+1", TABLE, _FOLDED),
    Sequence("LDRD", "cmp r0, r0; it eq; ldrdeq r0, r1, [r4]", "1+0+1+2", TABLE, f"{_FOLDED} multiple"),
    Sequence("LDRD skipped", "cmp r0, r0; it ne; ldrdne r0, r1, [r4]", "1+0+1", TABLE, _FOLDED),
    Sequence("STRD", "cmp r0, r0; it eq; strdeq r0, r1, [r4, #8]", "1+0+1+2", TABLE, f"{_FOLDED} multiple"),
    Sequence("STRD skipped", "cmp r0, r0; it ne; strdne r0, r1, [r4, #8]", "1+0+1", TABLE, _FOLDED),
    Sequence("PUSH", "cmp r0, r0; it eq; pusheq {r1, r2}", "1+0+1+2", TABLE, f"{_FOLDED} multiple"),
    Sequence("PUSH skipped", "cmp r0, r0; it ne; pushne {r1, r2}", "1+0+1", TABLE, _FOLDED),
    Sequence("a store", "cmp r0, r0; it eq; streq r0, [r4]", "1+0+1", NOTES, f"{_FOLDED} store"),
    Sequence("a store skipped", "cmp r0, r0; it ne; strne r0, [r4]", "1+0+1", TABLE, _FOLDED),
    Sequence("a store with a register offset", "cmp r0, r0; it eq; streq r0, [r4, r1]", "1+0+2", JNK0LE,
             f"{_FOLDED} store_register"),
    Sequence("its address late", "cmp r0, r0; itt eq; addeq r1, r4, #4; ldreq r0, [r1]", "1+0+1+2+1", NOTES,
             f"{_FOLDED} {_LATE_LOAD}"),
    Sequence("its address late, skipped", "cmp r0, r0; itt ne; addne r1, r4, #4; ldrne r0, [r1]", "1+0+1+1",
             TABLE, _FOLDED),
    Sequence("BX", "cmp r0, r0; it eq; bxeq r0; nop; 1: movs r0, #1", "1+0+1+2+1", TABLE,
             f"{_FOLDED} refill_register", setup=_TO_LABEL),
    Sequence("BX skipped", "cmp r0, r0; it ne; bxne r0; movs r0, #1", "1+0+1+1", TABLE, _FOLDED),
    Sequence("POP of pc", "cmp r1, r1; it eq; popeq {r4, pc}; nop; 1: movs r0, #1", "1+0+1+2+3+1", TABLE,
             f"{_FOLDED} multiple refill_load", setup=f"{_TO_LABEL}; push {{r0}}; push {{r4}}"),
    Sequence("POP of pc skipped", "cmp r0, r0; it ne; popne {r4, pc}; movs r0, #1", "1+0+1+1", TABLE,
             _FOLDED),
    Sequence("a multiplication", "cmp r0, r0; it eq; muleq r0, r1, r0", "1+0+1", TABLE, _FOLDED),
    Sequence("a division", "cmp r0, r0; it eq; udiveq r0, r1, r2", "1+0+7", TABLE, f"{_FOLDED} {_NOMINAL}",
             low=_SKIPS, high="1+0+12"),
    Sequence("a division skipped", "cmp r0, r0; it ne; udivne r0, r1, r2", "1+0+7", _NOT_TOLD,
             f"{_FOLDED} {_NOMINAL}", low=_SKIPS, high="1+0+12"),
    Sequence("VADD", "cmp r0, r0; it eq; vaddeq.f32 s0, s1, s2", "1+0+1", FPU_TABLE, _FOLDED),
    Sequence("VLDR", "cmp r0, r0; it eq; vldreq s0, [r4]", "1+0+2", FPU_TABLE, f"{_FOLDED} load"),
    Sequence("VLDR skipped", "cmp r0, r0; it ne; vldrne s0, [r4]", "1+0+1", FPU_TABLE, _FOLDED),
    Sequence("VLDR of a double", "cmp r0, r0; it eq; vldreq d0, [r4]", "1+0+1+2", FPU_TABLE,
             f"{_FOLDED} multiple"),
    Sequence("VLDM of doubles", "cmp r0, r0; it eq; vldmeq r4, {d0, d1}", "1+0+1+4", FPU_TABLE,
             f"{_FOLDED} multiple"),
    Sequence("VSTM of singles", "cmp r0, r0; it eq; vstmeq r4, {s0-s2}", "1+0+1+3", FPU_TABLE,
             f"{_FOLDED} multiple"),
    Sequence("VLDM skipped", "cmp r0, r0; it ne; vldmne r4, {d0, d1}", "1+0+1", FPU_TABLE, _FOLDED),
    Sequence("VMLA skipped", "cmp r0, r0; it ne; vmlane.f32 s0, s1, s2", "1+0+1", _NOT_TOLD,
             f"{_FOLDED} fp_mac", high="1+0+3"),
    Sequence("VDIV skipped", "cmp r0, r0; it ne; vdivne.f32 s0, s1, s2; vadd.f32 s3, s4, s5", "1+0+1+13+1",
             _NOT_TOLD, f"{_FOLDED} fp_divide", low="1+0+1+1", high="1+0+14+1"),
)  # fmt: skip

NOPS = (
    Sequence("alone", "nop; nop.w", "1+1", TABLE),
    Sequence("after an addition", "adds r0, #1; nop", "1+1", TABLE),
    Sequence("after a load", "ldr r0, [r4]; nop", "2+0", JNK0LE, "load nop_hides"),
    Sequence("two after a load", "ldr r0, [r4]; nop; nop", "2+0+1", JNK0LE, "load nop_hides"),
    Sequence("between two loads", "ldr r0, [r4]; nop; ldr r1, [r5]", "2+0+2", JNK0LE, "load nop_hides"),
    Sequence("later than a load", "ldr r0, [r4]; adds r0, #1; nop", "2+1+1", JNK0LE, "load"),
    Sequence("after a store", "str r0, [r4]; nop", "1+1", JNK0LE, "store"),
    Sequence("after a store with a register offset", "str r0, [r4, r1]; nop", "2+0", JNK0LE,
             "store_register nop_hides"),
    Sequence("after LDM", "ldm r4, {r0, r1}; nop", "1+2+1", JNK0LE, "multiple"),
)  # fmt: skip

SYSTEM = (
    Sequence("MRS, MSR", "mrs r0, primask; msr primask, r0; mrs r0, basepri; msr basepri, r11", "4*1", TABLE),
    Sequence("CPS", "cpsid i; ldr r0, [r4]; cpsie i", "1+2+1", TABLE, "load"),
    Sequence("DSB, DMB", "dsb; dmb", "1+1", TABLE),
    Sequence("ISB", "isb", "1+1", TABLE, "refill"),
    Sequence("SEV, YIELD", "sev; yield", "1+1", TABLE),
)  # fmt: skip

_RUN = "wide_run wide_run_length"
_WIDE = "add.w r0, r0, #1"
_TWO_WIDE, _THREE_WIDE, _TEN_WIDE = ("; ".join([_WIDE] * number) for number in (2, 3, 10))
FETCHES = (
    Sequence("ten at halfwords", f"movs r0, #1; {_TEN_WIDE}", "1+10*1", FETCH_STALL),
    Sequence("ten at words", _TEN_WIDE, "10*1", TABLE),
    Sequence("a branch to four at halfwords", f"b.n 1f; nop; nop; 1: {'; '.join([_WIDE] * 4)}", "1+1+1+4*1",
             COMPENDIUM, "refill target_halfway"),
    Sequence("two at halfwords behind a store", f"str r0, [r4]; {_TWO_WIDE}", "1+2*1", FETCH_STALL, "store"),
    Sequence("three at halfwords behind a store", f"str r0, [r4]; {_THREE_WIDE}", "1+3*1+1", FETCH_STALL,
             f"store {_RUN}"),
    Sequence("ten at halfwords behind a store", f"str r0, [r4]; {_TEN_WIDE}", "1+10*1+1", FETCH_STALL,
             f"store {_RUN}"),
    Sequence("three at words behind a store", f"str.w r0, [r4]; {_THREE_WIDE}", "1+3*1", FETCH_STALL,
             "store"),
    Sequence("two at halfwords, then others, behind a store",
             f"str r0, [r4]; {_TWO_WIDE}; movs r1, #1; movs r1, #1; {_TWO_WIDE}", "1+2*1+2*1+2*1",
             FETCH_STALL, "store"),
    Sequence("a 16-bit instruction between", f"str r0, [r4]; movs r1, #1; movs r1, #1; {_THREE_WIDE}",
             "1+2*1+3*1", FETCH_STALL, "store"),
    Sequence("a store among them", f"movs r0, #1; {_TWO_WIDE}; str.w r0, [r4]; {_THREE_WIDE}",
             "1+2*1+1+3*1+1", FETCH_STALL, f"store {_RUN}"),
    Sequence("two stores among them",
             f"movs r0, #1; str.w r0, [r4]; {_THREE_WIDE}; str.w r0, [r4, #4]; {_THREE_WIDE}",
             "1+1+3*1+1+1+3*1+1", FETCH_STALL, f"store {_RUN}"),
    Sequence("three stores at halfwords",
             "movs r0, #1; str.w r0, [r4]; str.w r0, [r4, #4]; str.w r0, [r4, #8]", "1+3*1", COMPENDIUM,
             "store"),
    Sequence("four stores at halfwords",
             "movs r0, #1; str.w r0, [r4]; str.w r0, [r4, #4]; str.w r0, [r4, #8]; str.w r0, [r4, #12]",
             "1+4*1+1", COMPENDIUM, f"store {_RUN}"),
    Sequence("three at halfwords behind a load", f"ldr r1, [r4]; {_THREE_WIDE}", "2+3*1", FETCH_STALL,
             "load"),
    Sequence("three at halfwords behind STM", f"stm r4!, {{r0, r1}}; {_THREE_WIDE}", "1+2+3*1", FETCH_STALL,
             "multiple"),
    Sequence("three at halfwords behind VSTR", f"movs r0, #1; vstr s0, [r4]; {_THREE_WIDE}", "1+1+3*1+1",
             FETCH_STALL, f"store {_RUN}"),
    Sequence("four loads at halfwords",
             "movs r0, #1; ldr.w r0, [r4]; ldr.w r1, [r4, #4]; ldr.w r2, [r4, #8]; ldr.w r3, [r4, #12]",
             "1+2+1+1+1", NOTES, _PIPELINE),
    Sequence("three behind a store, one a branch not taken",
             f"str r0, [r4]; cmp.w r0, r0; bne.w 1f; {_WIDE}; 1: nop", "1+3*1+1+1", FETCH_STALL,
             f"store {_RUN}"),
    Sequence("three behind a store, one a branch taken",
             f"str r0, [r4]; cmp.w r0, r0; beq.w 1f; nop; nop; 1: {_THREE_WIDE}", "1+1+1+1+1+3*1",
             f"{FETCH_STALL}; {COMPENDIUM}", "store refill target_halfway"),
    Sequence("two loads on either side of a kilobyte's end", "adds r3, #1; ldr r0, [r4]; ldr r1, [r5]",
             "1+2+1", NOTES, _PIPELINE, cut=4),
)  # fmt: skip

_BY_TWO, _BY_ONE = "adds r4, #2", "adds r4, #1"
UNALIGNED = (
    Sequence("a word at a halfword", "ldr r0, [r4]", "2+1", NOTES, "load unaligned_half", setup=_BY_TWO),
    Sequence("a word at a byte", "ldr r0, [r4]", "2+2", NOTES, "load unaligned_byte", setup=_BY_ONE),
    Sequence("a word at a word's last byte", "ldr r0, [r4]", "2+2", NOTES, "load unaligned_byte",
             setup="adds r4, #3"),
    Sequence("a halfword at a byte", "ldrh r0, [r4]", "2+1", NOTES, "load unaligned_half", setup=_BY_ONE),
    Sequence("a signed halfword at a byte", "ldrsh.w r0, [r4, #2]", "2+1", NOTES, "load unaligned_half",
             setup=_BY_ONE),
    Sequence("a halfword within a word", "ldrh r0, [r4]", "2", NOTES, "load", setup=_BY_TWO),
    Sequence("a byte", "ldrb r0, [r4]", "2", NOTES, "load", setup=_BY_ONE),
    Sequence("a word that its offset aligns", "ldr.w r0, [r4, #2]", "2", NOTES, "load", setup=_BY_TWO),
    Sequence("by a register offset", "ldr r0, [r4, r3]", "2+1", NOTES, "load unaligned_half",
             setup="movs r3, #2"),
    Sequence("stores", "str r0, [r4]; strh r0, [r4, #4]", "1+1", NOTES, "store", setup=_BY_ONE),
    Sequence("three words by one base at a halfword", "ldr r0, [r4]; ldr r1, [r4, #4]; ldr r2, [r4, #8]",
             "2+1+1+3*1", NOTES, f"{_PIPELINE} unaligned_half", setup=_BY_TWO),
    Sequence("three words by one base at a byte", "ldr r0, [r4]; ldr r1, [r4, #4]; ldr r2, [r4, #8]",
             "2+1+1+3*2", NOTES, f"{_PIPELINE} unaligned_byte", setup=_BY_ONE),
    Sequence("one of three by one base", "ldr r0, [r4]; ldr.w r1, [r4, #2]; ldr r2, [r4, #4]", "2+1+1+1",
             NOTES, f"{_PIPELINE} unaligned_half"),
    Sequence("two of three by one base", "ldr r0, [r4]; ldr.w r1, [r4, #2]; ldr r2, [r4, #4]", "2+1+1+2*1",
             NOTES, f"{_PIPELINE} unaligned_half", setup=_BY_TWO),
    Sequence("a word and a halfword by one base", "ldr r0, [r4]; ldrh r1, [r4, #4]", "2+2+1+1", NOTES,
             f"{_PIPELINE} unaligned_half unaligned_byte", setup=_BY_ONE),
    Sequence("a halfword, then a word beside it", "ldrh r0, [r4]; ldr.w r1, [r4, #2]", "2+1+1", NOTES,
             f"{_PIPELINE} unaligned_half"),
    Sequence("a halfword, then an aligned word beside it", "ldrh r0, [r4]; ldr.w r1, [r4, #2]", "2+1", NOTES,
             _PIPELINE, setup=_BY_TWO),
    Sequence("along an array", "ldr r0, [r4], #4; adds r3, #1; ldr r1, [r4], #4", "2+1+1+2+1", NOTES,
             "load unaligned_half", setup=_BY_TWO),
    Sequence("along an array, one of them", "ldr r0, [r4], #2; adds r3, #1; ldr r1, [r4], #2", "2+1+2+1",
             NOTES, "load unaligned_half"),
    Sequence("along halfwords", "ldrh r0, [r4], #2; adds r3, #1; ldrh r1, [r4], #2", "2+1+1+2+1", NOTES,
             "load unaligned_half", setup=_BY_ONE),
    Sequence("a new base between", "ldr r0, [r4]; mov r4, r5; adds r3, #1; ldr r1, [r4]", "2+1+1+1+2", NOTES,
             "load unaligned_half", setup=_BY_TWO),
    Sequence("executed on a condition", "cmp r0, r0; it eq; ldreq r0, [r4]", "1+0+2+1", NOTES,
             "it_folds load unaligned_half", setup=_BY_TWO),
    Sequence("skipped on a condition", "cmp r0, r0; it ne; ldrne r0, [r4]", "1+0+1", NOTES, "it_folds",
             setup=_BY_TWO),
)  # fmt: skip

_FRESH = "fp_result"
FLOATING = (
    Sequence("VADD, VSUB, VMUL, VNMUL",
             "vadd.f32 s0, s1, s2; vsub.f32 s3, s4, s5; vmul.f32 s6, s7, s8; vnmul.f32 s9, s10, s11", "4*1",
             FPU_TABLE),
    Sequence("VABS, VNEG", "vabs.f32 s0, s1; vneg.f32 s2, s3", "1+1", FPU_TABLE),
    Sequence("VCVT", "vcvt.s32.f32 s0, s1; vcvt.f32.u32 s2, s3; vcvtr.s32.f32 s4, s5; vcvtb.f32.f16 s6, s7",
             "4*1", FPU_TABLE),
    Sequence("VCMP and VMRS", "vcmp.f32 s0, s1; vmrs APSR_nzcv, fpscr", "1+1", FPU_TABLE),
    Sequence("VCMP, VMRS and what depends on it",
             "vcmpe.f32 s0, #0.0; vmrs APSR_nzcv, fpscr; it gt; addgt r0, r1", "1+1+1+1",
             f"{FPU_TABLE}; {TABLE}"),
    Sequence("used by the next", "vadd.f32 s0, s1, s2; vmul.f32 s3, s0, s4", "1+1+1", FPU_NOTES, _FRESH),
    Sequence("used after another", "vadd.f32 s0, s1, s2; vadd.f32 s5, s6, s7; vmul.f32 s3, s0, s4", "3*1",
             FPU_NOTES),
    Sequence("used after an integer instruction", "vadd.f32 s0, s1, s2; adds r0, #1; vmul.f32 s3, s0, s4",
             "3*1", FPU_NOTES),
    Sequence("a chain", "vadd.f32 s0, s1, s2; vadd.f32 s0, s0, s3; vadd.f32 s0, s0, s4", "1+1+1+1+1",
             FPU_NOTES, _FRESH),
    Sequence("compared at once", "vsub.f32 s0, s1, s2; vcmp.f32 s0, #0.0", "1+1+1", FPU_NOTES, _FRESH),
    Sequence("stored at once", "vadd.f32 s0, s1, s2; vstr s0, [r4]", "1+1+1", FPU_NOTES, f"{_FRESH} store"),
    Sequence("among those stored at once", "vadd.f32 s1, s3, s2; vstm r4, {s0, s1}", "1+1+2+1", FPU_NOTES,
             f"{_FRESH} multiple"),
    Sequence("moved at once", "vcvt.s32.f32 s0, s1; vmov r0, s0", "1+1+1", FPU_NOTES, _FRESH),
    Sequence("converted at once", "vmul.f32 s0, s1, s2; vcvt.s32.f32 s0, s0", "1+1+1", FPU_NOTES, _FRESH),
    Sequence("loaded and used", "vldr s0, [r4]; vadd.f32 s1, s0, s2", "2+1", FPU_NOTES, "load"),
    Sequence("compared, not written", "vcmp.f32 s0, s1; vadd.f32 s2, s0, s1", "1+1", FPU_NOTES),
    Sequence("an absolute value used at once", "vabs.f32 s0, s1; vadd.f32 s2, s0, s3", "1+1",
             f"{FPU_NOTES}; {GCC}"),
    Sequence("a negated value used at once", "vneg.f32 s0, s1; vstr s0, [r4]", "1+1", f"{FPU_NOTES}; {GCC}",
             "store"),
)  # fmt: skip

FLOATING_MOVES = (
    Sequence("a constant, a register", "vmov.f32 s0, #2.0; vmov.f32 s1, s2", "1+1", FPU_TABLE),
    Sequence("from and to the core", "vmov s0, r0; vmov r1, s1", "1+1", FPU_TABLE),
    Sequence("two from the core", "vmov s0, s1, r0, r1", "2", FPU_TABLE),
    Sequence("two to the core", "vmov r0, r1, s0, s1", "2", FPU_TABLE),
    Sequence("a double", "vmov d0, r0, r1; vmov r2, r3, d1", "2+2", FPU_TABLE),
    Sequence("FPSCR", "vmrs r0, fpscr; vmsr fpscr, r0", "1+1", FPU_TABLE),
    Sequence("moved and used", "vmov s0, r0; vcvt.f32.s32 s0, s0", "1+1", FPU_NOTES),
    Sequence("copied and used", "vmov.f32 s0, s1; vadd.f32 s2, s0, s3", "1+1", f"{FPU_NOTES}; {GCC}"),
)  # fmt: skip

_MAC = f"{FPU_TABLE}; {GCC}"
MULTIPLY_ACCUMULATE = (
    Sequence("VFMA", "vfma.f32 s0, s1, s2", "1", _MAC, "fp_mac", high="3"),
    Sequence("VMLA", "vmla.f32 s0, s1, s2", "1", _MAC, "fp_mac", high="3"),
    Sequence("VNMLS", "vnmls.f32 s0, s1, s2", "1", _MAC, "fp_mac", high="3"),
    Sequence("one after the other", "vfma.f32 s0, s1, s2; vfma.f32 s3, s4, s5", "1+2+1", _MAC, "fp_mac",
             high="3+3"),
    Sequence("one sum", "vfma.f32 s0, s1, s2; vfma.f32 s0, s3, s4; vfma.f32 s0, s5, s6", "1+2+1+2+1", _MAC,
             "fp_mac", high="3+3+3"),
    Sequence("two integer instructions between",
             "vmla.f32 s0, s1, s2; adds r0, #1; adds r1, #1; vmla.f32 s3, s4, s5", "4*1", _MAC, "fp_mac",
             high="3+1+1+3"),
    Sequence("one integer instruction between", "vfma.f32 s0, s1, s2; adds r0, #1; vadd.f32 s3, s4, s5",
             "1+1+1+1", _MAC, "fp_mac", high="3+1+1"),
    Sequence("a load between", "vfma.f32 s0, s1, s2; ldr r0, [r4]; vfma.f32 s3, s4, s5", "1+2+1", _MAC,
             "fp_mac load", high="3+2+3"),
    Sequence("VLDR behind", "vfma.f32 s0, s1, s2; vldr s5, [r4]", "1+2+2", _MAC, "fp_mac load", high="3+2"),
    Sequence("integers behind", "vfma.f32 s0, s1, s2; adds r0, #1; adds r0, #1; adds r0, #1", "1+3*1", _MAC,
             "fp_mac", high="3+3*1"),
    Sequence("its result used at once", "vfma.f32 s0, s1, s2; vadd.f32 s3, s0, s4", "1+2+1+1", FPU_NOTES,
             f"fp_mac {_FRESH}", high="3+1+1"),
    Sequence("a product as its addend", "vmul.f32 s0, s1, s2; vfma.f32 s0, s3, s4", "1+1", FPU_NOTES,
             "fp_mac", high="1+3"),
    Sequence("a product as its factor", "vmul.f32 s0, s1, s2; vfma.f32 s5, s0, s4", "1+1+1", FPU_NOTES,
             f"fp_mac {_FRESH}", high="1+1+3"),
    Sequence("its result as a factor", "vfma.f32 s0, s1, s2; vfma.f32 s3, s0, s4", "1+2+1+1", FPU_NOTES,
             f"fp_mac {_FRESH}", high="3+1+3"),
)  # fmt: skip

_DIVISION = f"{FPU_TABLE}; {GCC}"
FLOATING_DIVISION = (
    Sequence("VDIV", "vdiv.f32 s0, s1, s2", "1", _DIVISION, "fp_divide", high="14"),
    Sequence("VSQRT", "vsqrt.f32 s0, s1", "1", _DIVISION, "fp_divide", high="14"),
    Sequence("integers behind", f"vdiv.f32 s0, s1, s2; {'; '.join(['adds r0, #1'] * 5)}", "1+5*1", _DIVISION,
             "fp_divide", high="14+5*1"),
    Sequence("floating point behind", "vdiv.f32 s0, s1, s2; vadd.f32 s3, s4, s5", "1+13+1", _DIVISION,
             "fp_divide", high="14+1"),
    Sequence("integers, then floating point behind",
             "vdiv.f32 s0, s1, s2; adds r0, #1; adds r0, #1; adds r0, #1; vmul.f32 s3, s4, s5", "1+3*1+10+1",
             _DIVISION, "fp_divide", high="14+3*1+1"),
    Sequence("fourteen integers, then floating point",
             f"vdiv.f32 s0, s1, s2; {'; '.join(['adds r0, #1'] * 14)}; vmul.f32 s3, s4, s5", "1+14*1+1",
             _DIVISION, "fp_divide", high="14+14*1+1"),
    Sequence("its result used at once", "vdiv.f32 s0, s1, s2; vadd.f32 s3, s0, s4", "1+13+1+1", FPU_NOTES,
             f"fp_divide {_FRESH}", high="14+1+1"),
    Sequence("its result stored at once", "vdiv.f32 s0, s1, s2; vstr s0, [r4]", "1+13+1+1", FPU_NOTES,
             f"fp_divide {_FRESH} store", high="14+1+1"),
    Sequence("its result as an addend", "vdiv.f32 s0, s1, s2; vfma.f32 s0, s3, s4", "1+13+1", FPU_NOTES,
             "fp_divide fp_mac", high="14+3"),
    Sequence("its result moved after an addition", "vdiv.f32 s0, s1, s2; adds r0, #1; vmov r1, s0",
             "1+1+12+1", _DIVISION, "fp_divide", high="14+1+1"),
    Sequence("two", "vsqrt.f32 s0, s1; vsqrt.f32 s2, s3", "1+13+1", _DIVISION, "fp_divide", high="14+14"),
    Sequence("floating point behind a branch", "vdiv.f32 s0, s1, s2; b.n 1f; nop; 1: vadd.f32 s3, s4, s5",
             "1+1+1+11+1", f"{_DIVISION}; {TABLE}", "fp_divide refill", high="14+1+1+1"),
    Sequence("floating point behind a branch not taken",
             "vdiv.f32 s0, s1, s2; bne.n 1f; vadd.f32 s3, s4, s5; 1:", "1+1+12+1", _DIVISION, "fp_divide",
             high="14+1+1"),
)  # fmt: skip

FLOATING_TRANSFERS = (
    Sequence("VLDR", "vldr s0, [r4]", "2", FPU_TABLE, "load"),
    Sequence("VSTR", "vstr s0, [r4, #4]", "1", f"{NOTES}; {GCC}", "store"),
    Sequence("two VLDR", "vldr s0, [r4]; vldr s1, [r4, #4]", "2+1", f"{NOTES}; {GCC}", _PIPELINE),
    Sequence("LDR, VLDR, LDR", "ldr r0, [r4]; vldr s1, [r5]; ldr r1, [r6]", "2+1+1", f"{NOTES}; {GCC}",
             _PIPELINE),
    Sequence("four VLDR, the first from a late address",
             "adds r1, r4, #4; vldr s0, [r1]; vldr s1, [r1, #4]; vldr s2, [r1, #8]; vldr s3, [r1, #12]",
             "1+3+3*1", f"{NOTES}; {GCC}", f"{_PIPELINE} address_late"),
    Sequence("VLDR from an address loaded before", "ldr r0, [r4]; vldr s1, [r0]", "2+2", NOTES, "load"),
    Sequence("VSTR after VLDR", "vldr s0, [r4]; vstr s0, [r5]", "2+1", NOTES, "load store"),
    Sequence("VLDR after VSTR", "vstr s0, [r4]; vldr s1, [r5]", "1+2+2", POLYMUL, _AFTER_STORE),
    Sequence("VLDR of a double after VSTR", "vstr s0, [r4]; vldr d1, [r5]", "1+1+2+1", JNK0LE,
             "store multiple read_after_store"),
    Sequence("VLDR of a literal after VSTR", "vstr s0, [r4]; vldr s1, 2f", "1+2+1", JNK0LE,
             "store load read_after_store", after=".balign 4; 2: .word 0"),
    Sequence("VLDR of a literal", "vldr s0, 2f", "2", FPU_TABLE, "load", after=".balign 4; 2: .word 0"),
    Sequence("VLDR of a literal, then of SRAM", "vldr s0, 2f; vldr s1, [r4]", "2+2", JNK0LE, "load",
             after=".balign 4; 2: .word 0"),
    Sequence("VLDR, VSTR of a double", "vldr d0, [r4]; vstr d1, [r5]", "1+2+1+2", FPU_TABLE, "multiple"),
    Sequence("VLDM of four", "vldm r4, {s0-s3}", "1+4", FPU_TABLE, "multiple"),
    Sequence("VLDM of four doubles", "vldm r4!, {d0-d3}", "1+2*4", FPU_TABLE, "multiple"),
    Sequence("VSTM of one", "vstm r4!, {s5}", "1+1", FPU_TABLE, "multiple"),
    Sequence("VSTMDB of six", "vstmdb r6!, {s0-s5}", "1+6", FPU_TABLE, "multiple"),
    Sequence("VPUSH of four", "vpush {s16-s19}", "1+4", FPU_TABLE, "multiple"),
    Sequence("VPUSH, VPOP of eight doubles", "vpush {d8-d15}; vpop {d8-d15}", "1+2*8+1+2*8", FPU_TABLE,
             "multiple"),
    Sequence("VLDR after VLDM", "vldm r4, {s0, s1}; vldr s2, [r5]", "1+2+2", NOTES, "load multiple"),
    Sequence("a NOP behind VLDR", "vldr s0, [r4]; nop", "2+0", JNK0LE, "load nop_hides"),
)  # fmt: skip

_WAITS = "wait_states flash_line"
_FLASH = "the rule itself: a line of 16 bytes, or a refill, waits"
_STRAIGHT = "; ".join(["adds r0, #1"] * 16)
_BRANCHY = "b.n 1f; .balign 16; 1: movs r0, #1; b.n 2f; .balign 16; 2: movs r0, #1"
WAIT_STATES = (  # the hint before ends the line before, so that each sequence begins with a new one
    Sequence("two lines of 16 bits", _STRAIGHT, "16*1+2*1", _FLASH, _WAITS, wait_states=1),
    Sequence("two lines of 16 bits", _STRAIGHT, "16*1+2*2", _FLASH, _WAITS, wait_states=2),
    Sequence("two lines of 32 bits", "; ".join([_WIDE] * 8), "8*1+2*1", _FLASH, _WAITS, wait_states=1),
    Sequence("an instruction over a line's end", f"{'; '.join(['adds r0, #1'] * 7)}; {_WIDE}", "7*1+1+2*1",
             _FLASH, _WAITS, wait_states=1),
    Sequence("two branches", _BRANCHY, "1+1+1+1+1+1+1+1+1", _FLASH, f"refill {_WAITS}", wait_states=1),
    Sequence("two branches", _BRANCHY, "2+1+1+2+1+1+1+2+1", _FLASH, f"refill {_WAITS}", wait_states=2),
    Sequence("a loop", "movs r0, #3; 1: subs r0, #1; bne.n 1b", "2+1+3*1+3*1+2*1+2*2", _FLASH,
             f"refill {_WAITS}", wait_states=2),
    Sequence("a call", "bl 2f; movs r0, #1", "1+1+1+1+1+2+1+1", _FLASH, f"refill refill_register {_WAITS}",
             wait_states=1, after=_FUNCTION),
    Sequence("a literal", f"ldr r0, {_LITERAL}", "1+2+1", _FLASH, f"load {_WAITS}", wait_states=1),
    Sequence("SRAM", "ldr r0, [r4]; str r0, [r5]", "1+2+1", _FLASH, f"load store {_WAITS}", wait_states=1),
    Sequence("a branch not taken at a line's end",
             f"{'; '.join(['movs r0, #1'] * 7)}; beq.n 1f; movs r0, #1; 1:", "1+7*1+1+1+1", _FLASH, _WAITS,
             wait_states=1),
)  # fmt: skip

EXCEPTIONS = (
    Sequence("SVC", "svc #0; movs r1, #1", "1+12+1+1+1+1+10+1", "TRM, exceptions",
             "exception_entry refill exception_return"),
    Sequence("SVC, its handler with a return that is skipped", "svc #0; movs r1, #1", "1+12+1+1+1+1+1+1+10+1",
             "TRM, exceptions", "exception_entry exception_return", setup="movs r0, #0"),
    Sequence("NMI, then PendSV by tail-chaining", "str r0, [r7]; dsb; isb; movs r1, #1",
             "1+1+1+1+12+1+1+6+1+2+1+2+10+1", "TRM, exceptions",
             "store refill exception_entry multiple exception_chain exception_return",
             setup="ldr r7, =0xE000ED04; mov.w r0, #0x90000000"),
    Sequence("PendSV, its handler saving registers", "str r0, [r7]; dsb; isb; movs r1, #1",
             "1+1+1+1+12+1+2+1+2+10+1", "TRM, exceptions",
             "store refill exception_entry multiple exception_return",
             setup="ldr r7, =0xE000ED04; mov.w r0, #0x10000000"),
)  # fmt: skip

GROUPS: dict[str, tuple[Sequence, ...]] = {
    "arithmetic": ARITHMETIC,
    "multiplication": MULTIPLICATION,
    "division": DIVISION,
    "load": LOADS,
    "pipelined load": PIPELINED_LOADS,
    "store": STORES,
    "address": ADDRESSES,
    "multiple": MULTIPLES,
    "load of pc": LOADS_OF_PC,
    "exclusive": EXCLUSIVES,
    "branch": BRANCHES,
    "loop": LOOPS,
    "conditional": CONDITIONALS,
    "nop": NOPS,
    "system": SYSTEM,
    "fetch": FETCHES,
    "unaligned": UNALIGNED,
    "floating point": FLOATING,
    "floating-point move": FLOATING_MOVES,
    "multiply-accumulate": MULTIPLY_ACCUMULATE,
    "floating-point division": FLOATING_DIVISION,
    "floating-point transfer": FLOATING_TRANSFERS,
    "wait states": WAIT_STATES,
    "exception": EXCEPTIONS,
}
