/* UART0, which is the on-board debug probe's serial port: PTB17 sends, PTB16 receives. Bytes arrive into a ring by DMA,
 * through inferences too; where there is no DMA, by interrupt. They leave polled. K64P144M120SF5RM, "UART", "eDMA". */
#include "board.h"

#include "../../cortex_m/counter.h"
#include "../../cortex_m/ring.h"
#include "narrow.h"
#include "registers.h"

/* The probe divides its 48 MHz by whole multiples of 16: 1,000,000 is exact there, 921,600 would be 8 % off. */
#define BAUD 1000000u

/* In the half of RAM that holds no data of the model (link.ld). */
static volatile uint8_t ring[UART_RING_BYTES] __attribute__((section(".ring"), aligned(UART_RING_BYTES)));
static volatile uint32_t head; /* where the interrupt puts the next byte */
static uint32_t tail;          /* where uart_read takes the next one */
static int by_dma;

_Static_assert(DMA_TCD0_ATTR_DMOD_16_KIB == UART_RING_BITS << 3, "the DMA's addresses wrap with the ring");

static void pins_init(void)
{
    register_set(SIM_SCGC5, SIM_SCGC5_PORTB);
    (void)register_get(SIM_SCGC5);
    register_put(PORTB_PCR16, PORTB_PCR16_MUX_UART0 | PORTB_PCR16_PE | PORTB_PCR16_PS);
    register_put(PORTB_PCR17, PORTB_PCR17_MUX_UART0);
}

/* Whether there is a DMA controller: its registers keep what is written. Each byte is a transfer of its own that goes
 * where the one before ended, and whose interrupt tells that it came. What is not written is no zero after reset. */
static int dma_init(void)
{
    register_set(SIM_SCGC6, SIM_SCGC6_DMAMUX);
    register_set(SIM_SCGC7, SIM_SCGC7_DMA);
    (void)register_get(SIM_SCGC7);
    register_put(DMA_TCD0_SADDR, UART0_D);
    if (register_get(DMA_TCD0_SADDR) != UART0_D) {
        return 0;
    }
    register_put16(DMA_TCD0_SOFF, 0);
    register_put16(DMA_TCD0_ATTR, DMA_TCD0_ATTR_DMOD_16_KIB); /* bytes to bytes */
    register_put(DMA_TCD0_NBYTES_MLNO, 1);
    register_put(DMA_TCD0_SLAST, 0);
    register_put(DMA_TCD0_DADDR, (uint32_t)(uintptr_t)ring);
    register_put16(DMA_TCD0_DOFF, 1);
    register_put16(DMA_TCD0_CITER_ELINKNO, 1);
    register_put(DMA_TCD0_DLASTSGA, 0);
    register_put16(DMA_TCD0_BITER_ELINKNO, 1);
    register_put16(DMA_TCD0_CSR, DMA_TCD0_CSR_INTMAJOR);
    register_put8(DMAMUX_CHCFG0, DMAMUX_CHCFG0_ENBL | DMAMUX_CHCFG0_SOURCE_UART0_RX);
    register_put8(DMA_SERQ, DMA_SERQ_SERQ_0);
    counter_enable_interrupt(DMA0_IRQ);
    return 1;
}

void uart_init(uint32_t clock_hz)
{
    pins_init();
    register_set(SIM_SCGC4, SIM_SCGC4_UART0);
    (void)register_get(SIM_SCGC4);
    const uint32_t divisor = (2u * clock_hz + BAUD / 2u) / BAUD; /* of the core's clock, in 32nds of 16 */
    register_put8(UART0_BDH, divisor / 32u >> 8);
    register_put8(UART0_BDL, divisor / 32u);
    register_put8(UART0_C4, divisor % 32u);
    by_dma = dma_init();
    register_put8(UART0_C5, by_dma ? UART0_C5_RDMAS : 0u);
    register_put8(UART0_C3, UART0_C3_FEIE | UART0_C3_ORIE);
    register_put8(UART0_C2, UART0_C2_TE | UART0_C2_RE | UART0_C2_RIE);
    counter_enable_interrupt(UART0_RX_TX_IRQ);
    counter_enable_interrupt(UART0_ERR_IRQ);
}

/* Without DMA alone. */
void UART0_RX_TX_Handler(void)
{
    (void)register_get8(UART0_S1); /* first, or reading the byte does not clear its flag */
    const uint8_t byte = (uint8_t)register_get8(UART0_D);
    ring_put(ring, UART_RING_BYTES, &head, tail, byte);
}

/* A byte was lost, or had no stop bit: none would come any more until both are read. Frames' CRCs tell what is missing. */
void UART0_ERR_Handler(void)
{
    (void)register_get8(UART0_S1);
    (void)register_get8(UART0_D);
    register_put8(UART0_CFIFO, UART0_CFIFO_RXFLUSH);
    register_put8(UART0_SFIFO, UART0_SFIFO_RXUF);
}

void DMA0_Handler(void)
{
    register_put8(DMA_CINT, DMA_CINT_CINT_0); /* a byte came: somebody may wait for that */
}

/* Where the next byte will go. */
static uint32_t arrived(void)
{
    return by_dma ? register_get(DMA_TCD0_DADDR) % UART_RING_BYTES : head; /* the ring lies at a multiple of its size */
}

size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    return ring_take(ring, UART_RING_BYTES, &tail, arrived(), buffer, capacity);
}

int uart_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    for (size_t i = 0; i < length; i++) {
        while ((register_get8(UART0_S1) & UART0_S1_TDRE) == 0u) { /* until the byte before has left */
        }
        register_put8(UART0_D, bytes[i]);
    }
    return 0;
}

void uart_wait(void *ctx)
{
    (void)ctx;
    ring_wait(arrived, &tail);
}
