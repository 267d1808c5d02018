"""Instructions that `hil time` counts, and cycles that hang on what happens, in programs counted by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from timing_programs import assembler, build, hil_time, parameter

pytestmark = pytest.mark.emulated

# Instructions that each line executes stand behind it.
PROGRAM = """
FUNCTION main
    push {r4, lr}
    bl counted
    movs r4, #3
1:  mov r0, r4
    bl several
    subs r4, #1
    bne 1b
    movs r0, #4
    bl recursive
    bl by_label
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION counted
    push {r4, r5, lr}           // 1
    ldr r0, =1000               // 1
1:  nop                         // 1000
    subs r0, #1                 // 1000
    bne 1b                      // 1000
    cmp r0, #0                  // 1
    itte eq                     // 1
    moveq r1, #1                // 1
    addeq.w r1, r1, #2          // 1
    movne r1, #9                // 1, although it does nothing
    movs r2, #1                 // 1
    tbb [pc, r2]                // 1
2:  .byte (3f - 2b) / 2, (4f - 2b) / 2
3:  b 3b
4:  cbz r0, 5f                  // 1
    b 3b
.global from_here
from_here:
5:  vmov.f32 s0, #1.0           // 1
    vadd.f32 s0, s0, s0         // 1
    movs r5, #2                 // 1
6:  bl leaf                     // 2, and 2 times 2
    subs r5, #1                 // 2
    bne 6b                      // 2
.global to_here
to_here:
    pop {r4, r5, pc}            // 1
END counted

FUNCTION leaf
    eor.w r0, r0, r1, lsl #3
    bx lr
END leaf

FUNCTION several                // 3 r0 + 1
1:  subs r0, #1
    nop
    bne 1b
    bx lr
END several

FUNCTION recursive              // 5 in all but the last of r0 + 1 calls, 3 in that
    cbz r0, 1f
    push {r4, lr}
    subs r0, #1
    bl recursive
    pop {r4, pc}
1:  nop
    bx lr
END recursive

.global by_label
.thumb_func
by_label:
    nop
    bx lr
"""

COUNTED = 2 + 3000 + 8 + 3 + (2 + 2 * 2 + 2 + 2) + 1

CLOCKED = r"""
void spin(uint32_t turns);
volatile uint32_t ticks;

void systick(void)
{
    ticks++;
}

int main(void)
{
    REGISTER(0x40000008) = 0xFFFFFFFF; /* CMSDK timer 0: RELOAD, VALUE, CTRL */
    REGISTER(0x40000004) = 0xFFFFFFFF;
    REGISTER(0x40000000) = 1;
    REGISTER(0xE000E014) = 999;
    REGISTER(0xE000E018) = 0;
    REGISTER(0xE000E010) = INTERRUPTS ? 7 : 0;
    const uint32_t before = REGISTER(0x40000004);
    spin(100000);
    const uint32_t after = REGISTER(0x40000004);
    say_number(before - after);
    return 0;
}
"""

SPIN = "FUNCTION spin\n1: subs r0, #1\n bne 1b\n bx lr\nEND spin\n"

ACCESSES = """
FUNCTION main
    push {r4, lr}
    ldr r4, =data
    movs r0, #0
    bl conditional
    movs r0, #1
    bl conditional
    mov r0, r4
    bl mixed
    add.w r0, r4, #1
    bl mixed
    add.w r0, r4, #2
    bl mixed
    add.w r0, r4, #3
    bl mixed
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION conditional            // its accesses happen when r0 is not 0
    movs r3, #100
    push {r4-r6, lr}
1:  cmp r0, #0
    ittt ne
    ldrne r1, [r4]
    ldmne r4, {r1, r2}
    strne r1, [r4]
    subs r3, #1
    bne 1b
    pop {r4-r6, pc}
END conditional

FUNCTION mixed
    push {r4-r6, lr}
    ldr r1, [r0]
    ldr r2, [r0, #4]
    ldr r3, [r0, #2]
    ldrh r4, [r0, #2]
    ldrb r5, [r0, #1]
    ldr r6, [r0], #6
    ldr r1, [r0]
    ldrsh.w r2, [r0, #-2]
    mov r3, r0
    ldr r4, [r3, #4]
    movs r5, #3
    ldr r6, [r3, r5]
    pop {r4-r6, pc}
END mixed

.bss
.balign 8
data: .space 32
"""
WORDS, HALVES = (0, 4, 2, 0, 6, 10, 9), (2, 4)  # offsets of mixed's loads


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("counts"), {"main.S": assembler(PROGRAM)})


@pytest.fixture(scope="module")
def accesses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("accesses"), {"main.S": assembler(ACCESSES)})


@pytest.fixture
def _busy() -> Iterator[None]:
    """Another process takes the processor meanwhile."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        yield
        process.kill()


def test_each_executed_instruction_is_counted_once(program: Path) -> None:
    timed = hil_time(program, "--function", "counted")
    assert (timed.code, timed.told["instructions"], timed.told["regions"]) == (0, COUNTED, 1)
    kinds = {kind["class"]: kind["instructions"] for kind in timed.told["kinds"]}
    assert (kinds["branch"], kinds["call"], kinds["table branch"], kinds["it"]) == (1000 + 1 + 2 + 2, 2, 1, 1)
    assert (kinds["fp"], kinds["fp move"], kinds["nop"]) == (1, 1, 1000)


def test_from_a_place_to_a_place(program: Path) -> None:
    timed = hil_time(program, "--from", "from_here", "--to", "to_here")
    assert (timed.code, timed.told["instructions"]) == (0, 3 + 2 + 4 + 2 + 2)
    numbers = [f"{hex(address)}" for address in _addresses(program, "from_here", "to_here")]
    again = hil_time(program, "--from", numbers[0], "--to", numbers[1])
    assert again.told["instructions"] == timed.told["instructions"]


def _addresses(elf: Path, *names: str) -> list[int]:
    listing = subprocess.run(["arm-none-eabi-nm", elf], capture_output=True, text=True, check=True).stdout
    found = {
        name: int(address, 16) & ~1 for address, _, name in (line.split() for line in listing.splitlines())
    }
    return [found[name] for name in names]


def test_each_call_of_a_function_is_a_region(program: Path) -> None:
    timed = hil_time(program, "--function", "several")
    assert [one["instructions"] for one in timed.told["all_regions"]] == [3 * 3 + 1, 3 * 2 + 1, 3 + 1]
    assert timed.told["instructions"] == 3 * 2 + 1  # the middle one
    assert timed.function("several")["calls"] == 3


def test_no_more_regions_than_asked_for(program: Path) -> None:
    timed = hil_time(program, "--function", "several", "--regions", "2")
    assert (timed.code, timed.told["regions"], timed.told["exit_code"]) == (0, 2, None)


def test_a_function_that_calls_itself_is_one_region(program: Path) -> None:
    timed = hil_time(program, "--function", "recursive")
    assert (timed.code, timed.told["regions"], timed.told["instructions"]) == (0, 1, 4 * 5 + 3)
    assert timed.told["stack_bytes"] == 4 * 8
    spent = timed.function("recursive")
    assert spent["calls"] == 5
    assert spent["own_cycles"] == spent["total_cycles"] == timed.told["cycles"]["nominal"]


def test_a_label_in_assembler_is_a_function(program: Path) -> None:
    timed = hil_time(program, "--function", "by_label")
    assert (timed.code, timed.told["instructions"]) == (0, 2)
    whole = hil_time(program)
    assert (whole.function("by_label")["calls"], whole.function("by_label")["instructions"]) == (1, 2)


@pytest.mark.parametrize("interrupts", ["0", "1"])
def test_the_count_is_that_of_the_emulators_clock(tmp_path: Path, interrupts: str) -> None:
    """QEMU's timer ticks at 25 MHz, its clock by a nanosecond for each instruction."""
    sources = {"main.c": CLOCKED, "spin.S": assembler(SPIN)}
    elf = build(tmp_path, sources, ["-O2", f"-DINTERRUPTS={interrupts}"])
    timed = hil_time(elf, "--function", "spin")
    assert (timed.code, timed.told["clock"]) == (0, "instructions")
    assert abs(timed.told["instructions"] - 40 * int(timed.err)) <= 2 * 40
    assert timed.function("spin")["instructions"] == 2 * 100000 + 1
    assert (timed.told["instructions"] > 2 * 100000 + 1) == (interrupts == "1")


@pytest.mark.usefixtures("_busy")
def test_a_program_that_looks_at_clocks_costs_the_same_each_time(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.c": CLOCKED, "spin.S": assembler(SPIN)}, ["-O2", "-DINTERRUPTS=1"])
    first, *others = (hil_time(elf) for _ in range(5))
    assert first.code == 0
    assert [(other.out, other.err) for other in others] == [(first.out, first.err)] * 4


def test_a_program_that_starts_a_clock_is_repeatable(tmp_path: Path) -> None:
    """Whether its interrupts come before its end must not hang on how fast the host is."""
    source = CLOCKED.replace("REGISTER(0x40000004);", "0;").replace("say_number(before - after);", "")
    source = source.replace("after = 0;", "after = before; (void)after;")
    elf = build(tmp_path, {"main.c": source, "spin.S": assembler(SPIN)}, ["-O2", "-DINTERRUPTS=1"])
    timed = hil_time(elf, "--function", "spin")
    assert (timed.code, timed.told["clock"]) == (0, "instructions")
    assert timed.function("systick")["instructions"] > 0


DIVIDES = """
FUNCTION main
    vmov.f32 s0, #1.0
    vmov.f32 s1, #2.0
    vdiv.f32 s2, s0, s1
    adds r1, #1
    {waits}
    vdiv.f32 s3, s0, s1
    adds r1, #1
    b 1f
1:  {waits}
    movs r0, #0
    bx lr
END main
"""


@pytest.mark.parametrize(
    ("waits", "kind"),
    [("vadd.f32 s4, s0, s0", "fp"), ("vmov r2, s0", "fp move"), ("vldr s5, [sp]", "fp load")],
)
def test_a_wait_for_a_division_is_the_divisions(tmp_path: Path, waits: str, kind: str) -> None:
    elf = build(tmp_path, {"main.S": assembler(DIVIDES.format(waits=waits))})
    kinds = {one["class"]: one for one in hil_time(elf, "--function", "main").told["kinds"]}
    least = parameter("load") if kind == "fp load" else 1
    assert kinds[kind]["cycles"] <= least * kinds[kind]["instructions"]
    # One addition passes beside each, and beside the second a branch of two cycles too.
    assert kinds["fp divide"]["cycles"] == 2 * parameter("fp_divide") - 1 - 1 - 2


STARTS_SYSTICK = """
FUNCTION main
    push {{r4, lr}}
    mov r0, #0xE000E000
    movs r1, #50
    bl starts
    ldr r2, =100000
1:  subs r2, #1
    bne 1b
    movs r0, #0
    pop {{r4, pc}}
END main

FUNCTION starts                 // from the base of all of the core's registers
    {store}
    bx lr
END starts

FUNCTION systick
    bx lr
END systick
"""


@pytest.mark.parametrize(
    ("store", "clock"),
    [
        ("str.w r1, [r0, #0xD88] // CPACR: the FPU", "not used"),
        ("str r1, [r0, #0x14]\n str r1, [r0, #0x18]\n movs r2, #7\n str r2, [r0, #0x10]", "instructions"),
        ("adds r0, #0x10\n movs r2, #0\n movs r3, #50\n stmia r0!, {r2, r3}", "instructions"),
    ],
    ids=["FPU", "SysTick", "SysTick at once"],
)
def test_only_what_starts_a_clock_makes_it_count(tmp_path: Path, store: str, clock: str) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(STARTS_SYSTICK.format(store=store))}))
    assert (timed.code, timed.told["clock"]) == (0, clock), timed.err


@pytest.mark.parametrize(("register", "reads"), [("0xE0001004", True), ("0xE000ED00", False)])
def test_reading_the_cycle_counter_is_told(tmp_path: Path, register: str, reads: bool) -> None:
    source = f"int main(void) {{ return REGISTER({register}) == 1u; }}\n"
    elf = build(tmp_path, {"main.c": source})
    timed, text = hil_time(elf), hil_time(elf, "--text")
    assert timed.told["reads_dwt"] is reads
    assert ("CYCCNT stands at 0 in QEMU" in text.out) is reads


def test_one_region_is_listed_as_several_are(program: Path) -> None:
    told = hil_time(program, "--function", "counted").told
    figures = {"instructions": COUNTED, "cycles": told["cycles"]["nominal"], "stack_bytes": 12}
    assert told["all_regions"] == [figures]


def test_an_access_within_it_costs_what_happens(accesses: Path) -> None:
    skipped, executed = hil_time(accesses, "--function", "conditional").told["all_regions"]
    assert skipped["instructions"] == executed["instructions"]
    assert executed["cycles"] > skipped["cycles"]
    assert (executed["cycles"] - skipped["cycles"]) % 100 == 0


def test_an_unaligned_load_costs_its_penalty(accesses: Path) -> None:
    at = [one["cycles"] for one in hil_time(accesses, "--function", "mixed").told["all_regions"]]
    expected = [sum(_penalty(base + offset, 4) for offset in WORDS) for base in range(4)]
    expected = [sum(_penalty(b + o, 2) for o in HALVES) + words for b, words in enumerate(expected)]
    assert [cycles - at[0] for cycles in at] == [penalty - expected[0] for penalty in expected]
    assert len(set(expected)) > 2


def _penalty(address: int, size: int) -> int:
    if address % size == 0:
        return 0
    return parameter("unaligned_byte" if size == 4 and address % 2 == 1 else "unaligned_half")


# The whole up to BNE is one block for QEMU, which ends it at the access to the UART where that must be a
# block's last instruction: in newer releases, and with a clock that counts instructions.
TO_A_DEVICE = """
FUNCTION main
    ldr r0, =0x40004008
    movs r1, #1
    movs r2, #100
    str r1, [r0]
1:  subs r2, #1
    bne 1b
    movs r0, #0
    bx lr
END main
"""


@pytest.mark.parametrize("more", ["", ".word 0xE000E010 // SysTick's, so that the clock counts\n"])
def test_an_access_to_a_device_is_no_end_of_a_block(tmp_path: Path, more: str) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(TO_A_DEVICE + more)}), "--function", "main")
    assert (timed.code, timed.told["clock"]) == (0, "instructions" if more else "not used")
    assert timed.told["instructions"] == 4 + 100 * 2 + 2
    assert timed.told["cycles"]["nominal"] == 2 + 1 + 1 + 1 + 100 + 99 * 2 + 1 + 1 + 3
