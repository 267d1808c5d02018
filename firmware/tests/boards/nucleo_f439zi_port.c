/* The port of the NUCLEO-F439ZI on the host, with a line that brings bytes by DMA or by interrupt.
 *
 * port dma|interrupt BURST CHUNK: BURST bytes come at once, no more than the window; they are read in pieces of CHUNK at
 * most. */
#include "../../boards/nucleo_f439zi/uart.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 100000u

static int has_dma;
static uint32_t path, left, stream, mode, line_mode, status, data;
static uint32_t sent, taken;

static uint8_t nth(uint32_t number)
{
    return (uint8_t)(number * 2654435761u >> 24);
}

uint32_t register_get(uint32_t address)
{
    switch (address) {
    case DMA1_S1PAR:
        return path;
    case DMA1_S1NDTR:
        return left;
    case USART3_SR:
        return status;
    case USART3_DR:
        status &= ~USART3_SR_RXNE;
        return data;
    default:
        return 0;
    }
}

void register_put(uint32_t address, uint32_t value)
{
    if (address == DMA1_S1PAR && has_dma) {
        path = value;
    } else if (address == DMA1_S1NDTR) {
        left = value;
    } else if (address == DMA1_S1CR) {
        stream = value;
    } else if (address == USART3_CR1) {
        line_mode = value;
    } else if (address == USART3_CR3) {
        mode = value;
    }
}

/* One more byte. The stream's count starts again when it is over, which shows as 0 until the next byte. */
static void line(void)
{
    if ((mode & USART3_CR3_DMAR) != 0u && (stream & DMA1_S1CR_EN) != 0u && path == USART3_DR) {
        left = left == 0u ? UART_RING_BYTES : left;
        ring[UART_RING_BYTES - left] = nth(sent++);
        left--;
    } else {
        data = nth(sent++);
        status |= USART3_SR_RXNE;
        if ((line_mode & USART3_CR1_RXNEIE) != 0u) {
            USART3_Handler();
        }
    }
}

int main(int argc, char **argv)
{
    static uint8_t buffer[UART_RING_BYTES];
    if (argc != 4) {
        return 2;
    }
    has_dma = strcmp(argv[1], "dma") == 0;
    const uint32_t burst = (uint32_t)atoi(argv[2]);
    const size_t chunk = (size_t)atoi(argv[3]);
    uint32_t wrong = 0;
    uart_init(168000000u);
    while (taken < BYTES) {
        for (uint32_t i = 0; i < burst && sent - taken < UART_WINDOW; i++) {
            line();
        }
        const size_t count = uart_read(NULL, buffer, chunk);
        if (count == 0u) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            wrong += buffer[i] != nth(taken++);
        }
    }
    USART3_Handler(); /* an overrun calls it without a byte */
    wrong += !has_dma && sent == taken && uart_read(NULL, buffer, 1) != 0u;
    printf("%s: %u of %u, %u wrong\n", by_dma ? "dma" : "interrupt", (unsigned)taken, (unsigned)sent, (unsigned)wrong);
    return 0;
}
