"""Tasks that take turns as under an RTOS: a stack each, switched by PendSV, by themselves or by a clock."""

from __future__ import annotations

SWITCHES = """
.global current
FUNCTION pendsv                 // as ports for the Cortex-M4F do
    mrs r0, psp
    isb
    ldr r3, =current
    ldr r2, [r3]
    tst lr, #0x10
    it eq
    vstmdbeq r0!, {s16-s31}
    stmdb r0!, {r4-r11, lr}
    str r0, [r2]
    push {r3, lr}
    bl choose
    pop {r3, lr}
    ldr r2, [r3]
    ldr r0, [r2]
    ldmia r0!, {r4-r11, lr}
    tst lr, #0x10
    it eq
    vldmiaeq r0!, {s16-s31}
    msr psp, r0
    isb
    bx lr
END pendsv

FUNCTION svc                    // the first task begins
    ldr r3, =current
    ldr r2, [r3]
    ldr r0, [r2]
    ldmia r0!, {r4-r11, lr}
    msr psp, r0
    isb
    bx lr
END svc

FUNCTION start_tasks
    ldr r0, =0xE000ED08
    ldr r0, [r0]
    ldr r0, [r0]
    msr msp, r0                 // what main had is given up
    cpsie i
    dsb
    isb
    svc #0
    b .
END start_tasks

FUNCTION work                   // 3 r0 + 1 instructions
1:  subs r0, #1
    nop
    bne 1b
    bx lr
END work
"""

KERNEL = r"""
#define TASKS 3
#define WORDS 256

struct task { uint32_t *sp; };
struct task *current;
void start_tasks(void) __attribute__((noreturn));
void leave(int code) __attribute__((noreturn));
void work(uint32_t turns);
void choose(void);

static struct task tasks[TASKS];
static uint32_t stacks[TASKS][WORDS] __attribute__((aligned(8)));
static volatile uint32_t ticks;

void choose(void)
{
    const uint32_t number = (uint32_t)(current - tasks);
    current = &tasks[(number + 1u) % TASKS];
}

static inline __attribute__((always_inline)) void yield(void)
{
    REGISTER(0xE000ED04) = 1u << 28;
    __asm volatile("dsb\n\tisb" : : : "memory");
}

void systick(void)
{
    ticks++;
    REGISTER(0xE000ED04) = 1u << 28;
}

static void prepare(uint32_t number, void (*entry)(void))
{
    uint32_t *const top = &stacks[number][WORDS];
    top[-1] = 0x01000000;
    top[-2] = (uint32_t)(uintptr_t)entry;
    top[-9] = 0xFFFFFFFD; /* lr below the frame of 8 words */
    tasks[number].sp = &top[-17];
}

static void begin(void (*first)(void), void (*second)(void), void (*third)(void))
{
    REGISTER(0xE000ED20) = 0xFFu << 24 | 0xFFu << 16; /* SysTick and PendSV come last */
    prepare(0, first);
    prepare(1, second);
    prepare(2, third);
    current = &tasks[0];
#ifdef CLOCK
    REGISTER(0xE000E014) = CLOCK;
    REGISTER(0xE000E018) = 0;
    REGISTER(0xE000E010) = 7;
#endif
    start_tasks();
}
"""

# A function that waits three times for its turn, and another task that uses more of each thing than it does.
TURNS = (
    KERNEL
    + r"""
NOINLINE void pause(void) { yield(); }

NOINLINE void waits(void)
{
    for (int i = 0; i < 3; i++) {
        work(100);
#ifndef ALONE
        pause();
#endif
    }
    __asm volatile("" : : : "memory");
}

NOINLINE uint32_t deep(uint32_t n)
{
    volatile uint32_t a[4] = {n};
    return n == 0u ? a[0] : deep(n - 1u) + a[0];
}

static void first(void)
{
    waits();
    leave(0);
}

static void second(void)
{
    for (;;) {
        work(20000);
        (void)deep(9);
        pause();
    }
}

static void third(void)
{
    for (;;) {
#ifdef NESTED
        waits();
#endif
        work(7000);
        pause();
    }
}

int main(void)
{
    begin(first, second, third);
    return 1;
}
"""
)


# Tasks that switch by themselves, in thread mode: a stack each, and one place where all of them wait.
COROUTINES = """
FUNCTION main
    push {r4, lr}
    ldr r0, =second_top
    ldr r1, =second + 1
    movs r2, #0
    str r1, [r0, #-4]!
    movs r3, #8
1:  str r2, [r0, #-4]!
    subs r3, #1
    bne 1b
    ldr r1, =other_sp
    str r0, [r1]
    bl waits
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION waits
    push {r4, lr}
    movs r4, #3
1:  movs r0, #100
    bl work
    bl pause
    subs r4, #1
    bne 1b
    pop {r4, pc}
END waits

FUNCTION second
1:  ldr r0, =5000
    bl work
    push {r0-r7}
    pop {r0-r7}
    bl pause
    b 1b
END second

FUNCTION pause                  // the other's turn
    push {r4-r11, lr}
    ldr r0, =other_sp
    ldr r1, [r0]
    mov r2, sp
    str r2, [r0]
    mov sp, r1
    pop {r4-r11, pc}
END pause

FUNCTION work
1:  subs r0, #1
    nop
    bne 1b
    bx lr
END work

.bss
.balign 8
other_sp: .space 8
second_stack: .space 512
second_top:
"""
