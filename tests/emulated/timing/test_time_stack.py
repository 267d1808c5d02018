"""The deepest that a function's stack went, to the byte, against what SP was in its deepest part."""

from __future__ import annotations

from pathlib import Path

import pytest

from timing_programs import STACK_TOP, assembler, build, hil_time

pytestmark = pytest.mark.emulated

# Each case is a function; its deepest part notes SP, and main says how far below its own that was.
PROGRAM = r"""
#define TOUCH(array) __asm volatile("" : : "r"(array) : "memory")

static volatile uint32_t lowest, count;

static inline __attribute__((always_inline)) void note(void)
{
    const uint32_t sp = stack_pointer();
    if (sp < lowest) {
        lowest = sp;
    }
}

NOINLINE void third(void) { uint32_t a[5]; TOUCH(a); note(); TOUCH(a); }
NOINLINE void second(void) { uint32_t a[9]; TOUCH(a); third(); TOUCH(a); }
NOINLINE void straight(void) { uint8_t a[30]; TOUCH(a); second(); third(); TOUCH(a); }

NOINLINE uint32_t recursive(uint32_t n)
{
    uint32_t a[3] = {n, n, n};
    TOUCH(a);
    note();
    return n == 0u ? 0u : recursive(n - 1u) + a[1];
}
NOINLINE void recursion(void) { count = recursive(9); TOUCH(&count); }

NOINLINE void array(uint32_t n)
{
    uint32_t a[n];
    TOUCH(a);
    a[0] = n;
    second();
    TOUCH(a);
}
NOINLINE void variable(void) { array(count + 37u); TOUCH(&count); }

NOINLINE void taken(uint32_t n)
{
    uint8_t *const a = __builtin_alloca(n);
    TOUCH(a);
    note();
    TOUCH(a);
    a[n - 1] = a[0] = 1;
    TOUCH(a);
}
NOINLINE void from_stack(void) { taken(count % 7u + 124u); taken(50); TOUCH(&count); }

NOINLINE void aligned(void)
{
    uint32_t a[4] __attribute__((aligned(64)));
    TOUCH(a);
    third();
    TOUCH(a);
}

NOINLINE void many_arguments(int a, int b, int c, int d, int e, int f, int g)
{
    TOUCH(a + b + c + d + e + f + g);
    third();
    TOUCH(&count);
}
NOINLINE void arguments(void) { many_arguments(1, 2, 3, 4, 5, 6, 7); TOUCH(&count); }

void third_again(void) { third(); }
void pushes_floats(void);
void by_writeback(void);
void jumps(void);
void from_far(void) { uint32_t a[8]; TOUCH(a); note(); TOUCH(a); }

static void measure(const char *name, void (*function)(void))
{
    lowest = ~0u;
    count = 0;
    const uint32_t before = stack_pointer();
    function();
    const uint32_t bytes = before - lowest;
    say(name);
    say(" ");
    say_number(bytes);
}

int main(void)
{
    measure("straight", straight);
    measure("recursion", recursion);
    measure("variable", variable);
    measure("from_stack", from_stack);
    measure("aligned", aligned);
    measure("arguments", arguments);
    measure("pushes_floats", pushes_floats);
    measure("by_writeback", by_writeback);
    measure("jumps", jumps);
    return 0;
}
"""

ASSEMBLER = """
FUNCTION pushes_floats
    push {r4, lr}
    vpush {s16-s22}
    vpush {d13}
    sub sp, #4
    bl third_again
    add sp, #4
    vpop {d13}
    vpop {s16-s22}
    pop {r4, pc}
END pushes_floats

FUNCTION by_writeback
    str lr, [sp, #-8]!
    stmdb sp!, {r4-r7}
    strd r0, r1, [sp, #-16]!
    subw sp, sp, #1028
    bl third_again
    addw sp, sp, #1028
    ldrd r0, r1, [sp], #16
    ldmia sp!, {r4-r7}
    ldr pc, [sp], #8
END by_writeback

FUNCTION jumps                  // back from two calls at once, and then down again
    push {r4, lr}
    ldr r0, =saved
    adr.w r1, 1f + 1
    mov r2, sp
    stmia r0, {r1, r2}
    bl deep_and_back
1:  bl from_far
    pop {r4, pc}
END jumps

FUNCTION deep_and_back
    push {r4-r7, lr}
    bl back
    pop {r4-r7, pc}
END deep_and_back

FUNCTION back
    push {r4-r5}
    ldr r0, =saved
    ldmia r0, {r1, r2}
    mov sp, r2
    mov lr, r1
    bx lr
END back

.bss
.balign 4
saved: .space 8
"""

CASES = (
    *("straight", "recursion", "variable", "aligned", "arguments"),
    *("pushes_floats", "by_writeback", "jumps"),
)

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

WAITS = """
FUNCTION waits_for_it
    push {{{pushed}}}
1:  ldr r1, [r0]
    cmp r1, #0
    beq 1b
    pop {{{pushed}}}
    bx lr
END waits_for_it
"""


@pytest.fixture(scope="module", params=["-O0", "-Os", "-O2"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = {"main.c": PROGRAM, "functions.S": assembler(ASSEMBLER)}
    return build(tmp_path_factory.mktemp("stack"), sources, [request.param])


@pytest.mark.parametrize("name", CASES)
def test_the_peak_is_where_sp_was(program: Path, name: str) -> None:
    timed = hil_time(program, "--function", name)
    assert timed.code == 0, timed.err
    said = dict(line.split() for line in timed.err.splitlines())
    assert timed.told["stack_bytes"] == int(said[name])
    assert timed.told["stack_exact"]


def test_bytes_that_no_push_follows_are_a_lower_bound(program: Path) -> None:
    """Nothing tells how many a leaf takes but its stores, and the lowest of those is at SP."""
    timed = hil_time(program, "--function", "from_stack")
    said = dict(line.split() for line in timed.err.splitlines())
    assert timed.told["stack_exact"] or timed.told["stack_bytes"] <= int(said["from_stack"])
    assert int(said["from_stack"]) - timed.told["stack_bytes"] < 32


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


CHAINED = r"""
static volatile uint32_t flag, order, lowest = ~0u;
void waits_for_it(volatile uint32_t *flag);

static inline __attribute__((always_inline)) void note(uint32_t number)
{
    const uint32_t sp = stack_pointer();
    lowest = sp < lowest ? sp : lowest;
    order = order * 10 + number;
}

void systick(void)
{
    REGISTER(0xE000E010) = 0;
    note(2);
    REGISTER(0xE000ED04) = 1u << 28; /* PendSV, when this is over */
}

void pendsv(void)
{
    volatile uint32_t a[40];
    a[0] = 1;
    note(3);
    flag = a[0];
}

void svc(void)
{
    volatile uint32_t a[5];
    a[0] = 0;
    note(1);
    flag = a[0];
}

NOINLINE void interrupted(void)
{
    __asm volatile("svc 0" : : : "memory");
    REGISTER(0xE000E014) = 50;
    REGISTER(0xE000E018) = 0;
    REGISTER(0xE000E010) = 7;
    waits_for_it(&flag);
    __asm volatile("" : : : "memory");
}

NOINLINE void later(void)
{
    volatile uint32_t a[100];
    a[0] = 0;
    note(4);
    a[1] = a[0];
}

int main(void)
{
    REGISTER(0xE000ED20) = 0x80u << 24 | 0xC0u << 16; /* PendSV after SysTick */
    const uint32_t before = stack_pointer();
    interrupted();
    say_number(before - lowest);
    later();
    say_number(STACK_TOP - lowest);
    return order == 1234 ? 0 : 1;
}
"""


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


STORM = r"""
static volatile uint32_t ticks, lowest = ~0u;
static float factor = 1.0f;

static inline __attribute__((always_inline)) void note(void)
{
    const uint32_t sp = stack_pointer();
    lowest = sp < lowest ? sp : lowest;
}

void irq0(void)
{
    volatile uint32_t a[11];
    a[0] = 0;
    note();
    ticks += a[0];
}

NOINLINE static uint32_t deep(uint32_t n)
{
    volatile uint32_t a[2];
    a[0] = n;
    note();
    return n == 0u ? 0u : deep(n - 1u) + a[0] - a[0];
}

void systick(void)
{
    volatile uint32_t a[3];
    a[0] = 1;
    note();
    ticks += a[0];
    if (ticks % 3u == 0u) {
        REGISTER(0xE000E200) = 1; /* irq0, at once */
        __asm volatile("dsb\n\tisb");
    }
    if (ticks % 4u == 0u) {
        REGISTER(0xE000ED04) = 1u << 28; /* PendSV, afterwards */
    }
    if (ticks % 5u == 0u) {
        ticks += deep(ticks % 7u);
    }
}

void pendsv(void)
{
    volatile uint32_t a[6];
    a[0] = 0;
    note();
#ifdef FLOATS
    volatile float y = 3.0f;
    y *= 2.0f;
    a[0] = (uint32_t)y;
#endif
    note();
    ticks += 0u * a[0];
}

NOINLINE static uint32_t fibonacci(uint32_t n)
{
    volatile uint32_t a[1];
    a[0] = n;
    note();
#ifdef FLOATS
    if (n == 3u) {
        factor *= 1.5f;
    }
#endif
    return n < 2u ? a[0] : fibonacci(n - 1u) + fibonacci(n - 2u);
}

int main(void)
{
    (void)factor;
    REGISTER(0xE000ED20) = 0xC0u << 24 | 0xE0u << 16;
    REGISTER(0xE000E100) = 1;
    REGISTER(0xE000E014) = 6;
    REGISTER(0xE000E018) = 0;
    REGISTER(0xE000E010) = 7;
    (void)REGISTER(0xE000E018);
    const uint32_t sum = fibonacci(13);
    REGISTER(0xE000E010) = 0;
    say_number(STACK_TOP - lowest);
    say_number(ticks);
    return sum != 233u;
}
"""


@pytest.mark.parametrize("flags", [("-O1",), ("-O2",), ("-Os", "-DFLOATS"), ("-O1", "-DFLOATS")])
def test_the_peak_in_a_storm_of_interrupts(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """Every 280 instructions one, some within others and some right after others."""
    timed = hil_time(build(tmp_path, {"main.c": STORM}, [*flags, f"-DSTACK_TOP={STACK_TOP}u"]))
    assert timed.code == 0, timed.err
    deepest, ticks = map(int, timed.err.split())
    assert ticks > 30
    assert (timed.told["stack_bytes"], timed.told["stack_exact"]) == (deepest, True)
