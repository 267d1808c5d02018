"""The timing plug-in's decoder against binutils: what an opcode is, and what it does to registers."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from timing_decoder import Decoder, Line, Opcode, assemble, disassemble, require_binutils, verdict
from timing_effects import PC, SP, effects

SECONDS_OF_EACH = 33  # second halfwords tried with each of the 6,144 first ones
FP_FILLS = 12

# Instructions that an assembler makes for this processor, and that the decoder rightly does not know.
ABSENT = (
    *(
        "ldc",
        "ldcl",
        "ldc2",
        "ldc2l",
        "stc",
        "stcl",
        "stc2",
        "stc2l",
    ),  # of coprocessors that a Cortex-M4 lacks
    *("cdp", "cdp2", "mcr", "mcr2", "mrc", "mrc2", "mcrr", "mcrr2", "mrrc", "mrrc2"),
    *("udf", "udf.w"),  # undefined on purpose
    *("blx", "hlt", "setend", "setpan", "bxns", "blxns"),  # Arm code, and later architectures
)
# What the assembler takes for this processor although its registers or hints are others'.
ABSENT_TEXTS = re.compile(r"vm(rs|sr)\t.*(fpsid|mvfr\d|fpexc|fpinst)")
# Of later architectures; on this one hints without a meaning.
HINTS = ("sevl", "sevl.w", "esb", "bti", "pac", "pacbti", "aut")

# Opcodes that objdump cannot name for bits that only should be 0 or 1, or that a later architecture took from
# an unpredictable form: first mask and value, second mask and value of what they should be.
SHOULD_BE = (
    (0xFFD0, 0xFB90, 0xF000, 0xF000),  # SDIV, UDIV
    (0xFFF0, 0xE850, 0x0F00, 0x0F00),  # LDREX
    (0xFFF0, 0xE840, 0xF000, 0x0000),  # STREX of pc: TT of Armv8-M
    (0xFFF0, 0xE8D0, 0x0F00, 0x0000),  # TBB, TBH
    (0xFFE0, 0xE8C0, 0x0F00, 0x0F00),  # LDREXB to STREXH
    (0xFFFF, 0xE89F, 0xFFFF, 0x0000),  # LDM from pc: CLRM of Armv8.1-M
    (0xFB00, 0xF300, 0x8020, 0x8000),  # SSAT to UBFX
    (0xFFE0, 0xF380, 0x2300, 0x0000),  # MSR
    (0xFFE0, 0xF3A0, 0x2F00, 0x0000),  # hints, CPS
    (0xFFE0, 0xF3E0, 0x2000, 0x0000),  # MRS
    (0xFF80, 0xFA00, 0x0040, 0x0000),  # SXTH to UXTAB
    (0xFFBF, 0xEC9F, 0xFFFF, 0x0000),  # VLDM from pc: VSCCLRM of Armv8.1-M
    (0xFFF0, 0xFB50, 0x000F, 0x0000),  # SMMUL of pc: BXAUT of Armv8.1-M
    (0xFFF0, 0xFB60, 0xF000, 0x0000),  # SMMLS with pc: PACG of Armv8.1-M
    (0xFF70, 0xF830, 0xF000, 0x0000),  # a memory hint that Armv7-A calls PLDW
    (0xFFE0, 0xEE00, 0xF06F, 0x0010),  # VMOV
    (0xFFF0, 0xEEE0, 0xF0EF, 0x0010),  # VMSR
    (0xFFF0, 0xEEF0, 0xF0EF, 0x0010),  # VMRS
    (0xFFB0, 0xEEB0, 0x00F0, 0x0000),  # VMOV of a number
    (0xFFC0, 0xEE00, 0x0F60, 0x0A00),  # VMOV of half a double: the assembler wants a FPU of doubles
)


@dataclass(frozen=True)
class Sample:
    """Opcodes, what binutils says of them, and what the decoder does."""

    lines: list[Line]
    verdicts: list[str]
    fields: dict[str, npt.NDArray[np.int64]]


def _narrow() -> Iterator[Opcode]:
    yield from ((first, None) for first in range(0xE800))


def _wide() -> Iterator[Opcode]:
    draw = random.Random(20)
    for first in range(0xE800, 0x10000):
        for _ in range(SECONDS_OF_EACH):
            second = draw.randrange(0x10000)
            yield first, draw.choice((second, second, second, second | 0xF000, second & 0x0FFF))


def _floating() -> Iterator[Opcode]:
    """Every combination of the bits that choose an operation, with registers and numbers by chance."""
    draw = random.Random(21)
    for operation in range(1 << 13):
        first = 0xEE00 | (operation & 8) << 4 | (operation & 6) << 3 | (operation >> 4 & 15)
        second = 0x0A00 | (operation & 1) << 8 | (operation >> 8 & 15) << 4 | (operation >> 12) << 4
        for _ in range(FP_FILLS // 4):
            yield first | draw.randrange(2) << 6, second | draw.randrange(16) << 12 | draw.randrange(16)
    for operation in range(1 << 6):  # P, U, W, L, single or double, D
        first = 0xEC00 | (operation >> 1 & 31) << 4
        for size in range(34):
            for _ in range(FP_FILLS):
                second = (
                    draw.randrange(16) << 12 | 0x0A00 | (operation & 1) << 8 | (size or draw.randrange(256))
                )
                yield first | draw.randrange(16), second
    for first in range(0xEC40, 0xEC60):  # two registers
        for second in range(0x0A00, 0x10000, 0x1000):
            yield from (
                (first, second | draw.randrange(2) << 8 | 0x10 | draw.randrange(64)) for _ in range(FP_FILLS)
            )


def _rare() -> Iterator[Opcode]:
    """What chance seldom hits, as most of its bits are fixed."""
    for low in range(256):
        yield 0xF3AF, 0x8000 | low  # hints
        yield 0xF3BF, 0x8F00 | low  # barriers
        if low > 0:  # APSR, which objdump calls otherwise
            yield 0xF3EF, 0x8000 | (low * 5 % 13) << 8 | low  # MRS
            yield 0xF380 | low % 13, 0x8800 | low  # MSR
        yield 0xF3AF, 0x8400 | low  # CPS
        for first in (0xF10D, 0xF1AD, 0xF20D, 0xF2AD):  # ADD, SUB to SP
            yield first | (low & 1) << 10, (low >> 1 & 7) << 12 | 0x0D00 | low
        for first in (0xFA90, 0xFAA0, 0xFAB0):  # REV to REVSH, SEL, CLZ
            yield first | low % 13, 0xF080 | (low * 5 % 13) << 8 | (low >> 4 & 7) << 4 | low % 13
        for first in (0xE8C0, 0xE8D0):  # exclusive, TBB, TBH
            yield first | (low * 7 % 13), 0x0F4F | (low & 1) << 4 | (low >> 1 & 15) << 12
            yield first | (low * 7 % 13), 0x0F40 | (low & 1) << 4 | (low >> 1 & 15) << 12 | low % 13
        yield 0xE8D0 | low % 13, 0xF000 | (low >> 4 & 1) << 4 | low & 15


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    require_binutils()
    return Decoder(tmp_path_factory.mktemp("decoder"))


@pytest.fixture(scope="module", params=[_narrow, _wide, _floating, _rare], ids=lambda make: make.__name__)
def sample(request: pytest.FixtureRequest, decoder: Decoder) -> Sample:
    lines = disassemble(list(request.param()))
    verdicts = [verdict(line, made) for line, made in zip(lines, assemble(lines), strict=True)]
    return Sample(lines, verdicts, decoder(lines))


def _excused(opcode: Opcode) -> bool:
    first, second = opcode
    if second is None:
        return False
    return any(first & a == b and second & c != d for a, b, c, d in SHOULD_BE)


def test_the_decoder_knows_what_the_processor_has_and_nothing_else(sample: Sample) -> None:
    wrong = []
    for line, says, kind in zip(sample.lines, sample.verdicts, sample.fields["kind"], strict=True):
        absent = line.mnemonic in ABSENT or ABSENT_TEXTS.match(line.text) is not None
        if says == "valid" and kind == 0 and not absent:
            wrong.append(("unknown to the decoder", line))
        if says == "foreign" and kind != 0 and not _excused(line.opcode) and line.mnemonic not in HINTS:
            wrong.append(("known to the decoder alone", line))
    assert not wrong, f"{len(wrong)} of {len(sample.lines)}: {wrong[:8]}"
    assert sample.verdicts.count("valid") > len(sample.lines) // 8


def test_sizes_are_those_of_the_listing(sample: Sample) -> None:
    expected = [4 if line.opcode[1] is not None else 2 for line in sample.lines]
    assert sample.fields["size"].tolist() == expected
    assert (sample.fields["wide"] == (sample.fields["size"] == 4)).all()


def test_the_effects_are_those_of_the_text(sample: Sample, decoder: Decoder) -> None:
    """Class, flow, target, registers read and written, base, offset, writeback, transfers, SP."""
    wrong = []
    compared = 0
    for place, (line, says) in enumerate(zip(sample.lines, sample.verdicts, strict=True)):
        if says != "valid" or sample.fields["kind"][place] == 0:
            continue
        compared += 1
        got = {name: int(values[place]) for name, values in sample.fields.items()}
        shown = {**got, "kind": decoder.kinds[got["kind"]], "flow": decoder.flows[got["flow"]]}
        for name, value in vars(effects(line.text)).items():
            if value is not None and _differs(name, value, shown[name], got):
                wrong.append((f"{name} is {shown[name]}, not {value}", line))
    assert not wrong, f"{len(wrong)}: {wrong[:8]}"
    assert compared > len(sample.lines) // 8


def _differs(name: str, value: object, got: object, fields: dict[str, int]) -> bool:
    if name in ("reads", "address_from"):  # nothing hangs on pc being read
        return int(str(value)) & ~(1 << PC) != int(str(got)) & ~(1 << PC)
    if name == "sp_change":
        return (int(str(value)) - int(str(got))) % (1 << 32) != 0
    if name == "offset":  # it tells alignment, and where SP is
        told = not fields["literal"] and (fields["access"] > 1 or fields["base"] == SP)
        return told and value != got
    return value != got


def test_an_it_instruction_counts_what_it_makes_conditional(decoder: Decoder) -> None:
    lines = [
        line for line in disassemble([(0xBF00 | low, None) for low in range(256)]) if not line.unpredictable
    ]
    expected = [len(line.mnemonic) - 1 if line.mnemonic.startswith("it") else 0 for line in lines]
    assert decoder(lines)["it_length"].tolist() == expected
    assert sorted(set(expected)) == [0, 1, 2, 3, 4]
