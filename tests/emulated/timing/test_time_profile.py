"""What `hil time` says of each function: own and total cycles, calls, and call paths for a flame graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from timing_programs import assembler, build, hil_time

pytestmark = pytest.mark.emulated

# Instructions that each line executes in one call of ``top`` stand behind it.
PROGRAM = """
FUNCTION main
    push {r4, lr}
    bl top
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION top
    push {r4, lr}               // 1
    movs r4, #3                 // 1
1:  mov r0, r4                  // 3
    bl chooses                  // 3
    subs r4, #1                 // 3
    bne 1b                      // 3
    ldr r3, =through + 1        // 1
    blx r3                      // 1
    movs r0, #2                 // 1
    bl recursive                // 1
    pop.w {r4, lr}              // 1
    b last                      // 1, a tail call
END top

FUNCTION chooses                // called with 3, 2, 1
    subs r0, #1                 // 3
    tbb [pc, r0]                // 3
2:  .byte (3f - 2b) / 2, (4f - 2b) / 2, (5f - 2b) / 2, 0
3:  movs r0, #10                // 1
    bx lr                       // 1
4:  movs r0, #20                // 1
    nop                         // 1
    bx lr                       // 1
5:  b.w elsewhere               // 1, a tail call within the loop
END chooses

FUNCTION elsewhere
    nop                         // 1
    nop                         // 1
    bx lr                       // 1
END elsewhere

FUNCTION through
    push {lr}                   // 1
    bl leaf                     // 1
    bl leaf                     // 1
    pop {pc}                    // 1
END through

FUNCTION leaf
    muls r0, r0, r0             // 2
    bx lr                       // 2
END leaf

FUNCTION recursive              // called with 2, 1, 0
    push {r4, lr}               // 3
    cbz r0, 1f                  // 3
    subs r0, #1                 // 2
    bl recursive                // 2
1:  bl leaf                     // 3
    pop {r4, pc}                // 3
END recursive

FUNCTION last
    movs r0, #0                 // 1
    bx lr                       // 1
END last
"""
INSTRUCTIONS = {
    "top": 20,
    "chooses": 6 + 2 + 3 + 1,
    "elsewhere": 3,
    "through": 4,
    "leaf": (2 + 3) * 2,
    "recursive": 16,
    "last": 2,
}
CALLS = {"top": 1, "chooses": 3, "through": 1, "leaf": 5, "recursive": 3}
PATHS = {
    "top",
    "top;chooses",
    "top;through",
    "top;through;leaf",
    "top;recursive",
    "top;recursive;recursive;leaf",
}

C_PROGRAM = r"""
typedef uint32_t operation(uint32_t);
NOINLINE static uint32_t twice(uint32_t x) { __asm volatile(""); return 2u * x; }
NOINLINE static uint32_t thrice(uint32_t x) { __asm volatile(""); return 3u * x; }
NOINLINE static uint32_t tail(uint32_t x) { __asm volatile(""); return twice(x + 1u); }
static operation *const volatile table[] = {twice, thrice, tail};

NOINLINE uint32_t chosen(uint32_t x)
{
    switch (x) {
    case 0: return twice(x);
    case 1: return thrice(x) + 1u;
    case 2: return tail(x) ^ 5u;
    case 3: return x * 7u;
    case 4: return twice(x) + thrice(x);
    case 5: return 11u;
    default: return 0u;
    }
}

NOINLINE uint32_t work(uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += table[i % 3u](i) + chosen(i % 8u);
    }
    return sum;
}

int main(void)
{
    return work(24) == 0u;
}
"""


def test_each_function_has_its_own_instructions_and_calls(tmp_path: Path) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(PROGRAM)}), "--function", "top")
    found = {one["function"]: one for one in timed.told["functions"]}
    assert {name: one["instructions"] for name, one in found.items()} == INSTRUCTIONS
    assert {name: found[name]["calls"] for name in CALLS} == CALLS


def test_totals_hold_what_was_called(tmp_path: Path) -> None:
    """What a tail call leads to is its caller's caller's."""
    timed = hil_time(build(tmp_path, {"main.S": assembler(PROGRAM)}), "--function", "top")
    found = {one["function"]: one for one in timed.told["functions"]}
    own = {name: one["own_cycles"] for name, one in found.items()}
    total = {name: one["total_cycles"] for name, one in found.items()}
    nominal = timed.told["cycles"]["nominal"]
    assert total["top"] == nominal - own["last"]
    assert total["leaf"] == own["leaf"]
    each = own["leaf"] // 5
    assert own["leaf"] == 5 * each  # always after the same branch
    assert total["through"] == own["through"] + 2 * each
    assert total["recursive"] == own["recursive"] + 3 * each  # counted once


def test_the_folded_paths_add_up(tmp_path: Path) -> None:
    elf, folded = build(tmp_path, {"main.S": assembler(PROGRAM)}), tmp_path / "top.folded"
    timed = hil_time(elf, "--function", "top", "--folded", str(folded))
    lines = [line.rsplit(" ", 1) for line in folded.read_text().splitlines()]
    assert sum(int(cycles) for _, cycles in lines) == timed.told["cycles"]["nominal"]
    paths = {path for path, _ in lines}
    assert paths >= PATHS
    assert not any("main" in path or "reset" in path for path in paths)


@pytest.mark.parametrize("flags", ["-O0", "-O2", "-Os"])
def test_pointers_switches_and_tail_calls_of_c(tmp_path: Path, flags: str) -> None:
    """Whatever the compiler made of it, all is below the function that was asked for."""
    elf = build(tmp_path, {"main.c": C_PROGRAM}, [flags])
    timed = hil_time(elf, "--function", "work")
    assert (timed.code, timed.told["regions"]) == (0, 1)
    found = {one["function"]: one for one in timed.told["functions"]}
    assert set(found) == {"work", "chosen", "twice", "thrice", "tail"}
    assert found["work"]["total_cycles"] == timed.told["cycles"]["nominal"]
    assert found["chosen"]["calls"] == 24
    # Of the table each third, of the switch each eighth; a tail call may stand for a call.
    called = {"twice": 8 + 8 + 3 + 3 + 3, "thrice": 8 + 3 + 3, "tail": 8 + 3}
    assert all(found[name]["calls"] <= count for name, count in called.items())
    whole = hil_time(elf)
    assert {one["function"] for one in whole.told["functions"]} == {*found, "reset", "main", "leave"}
    # Fetching its first instruction after the call is the region's beginning, or the function's.
    assert 0 <= whole.function("work")["own_cycles"] - found["work"]["own_cycles"] <= 1
