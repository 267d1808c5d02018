"""Programs that call the host by semihosting: as usual ones do, and as one does that is up to no good."""

from __future__ import annotations

_CALLS = r"""
static uint32_t length(const char *text)
{
    uint32_t count = 0;
    while (text[count] != '\0') {
        count++;
    }
    return count;
}

static uint32_t call(uint32_t what, const void *which)
{
    register uint32_t r0 __asm("r0") = what;
    register const void *r1 __asm("r1") = which;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static inline uint32_t opens(const char *name, uint32_t mode)
{
    const uint32_t block[3] = {(uint32_t)(uintptr_t)name, mode, length(name)};
    return call(1, block);
}

static inline uint32_t writes(uint32_t file, const char *text)
{
    const uint32_t block[3] = {file, (uint32_t)(uintptr_t)text, length(text)};
    return call(5, block);
}
"""

# Exits with 0 when each call answered as a host with an empty input and a pipe for its output does.
USUAL = (
    _CALLS
    + r"""
static uint32_t failed, number;

NOINLINE static void expect(int right)
{
    number++;
    if (!right && failed == 0u) {
        failed = number;
    }
}

static char many[5001];

int main(void)
{
    const uint32_t in = opens(":tt", 0), out = opens(":tt", 4);
    uint32_t block[4] = {0, 0, 0, 0};
    char text[80];
    call(4, "by WRITE0\n");
    expect(writes(out, "by WRITE\n") == 0u);
    for (const char *at = "by WRITEC\n"; *at != '\0'; at++) {
        call(3, at);
    }
    say("by the UART\n");
    for (uint32_t i = 0; i < sizeof many - 1u; i++) {
        many[i] = (char)('a' + i % 26u);
    }
    expect(writes(out, many) == 0u);
    expect(writes(out, "\n") == 0u);
    const uint32_t input[3] = {in, (uint32_t)(uintptr_t)text, 16};
    expect(call(6, input) == 16u);
    block[0] = out;
    expect(call(9, block) == 0u);     /* ISTTY */
    expect(call(0xC, block) == 0u);   /* FLEN */
    expect(call(0xA, block) != 0u);   /* SEEK */
    expect(call(0x10, NULL) < 6000u); /* CLOCK: centiseconds */
    expect(call(0x11, NULL) > 1600000000u);
    expect(call(0x30, block) == 0u);  /* ELAPSED */
    expect(call(0x31, NULL) != 0u);   /* TICKFREQ */
    const void *heap = block;
    call(0x16, &heap);
    expect(block[2] > block[3]);
    const uint32_t line[2] = {(uint32_t)(uintptr_t)text, sizeof text};
    text[0] = '\0';
    expect(call(0x15, line) == 0u || text[0] == '\0'); /* GET_CMDLINE: the path may be too long */
    block[0] = out;
    expect(call(2, block) == 0u);
    const uint32_t exit[2] = {0x20026, failed};
#ifdef EXTENDED
    call(0x20, exit);
#else
    call(0x18, (const void *)(uintptr_t)(failed == 0u ? exit[0] : 0x20023u));
#endif
    return 99;
}
"""
)

# Each call's answer is printed; FOLDER is where it tries to do harm.
HARMFUL = (
    _CALLS
    + r"""
static void told(const char *what, uint32_t answer)
{
    call(4, what);
    call(4, answer == ~0u ? " refused\n" : " done\n");
}

int main(void)
{
    static const char written[] = FOLDER "/written", command[] = "touch " FOLDER "/run";
    static const char kept[] = FOLDER "/kept", moved[] = FOLDER "/moved";
    char secret[16];
    uint32_t file = opens(written, 4);
    told("write", file);
    writes(file, "harm");
    file = opens(kept, 0);
    told("read", file);
    const uint32_t read[3] = {file, (uint32_t)(uintptr_t)secret, 6};
    if (file != ~0u && call(6, read) == 0u) {
        secret[6] = '\0';
        call(4, secret);
    }
    const uint32_t run[2] = {(uint32_t)(uintptr_t)command, sizeof command - 1};
    told("run", call(0x12, run));
    const uint32_t renamed[4] = {(uint32_t)(uintptr_t)kept, sizeof kept - 1, (uint32_t)(uintptr_t)moved,
                                 sizeof moved - 1};
    told("rename", call(0xF, renamed));
    const uint32_t removed[2] = {(uint32_t)(uintptr_t)kept, sizeof kept - 1};
    told("remove", call(0xE, removed));
    return 0;
}
"""
)

# On a board: what a call does there. FOLDER as above; the handler of the fault says so.
ON_A_BOARD = (
    _CALLS
    + r"""
void hard_fault(void)
{
    say("fault\n");
    for (;;) {
    }
}

int main(void)
{
    static const char command[] = "touch " FOLDER "/run";
    const uint32_t run[2] = {(uint32_t)(uintptr_t)command, sizeof command - 1};
    const uint32_t file = opens(FOLDER "/written", 4);
    call(0x12, run);
    say(file == 99u ? "odd\n" : "done\n");
    for (;;) {
    }
}
"""
)
