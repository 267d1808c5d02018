/* USART1, which is the ST-LINK's serial port: PB6 sends, PB7 receives. Bytes arrive into a ring by DMA, through
 * inferences too; where there is no DMA, as in QEMU, by interrupt. They leave polled. RM0351, "USART" and "DMA". */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/counter.h"
#include "../../cortex_m/ring.h"
#include "registers.h"

#define BAUD 921600u
#define LEAST_DIVISOR 16u

union hil_rings_or_port board_memory __attribute__((section(".rings")));
static volatile uint8_t *const ring = board_memory.port.ring;
static volatile uint32_t head; /* where the interrupt puts the next byte */
static uint32_t tail;          /* where uart_read takes the next one */
static int by_dma;

static void pins_init(void)
{
    register_set(RCC_AHB2ENR, RCC_AHB2ENR_GPIOBEN);
    (void)register_get(RCC_AHB2ENR); /* the clock is there two cycles later */
    register_change(GPIOB_AFRL, GPIOB_AFRL_AFRL6 | GPIOB_AFRL_AFRL7, GPIOB_AFRL_AFRL6_AF7 | GPIOB_AFRL_AFRL7_AF7);
    register_change(GPIOB_OSPEEDR, GPIOB_OSPEEDR_OSPEEDR6, GPIOB_OSPEEDR_OSPEEDR6_HIGH);
    register_change(GPIOB_PUPDR, GPIOB_PUPDR_PUPDR7, GPIOB_PUPDR_PUPDR7_UP);
    register_change(GPIOB_MODER, GPIOB_MODER_MODER6 | GPIOB_MODER_MODER7,
                    GPIOB_MODER_MODER6_ALTERNATE | GPIOB_MODER_MODER7_ALTERNATE);
}

/* Whether there is a DMA controller: its registers keep what is written. */
static int dma_init(void)
{
    register_set(RCC_AHB1ENR, RCC_AHB1ENR_DMA1EN);
    (void)register_get(RCC_AHB1ENR);
    register_put(DMA1_CPAR5, USART1_RDR);
    if (register_get(DMA1_CPAR5) != USART1_RDR) {
        return 0;
    }
    register_change(DMA1_CSELR, DMA1_CSELR_C5S, DMA1_CSELR_C5S_USART1_RX);
    register_put(DMA1_CMAR5, (uint32_t)(uintptr_t)ring);
    register_put(DMA1_CNDTR5, UART_RING_BYTES);
    register_put(DMA1_CCR5, DMA1_CCR5_PL | DMA1_CCR5_MINC | DMA1_CCR5_CIRC | DMA1_CCR5_HTIE | DMA1_CCR5_TCIE |
                                DMA1_CCR5_EN);
    counter_enable_interrupt(DMA1_Channel5_IRQ);
    return 1;
}

void uart_init(uint32_t clock_hz)
{
    pins_init();
    register_set(RCC_APB2ENR, RCC_APB2ENR_USART1EN);
    register_change(RCC_CCIPR, RCC_CCIPR_USART1SEL, RCC_CCIPR_USART1SEL_SYSCLK);
    const uint32_t divisor = (clock_hz + BAUD / 2u) / BAUD;
    register_put(USART1_BRR, divisor < LEAST_DIVISOR ? LEAST_DIVISOR : divisor);
    by_dma = dma_init();
    /* A byte that comes too early is lost, and its frame's CRC says so: no flag holds up those behind it. */
    register_put(USART1_CR3, USART1_CR3_OVRDIS | (by_dma ? USART1_CR3_DMAR : 0u));
    register_put(USART1_CR1, USART1_CR1_UE | USART1_CR1_RE | USART1_CR1_TE |
                                 (by_dma ? USART1_CR1_IDLEIE : USART1_CR1_RXNEIE));
    counter_enable_interrupt(USART1_IRQ);
}

void USART1_Handler(void)
{
    if (by_dma) {
        register_put(USART1_ICR, USART1_ICR_IDLECF); /* the line fell silent: somebody may wait for that */
        return;
    }
    const uint8_t byte = (uint8_t)register_get(USART1_RDR);
    ring_put(ring, UART_RING_BYTES, &head, tail, byte);
}

void DMA1_Channel5_Handler(void)
{
    register_put(DMA1_IFCR, DMA1_IFCR_CGIF5); /* half the ring is full, or all of it */
}

/* Where the next byte will go. */
static uint32_t arrived(void)
{
    return by_dma ? (UART_RING_BYTES - register_get(DMA1_CNDTR5)) % UART_RING_BYTES : head;
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
        while ((register_get(USART1_ISR) & USART1_ISR_TXE) == 0u) { /* until the byte before has left */
        }
        register_put(USART1_TDR, bytes[i]);
    }
    return 0;
}

void uart_wait(void *ctx)
{
    (void)ctx;
    ring_wait(arrived, &tail);
}
