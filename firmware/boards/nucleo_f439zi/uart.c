/* USART3, which is the ST-LINK's serial port: PD8 sends, PD9 receives. Bytes arrive into a ring by DMA, through
 * inferences too; where there is no DMA, as in QEMU, by interrupt. They leave polled. RM0090, "USART" and "DMA". */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/counter.h"
#include "../../cortex_m/ring.h"
#include "registers.h"

#define BAUD 921600u
#define LOOKS_HZ 10000u

union hil_rings_or_port board_memory __attribute__((section(".rings")));
static volatile uint8_t *const ring = board_memory.port.ring;
static volatile uint32_t head; /* where the interrupt puts the next byte */
static uint32_t tail;          /* where uart_read takes the next one */
static int by_dma;

static void pins_init(void)
{
    register_set(RCC_AHB1ENR, RCC_AHB1ENR_GPIODEN);
    (void)register_get(RCC_AHB1ENR); /* the clock is there two cycles later */
    register_change(GPIOD_AFRH, GPIOD_AFRH_AFRH8 | GPIOD_AFRH_AFRH9, GPIOD_AFRH_AFRH8_AF7 | GPIOD_AFRH_AFRH9_AF7);
    register_change(GPIOD_OSPEEDR, GPIOD_OSPEEDR_OSPEEDR8, GPIOD_OSPEEDR_OSPEEDR8_MEDIUM);
    register_change(GPIOD_PUPDR, GPIOD_PUPDR_PUPDR9, GPIOD_PUPDR_PUPDR9_UP);
    register_change(GPIOD_MODER, GPIOD_MODER_MODER8 | GPIOD_MODER_MODER9,
                    GPIOD_MODER_MODER8_ALTERNATE | GPIOD_MODER_MODER9_ALTERNATE);
}

/* Whether there is a DMA controller: its registers keep what is written. */
static int dma_init(void)
{
    register_set(RCC_AHB1ENR, RCC_AHB1ENR_DMA1EN);
    (void)register_get(RCC_AHB1ENR);
    register_put(DMA1_S1PAR, USART3_DR);
    if (register_get(DMA1_S1PAR) != USART3_DR) {
        return 0;
    }
    register_put(DMA1_S1M0AR, (uint32_t)(uintptr_t)ring);
    register_put(DMA1_S1NDTR, UART_RING_BYTES);
    register_put(DMA1_S1CR,
                 DMA1_S1CR_CHSEL_USART3_RX | DMA1_S1CR_PL | DMA1_S1CR_MINC | DMA1_S1CR_CIRC | DMA1_S1CR_EN);
    return 1;
}

/* Wakes who waits for bytes that come by DMA. The USART could tell when its line falls silent, but that flag is cleared
 * by reading DR, which may take a byte from the DMA. */
static void looks_init(uint32_t timer_hz)
{
    register_set(RCC_APB1ENR, RCC_APB1ENR_TIM7EN);
    (void)register_get(RCC_APB1ENR);
    register_put(TIM7_ARR, timer_hz / LOOKS_HZ - 1u);
    register_put(TIM7_DIER, TIM7_DIER_UIE);
    register_put(TIM7_CR1, TIM7_CR1_CEN);
    counter_enable_interrupt(TIM7_IRQ);
}

void uart_init(uint32_t clock_hz)
{
    /* The bus of both, APB1: a quarter of the core's clock, or all of it. Timers get twice the bus's, unless it is all. */
    const int quarter = (register_get(RCC_CFGR) & RCC_CFGR_PPRE1) == RCC_CFGR_PPRE1_DIV4;
    const uint32_t bus_hz = quarter ? clock_hz / 4u : clock_hz;
    pins_init();
    register_set(RCC_APB1ENR, RCC_APB1ENR_USART3EN);
    (void)register_get(RCC_APB1ENR);
    register_put(USART3_BRR, (bus_hz + BAUD / 2u) / BAUD);
    by_dma = dma_init();
    register_put(USART3_CR3, by_dma ? USART3_CR3_DMAR : 0u);
    register_put(USART3_CR1, USART3_CR1_UE | USART3_CR1_RE | USART3_CR1_TE | (by_dma ? 0u : USART3_CR1_RXNEIE));
    if (by_dma) {
        looks_init(quarter ? 2u * bus_hz : bus_hz);
    } else {
        counter_enable_interrupt(USART3_IRQ);
    }
}

void USART3_Handler(void)
{
    /* Both are read, in this order, even if nothing came: that ends an overrun, which would call again and again. */
    const uint32_t status = register_get(USART3_SR);
    const uint8_t byte = (uint8_t)register_get(USART3_DR);
    if ((status & USART3_SR_RXNE) != 0u) {
        ring_put(ring, UART_RING_BYTES, &head, tail, byte);
    }
}

void TIM7_Handler(void)
{
    register_put(TIM7_SR, 0);
}

/* Where the next byte will go. */
static uint32_t arrived(void)
{
    return by_dma ? (UART_RING_BYTES - register_get(DMA1_S1NDTR)) % UART_RING_BYTES : head;
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
        while ((register_get(USART3_SR) & USART3_SR_TXE) == 0u) { /* until the byte before has left */
        }
        register_put(USART3_DR, bytes[i]);
    }
    return 0;
}

void uart_wait(void *ctx)
{
    (void)ctx;
    ring_wait(arrived, &tail);
}
