"""Programs that use the stack in every way, and take exceptions: for more than one test."""

from __future__ import annotations

FUNCTIONS = r"""
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

STACKS = """
FUNCTION main
    push {r4, lr}
    ldr r0, =process_top
    bl on_process_stack
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION on_process_stack
    push {r4, lr}
    msr psp, r0
    movs r2, #2
    msr control, r2
    isb
    bl region
    movs r2, #0
    msr control, r2
    isb
    pop {r4, pc}
END on_process_stack

FUNCTION region                 // 8 bytes, and 32 of SysTick's frame, whose handler has the main stack
    push {r4, lr}
    ldr r0, =0xE000E014
    movs r1, #50
    str r1, [r0]
    str r1, [r0, #4]
    movs r1, #7
    str r1, [r0, #-4]
    ldr r2, =flag
1:  ldr r3, [r2]
    cmp r3, #0
    beq 1b
    pop {r4, pc}
END region

FUNCTION systick
    push {r4, lr}
    sub sp, #400
    ldr r0, =0xE000E010
    movs r1, #0
    str r1, [r0]
    ldr r2, =flag
    movs r3, #1
    str r3, [r2, #0]
    add sp, #400
    pop {r4, pc}
END systick

.bss
.balign 8
flag: .space 8
process: .space 512
process_top:
"""
