"""The deepest that a function's stack went, to the byte, against what SP was in its deepest part."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack_programs import ASSEMBLER, CASES, CHAINED, FUNCTIONS, STORM, WAITS
from timing_programs import STACK_TOP, assembler, build, hil_time

pytestmark = pytest.mark.emulated

# Each case is a function; its deepest part notes SP, and main says how far below its own that was.


INTERRUPTED = r"""
volatile uint32_t flag, lowest = ~0u;
static float scale = 1.5f;

uint32_t waits_for_it(volatile uint32_t *flag);

static inline __attribute__((always_inline)) void note(void)
{
    const uint32_t sp = stack_pointer();
    lowest = sp < lowest ? sp : lowest;
}

void irq0(void)
{
    volatile uint32_t a[7];
    a[0] = 0;
    note();
    flag = 1 + a[0];
}

void systick(void)
{
    volatile uint32_t a[3];
    a[0] = 1;
    REGISTER(0xE000E010) = a[0] - 1;
    note();
#ifdef NESTED
    REGISTER(0xE000E200) = 1; /* pends irq0, which goes before */
    __asm volatile("dsb\n\tisb");
#else
    flag = a[0];
#endif
}

int main(void)
{
    REGISTER(0xE000ED20) = 0xC0u << 24; /* SysTick's priority */
    REGISTER(0xE000E100) = 1;
#ifdef FLOATS
    scale *= (float)flag;
#else
    (void)scale;
#endif
    REGISTER(0xE000E014) = 50;
    REGISTER(0xE000E018) = 0;
    REGISTER(0xE000E010) = 7;
    const uint32_t before = stack_pointer();
    waits_for_it(&flag);
    say_number(before - lowest);
    return 0;
}
"""


@pytest.fixture(scope="module", params=["-O0", "-Os", "-O2"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = {"main.c": FUNCTIONS, "functions.S": assembler(ASSEMBLER)}
    return build(tmp_path_factory.mktemp("stack"), sources, [request.param])


@pytest.mark.parametrize("name", CASES)
def test_the_peak_is_where_sp_was(program: Path, name: str) -> None:
    timed = hil_time(program, "--function", name)
    assert timed.code == 0, timed.err
    said = dict(line.split() for line in timed.err.splitlines())
    assert timed.told["stack_bytes"] == int(said[name])
    assert timed.told["stack_exact"]


def test_bytes_that_no_push_follows_are_a_lower_bound(program: Path, request: pytest.FixtureRequest) -> None:
    """Nothing tells how many a leaf takes but its stores to addresses that were made of SP."""
    timed = hil_time(program, "--function", "from_stack")
    said = dict(line.split() for line in timed.err.splitlines())
    assert timed.told["stack_exact"] or timed.told["stack_bytes"] <= int(said["from_stack"])
    optimized = "-O0" not in request.node.name
    assert not optimized or int(said["from_stack"]) - timed.told["stack_bytes"] < 32


@pytest.mark.parametrize("pushed", ["r4", "r4, r5"], ids=["padded", "aligned"])
@pytest.mark.parametrize("flags", [(), ("-DNESTED",), ("-DFLOATS",), ("-DFLOATS", "-DNESTED")])
def test_interrupts_stack_their_frames(tmp_path: Path, flags: tuple[str, ...], pushed: str) -> None:
    """8 words, or 26 where the FPU is in use; SP is aligned to 8 bytes before."""
    sources = {"main.c": INTERRUPTED, "waits.S": assembler(WAITS.format(pushed=pushed))}
    timed = hil_time(build(tmp_path, sources, ["-O1", *flags]), "--function", "waits_for_it")
    assert timed.code == 0, timed.err
    assert timed.told["clock"] == "instructions"
    assert timed.told["stack_bytes"] == int(timed.err)
    assert timed.told["stack_exact"]


def test_a_program_that_uses_no_stack_but_its_callers(tmp_path: Path) -> None:
    """From reset on: what main and what it calls take below the initial SP."""
    body = "FUNCTION main\n push {r4-r6, lr}\n bl leaf\n movs r0, #0\n pop {r4-r6, pc}\nEND main\n"
    body += "FUNCTION leaf\n sub sp, #24\n add sp, #24\n bx lr\nEND leaf\n"
    timed = hil_time(build(tmp_path, {"main.S": assembler(body)}))
    assert (timed.code, timed.told["stack_bytes"], timed.told["stack_exact"]) == (0, 16 + 24, True)


REGIONS = """
FUNCTION main
    push {r4, lr}
    bl leaf
    bl ends_early
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION leaf
    push {r0-r3}
    sub sp, #400
    add sp, #400
    pop {r0-r3}
    bx lr
END leaf

FUNCTION ends_early
    push {r0, r1}
    b 1f
1:  pop {r0, r1}
.global stop
stop:
    push {r0-r7}
    pop {r0-r7}
    bx lr
END ends_early
"""


def test_a_leaf_without_a_branch_has_a_peak(tmp_path: Path) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(REGIONS)}), "--function", "leaf")
    assert timed.told["stack_bytes"] == 16 + 400


def test_what_follows_a_regions_end_is_not_in_it(tmp_path: Path) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(REGIONS)}), "--from", "ends_early", "--to", "stop")
    assert timed.told["stack_bytes"] == 8


def test_exceptions_one_after_the_other_leave_the_stack_as_it_was(tmp_path: Path) -> None:
    """SVC, then PendSV right at the end of SysTick, then a function as deep as before."""
    sources = {"main.c": CHAINED, "waits.S": assembler(WAITS.format(pushed="r4, lr"))}
    elf = build(tmp_path, sources, ["-O1", f"-DSTACK_TOP={STACK_TOP}u"])
    interrupted, whole = hil_time(elf, "--function", "interrupted"), hil_time(elf)
    assert (interrupted.code, whole.code) == (0, 0), whole.err
    among, of_all = map(int, whole.err.split())
    assert (interrupted.told["stack_bytes"], whole.told["stack_bytes"]) == (among, of_all)
    assert interrupted.told["stack_exact"]
    assert whole.told["stack_exact"]


CONDITIONAL = """
FUNCTION main
    push {r4, lr}
    movs r0, #1
    bl returns_early
    movs r0, #1
    bl pushes_early
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION returns_early          // not with r0 = 1
    push {r4, lr}
    cmp r0, #0
    it eq
    popeq {r4, pc}
    push {r4-r7}
    bl below
    pop {r4-r7}
    pop {r4, pc}
END returns_early

FUNCTION pushes_early           // not with r0 = 1
    push {r4, lr}
    cmp r0, #0
    it eq
    pusheq {r4-r7}
    push {r4-r5}
    bl below
    pop {r4-r5}
    pop {r4, pc}
END pushes_early

FUNCTION below
    push {r4, r5}
    b 1f
1:  pop {r4, r5}
    bx lr
END below
"""


@pytest.mark.parametrize(("name", "expected"), [("returns_early", 8 + 16 + 8), ("pushes_early", 8 + 8 + 8)])
def test_a_push_or_pop_that_is_skipped_moves_nothing(tmp_path: Path, name: str, expected: int) -> None:
    """Or it is said that nobody knows."""
    told = hil_time(build(tmp_path, {"main.S": assembler(CONDITIONAL)}), "--function", name).told
    assert told["stack_bytes"] == expected if told["stack_exact"] else told["stack_bytes"] < expected


@pytest.mark.parametrize("flags", [("-O1",), ("-O2",), ("-Os", "-DFLOATS"), ("-O1", "-DFLOATS")])
def test_the_peak_in_a_storm_of_interrupts(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Every 280 instructions one, some within others and some right after others."""
    timed = hil_time(build(tmp_path, {"main.c": STORM}, [*flags, f"-DSTACK_TOP={STACK_TOP}u"]))
    assert timed.code == 0, timed.err
    deepest, ticks = map(int, timed.err.split())
    assert ticks > 30
    assert (timed.told["stack_bytes"], timed.told["stack_exact"]) == (deepest, True)
