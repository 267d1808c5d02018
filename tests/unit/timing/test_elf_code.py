"""Names of code and the vector table, in images that assembler and linker were told to make."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from hil.errors import ImageError
from hil.image import prebuilt_dir
from hil.kinds import IMAGE_KINDS
from hil.measure.elf import (
    load_functions,
    load_sections,
    load_segments,
    names_system_control,
    names_systick,
    vector_table,
)
from timing_programs import STACK_TOP, assembler, build

BODY = """
FUNCTION main
    push {r4, lr}
1:  b 1b
.Lhidden:
inside:                         // local, without a type
    pop {r4, pc}
END main

.global by_label
by_label:                       // no type, no size
    nop
    nop
    nop
    nop

.global first, second
.thumb_func
.local alias
.thumb_func
alias:
.thumb_func
second:
.thumb_func
first:
    bx lr
.size first, 2
    nop

FUNCTION systick
    bx lr
END systick

FUNCTION svc
    ldr.w r0, [r0]
    bx lr
END svc

.section .text.other, "ax"
.global last_label
.thumb_func
last_label:
    bx lr
.data
.global in_data
.type in_data, %function
in_data: .word 1
"""

BARE = """
.syntax unified
.cpu cortex-m4
.thumb
.section .vectors, "a"
    .word 0x20001000, reset, 0, {second}, 0
.text
.global reset, handler
.thumb_func
reset:
    nop
    nop
    b .
.thumb_func
handler:
    b .
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("code"), {"main.S": assembler(BODY)})


def _bare(folder: Path, second: str) -> Path:
    (folder / "bare.s").write_text(BARE.format(second=second))
    subprocess.run(["arm-none-eabi-as", "bare.s", "-o", "bare.o"], cwd=folder, check=True)
    (folder / "bare.ld").write_text("SECTIONS { .text 0 : { *(.vectors) *(.text) } }")
    command = ["arm-none-eabi-ld", "-T", "bare.ld", "-e", "reset", "bare.o", "-o", "bare.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "bare.elf"


def test_every_place_in_code_has_one_name(image: Path) -> None:
    functions = load_functions(image)
    names = [one.name for one in functions]
    assert {"reset", "leave", "main", "by_label", "systick", "svc", "last_label"} <= set(names)
    assert len({"unexpected", "hard_fault", "irq0", "irq1", "usage_fault"} & set(names)) == 1
    assert not {"inside", "in_data", "alias", "second", "stack_top", "$t", "$d"} & set(names)
    assert "first" in names  # of three names the one that has a size
    starts = [one.address for one in functions]
    assert starts == sorted(set(starts))
    assert all(start % 2 == 0 for start in starts)


def test_no_place_reaches_into_the_next(image: Path) -> None:
    functions = {one.name: one for one in load_functions(image)}
    assert functions["by_label"].size == 8  # to the next name
    assert functions["first"].size == 2
    assert functions["main"].size == 6
    ends = sorted((one.address, one.address + one.size) for one in functions.values())
    assert all(before[1] <= after[0] for before, after in pairwise(ends))


def test_the_table_tells_what_comes_from_outside(image: Path) -> None:
    at = {one.name: one.address for one in load_functions(image)}
    table = vector_table(image)
    assert (table.initial_sp, table.reset) == (STACK_TOP, at["reset"])
    handlers = {one.address: one for one in table.handlers}
    default = at["hard_fault"]
    assert set(handlers) == {default, at["svc"], at["systick"]}
    assert handlers[at["systick"]].interrupt
    assert not handlers[at["svc"]].interrupt
    assert handlers[default].interrupt  # of irq0 too
    assert handlers[at["svc"]].second == at["svc"] + 4
    assert handlers[at["systick"]].second == at["systick"] + 2


def test_the_table_ends_at_what_is_no_code(tmp_path: Path) -> None:
    table = vector_table(_bare(tmp_path, "0x12345678"))
    assert (table.initial_sp, table.reset, table.handlers) == (0x2000_1000, 5 * 4, ())
    assert vector_table(_bare(tmp_path, "reset + 4")).handlers == ()


def test_a_handler_may_be_the_last_halfword(tmp_path: Path) -> None:
    image = _bare(tmp_path, "handler")
    at = {one.name: one.address for one in load_functions(image)}
    (only,) = vector_table(image).handlers
    assert (only.address, only.second) == (at["handler"], at["handler"] + 2)


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_the_table_begins_the_image_wherever_flash_is(kind: str) -> None:
    """Flash at 0x08000000 shows at 0 too, where the core begins."""
    elf = prebuilt_dir(kind) / "fastgrnn_digits-q15.elf"
    at = {one.name: one.address for one in load_functions(elf)}
    table = vector_table(elf)
    (stack,) = [one for one in load_sections(elf) if one.name == ".stack"]
    assert table.reset == at.get("reset", at["Reset_Handler"])  # a board may have work before it
    assert table.initial_sp == stack.address + stack.size
    assert any(one.address == at["SysTick_Handler"] and one.interrupt for one in table.handlers)


def test_an_address_without_a_table_has_none(image: Path) -> None:
    table = vector_table(image, 0x4000_0000)
    assert (table.initial_sp, table.reset, table.handlers) == (0, None, ())


@pytest.mark.parametrize(
    ("body", "systick", "control"),
    [
        ("ldr r0, =0xE000E014", True, False),
        ("ldr r0, =0xE000ED88", False, False),
        ("ldr r0, =0xE000E000", False, True),
        ("mov r7, #0xE000E000", False, True),
        ("mov r7, #0xE000", False, False),
    ],
)
def test_addresses_that_systick_is_reached_from(
    tmp_path: Path, body: str, systick: bool, control: bool
) -> None:
    image = build(tmp_path, {"main.S": assembler(f"FUNCTION main\n {body}\n bx lr\nEND main\n")})
    assert (names_systick(image), names_system_control(image)) == (systick, control)


def test_an_image_of_the_other_byte_order_is_named(tmp_path: Path) -> None:
    (tmp_path / "big.s").write_text(BARE.format(second=0))
    subprocess.run(["arm-none-eabi-as", "-EB", "big.s", "-o", "big.o"], cwd=tmp_path, check=True)
    subprocess.run(["arm-none-eabi-ld", "-EB", "big.o", "-o", "big.elf"], cwd=tmp_path, check=True)
    with pytest.raises(ImageError, match="a 32-bit big-endian ELF for EM_ARM, not a 32-bit little-endian"):
        load_segments(tmp_path / "big.elf")


def test_a_stripped_image_has_no_names(tmp_path: Path) -> None:
    image = _bare(tmp_path, "handler")
    subprocess.run(["arm-none-eabi-strip", "-s", image], check=True)
    assert load_functions(image) == []
