/* A driver that misbehaves as asked, to test what tests of kernels rely on: uint32 what, uint32 amount. */
#include <string.h>

#include "stream.h"
#include "target.h"

enum what { ECHO = 1, WRITE_BEHIND = 2, WRITE_BEFORE = 3, READ_BEHIND = 4, USE_STACK = 5, CALL_NOWHERE = 6, SPIN = 7 };

__attribute__((noinline)) static void use_stack(uint32_t bytes)
{
    volatile uint8_t used[8];
    used[0] = 0;
    if (bytes > 0) {
        use_stack(bytes > 8 ? bytes - 8 : 0);
    }
    (void)used[0];
}

int main(void)
{
    uint32_t what;
    while (fread(&what, sizeof what, 1, stdin) == 1) {
        uint32_t *amount = take(1, sizeof *amount);
        uint8_t *array = allocate(*amount);
        volatile uint8_t *volatile at = array; /* the compiler shall not see where it points */
        switch (what) {
        case ECHO:
            memset(array, 0x55, *amount);
            give(array, *amount, 1);
            break;
        case WRITE_BEHIND:
            at[*amount] = 1;
            break;
        case WRITE_BEFORE:
            at[-1] = 1;
            break;
        case READ_BEHIND:
            *amount = at[*amount];
            give(amount, 1, sizeof *amount);
            break;
        case USE_STACK:
            stack_use_begin();
            use_stack(*amount);
            stack_use_end("use_stack");
            break;
        case CALL_NOWHERE:
            ((void (*)(void))(uintptr_t)0x60000000u)();
            break;
        case SPIN:
            for (;;) {
            }
        default:
            return 6;
        }
        free(array);
        free(amount);
    }
    return 0;
}
