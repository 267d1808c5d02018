/* UARTE0, which is the on-board J-Link's serial port: P0.06 sends, P0.08 receives. nRF52840 product specification,
 * "UARTE", "EasyDMA", "TIMER" and "PPI".
 *
 * Bytes arrive into a ring by EasyDMA, through inferences too: at the ring's end the receiver starts anew at its
 * begin, by a shortcut that needs no instruction. How far it is no register tells, so a timer counts the bytes that
 * the receiver announces, and goes back to 0 with it: a byte that it should ever miss is made up for there. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/counter.h"
#include "../../cortex_m/ring.h"
#include "registers.h"

#define SENT_AT_ONCE 256u

/* A byte is announced when it is received, and in RAM a little later. So many readings of a register, of five cycles
 * at the least, take as long as a byte does on the line: a controller that were slower still would lose bytes. */
#define READINGS_PER_BYTE 128

union hil_rings_or_port board_memory __attribute__((section(".rings")));
static volatile uint8_t *const ring = board_memory.port.ring;
static volatile uint8_t sent[SENT_AT_ONCE]; /* EasyDMA reads RAM alone */
static uint32_t tail; /* where uart_read takes the next byte */

_Static_assert((UART_RING_BYTES & ~UARTE0_RXD_MAXCNT_MAXCNT) == 0u, "the receiver counts in 16 bits");

static uint32_t address_of(const volatile void *at)
{
    return (uint32_t)(uintptr_t)at;
}

static void pins_init(void)
{
    register_put(P0_OUTSET, P0_OUTSET_PIN6); /* idle is high, also before the port drives it */
    register_put(P0_PIN_CNF6, P0_PIN_CNF6_DIR | P0_PIN_CNF6_INPUT);
    register_put(P0_PIN_CNF8, P0_PIN_CNF8_PULL_UP); /* the J-Link lets go of it while its port is closed */
}

static void count_init(void)
{
    register_put(TIMER1_MODE, TIMER1_MODE_MODE_COUNTER);
    register_put(TIMER1_BITMODE, TIMER1_BITMODE_BITMODE_32);
    register_put(TIMER1_TASKS_CLEAR, TIMER1_TASKS_CLEAR_TASKS_CLEAR);
    register_put(TIMER1_TASKS_START, TIMER1_TASKS_START_TASKS_START);
    register_put(PPI_CH0_EEP, UARTE0_EVENTS_RXDRDY);
    register_put(PPI_CH0_TEP, TIMER1_TASKS_COUNT);
    register_put(PPI_CH1_EEP, UARTE0_EVENTS_ENDRX);
    register_put(PPI_CH1_TEP, TIMER1_TASKS_CLEAR);
    register_put(PPI_CHENSET, PPI_CHENSET_CH0 | PPI_CHENSET_CH1);
}

void uart_init(uint32_t clock_hz)
{
    (void)clock_hz; /* the port has a clock of its own, of 16 MHz */
    pins_init();
    count_init();
    register_put(UARTE0_PSEL_TXD, UARTE0_PSEL_TXD_PIN_6);
    register_put(UARTE0_PSEL_RXD, UARTE0_PSEL_RXD_PIN_8);
    register_put(UARTE0_BAUDRATE, UARTE0_BAUDRATE_BAUDRATE_1M); /* exact; 921,600 would be 941,176 */
    register_put(UARTE0_CONFIG, 0); /* no flow control, no parity, one stop bit */
    register_put(UARTE0_RXD_PTR, address_of(ring));
    register_put(UARTE0_RXD_MAXCNT, UART_RING_BYTES);
    register_put(UARTE0_SHORTS, UARTE0_SHORTS_ENDRX_STARTRX);
    register_put(UARTE0_INTENSET, UARTE0_INTENSET_RXDRDY);
    register_put(UARTE0_ENABLE, UARTE0_ENABLE_ENABLE_ENABLED);
    register_put(UARTE0_TASKS_STARTRX, UARTE0_TASKS_STARTRX_TASKS_STARTRX);
    counter_enable_interrupt(UARTE0_UART0_IRQ);
}

/* All that matters is that it wakes the core. */
void UARTE0_Handler(void)
{
    register_put(UARTE0_EVENTS_RXDRDY, 0);
    (void)register_get(UARTE0_EVENTS_RXDRDY); /* or it would come again: the write takes a while to get there */
}

/* Where the next byte will go. */
static uint32_t arrived(void)
{
    register_put(TIMER1_TASKS_CAPTURE0, TIMER1_TASKS_CAPTURE0_TASKS_CAPTURE);
    return register_get(TIMER1_CC0) % UART_RING_BYTES;
}

size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    const uint32_t end = arrived();
    if (end != tail) {
        for (int i = 0; i < READINGS_PER_BYTE; i++) {
            (void)register_get(TIMER1_CC0);
        }
    }
    return ring_take(ring, UART_RING_BYTES, &tail, end, buffer, capacity);
}

int uart_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    while (length > 0u) {
        const size_t part = length < SENT_AT_ONCE ? length : SENT_AT_ONCE;
        for (size_t i = 0; i < part; i++) {
            sent[i] = bytes[i];
        }
        register_put(UARTE0_EVENTS_ENDTX, 0);
        register_put(UARTE0_TXD_PTR, address_of(sent));
        register_put(UARTE0_TXD_MAXCNT, (uint32_t)part);
        register_put(UARTE0_TASKS_STARTTX, UARTE0_TASKS_STARTTX_TASKS_STARTTX);
        while (register_get(UARTE0_EVENTS_ENDTX) == 0u) { /* until the last byte has left */
        }
        bytes += part;
        length -= part;
    }
    return 0;
}

void uart_wait(void *ctx)
{
    (void)ctx;
    ring_wait(arrived, &tail);
}
