/* CMSDK APB UART 0: bytes arrive by interrupt into a ring, leave polled; the core sleeps in between.
 * Registers: Arm Cortex-M System Design Kit TRM (DDI 0479), APB UART programmer's model. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/core.h"

struct cmsdk_uart {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t interrupt; /* write 1 to clear */
    volatile uint32_t bauddiv;
};

#define UART0 ((struct cmsdk_uart *)0x40004000u)
#define STATE_TX_FULL (1u << 0)
#define CTRL_TX_ENABLE (1u << 0)
#define CTRL_RX_ENABLE (1u << 1)
#define CTRL_RX_INTERRUPT (1u << 3)
#define INTERRUPT_RX (1u << 1)
#define BAUDDIV (25000000u / 115200u)

static uint8_t ring[UART_RING_BYTES];
static volatile uint32_t head; /* written by the interrupt alone */
static volatile uint32_t tail; /* written by uart_read alone */

void uart_init(void)
{
    UART0->bauddiv = BAUDDIV;
    UART0->ctrl = CTRL_TX_ENABLE | CTRL_RX_ENABLE | CTRL_RX_INTERRUPT;
    register_put(NVIC_ISER0, 1u << 0);
}

void UART0_RX_Handler(void)
{
    /* Cleared before the byte is taken: the next one may come right after. Each access to a device costs
     * QEMU more than all the code here, so there are no more than these two. */
    UART0->interrupt = INTERRUPT_RX;
    const uint8_t byte = (uint8_t)UART0->data;
    if (head - tail < UART_RING_BYTES) { /* a byte beyond the window is lost; its frame's CRC says so */
        ring[head % UART_RING_BYTES] = byte;
        head = head + 1u;
    }
}

size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    size_t count = 0;
    while (count < capacity && tail != head) {
        buffer[count++] = ring[tail % UART_RING_BYTES];
        tail = tail + 1u;
    }
    return count;
}

int uart_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    for (size_t i = 0; i < length; i++) {
        while ((UART0->state & STATE_TX_FULL) != 0u) {
        }
        UART0->data = bytes[i];
    }
    return 0;
}

void uart_wake_host(void)
{
    /* A byte that has not left yet will wake it as well. */
    if ((UART0->state & STATE_TX_FULL) == 0u) {
        UART0->data = 0; /* what a receiver of frames skips */
    }
}

void uart_wait(void *ctx)
{
    (void)ctx;
    /* Masked, WFI still wakes on a pending interrupt: none can slip in between the test and the sleep. */
    __asm volatile("cpsid i" ::: "memory");
    if (head == tail) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i" ::: "memory");
}
