/* The port of the FRDM-K64F on the host, with a UART that takes no byte while an error of one is not cleared.
 *
 * port WAY CHUNK BROKEN: bytes come by WAY, dma or interrupt, and are read in pieces of CHUNK at most. Every BROKEN-th, if
 * not 0, has no stop bit: it is lost, and so is all until its flag is cleared. port send: what uart_write hands over. */
#include "../../boards/frdm_k64f/uart.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 100000u
#define SENDS 1000u
#define IN_FLIGHT UART_WINDOW /* a host that uses all of its window */
#define FRAMING (1u << 1)

static uint32_t dma, broken;
static uint32_t told, taken, next; /* bytes so far: which came, which were read; the next on the line */
static uint32_t address_in, stuck, seen_stuck, data;
static uint8_t output[SENDS];
static uint32_t written, busy, early;
static uint8_t expected[BYTES];

static uint8_t nth(uint32_t number)
{
    return (uint8_t)(number * 2654435761u >> 24);
}

/* One more byte on the line. */
static void line(void)
{
    if (next == BYTES || told - taken >= IN_FLIGHT) {
        return;
    }
    const uint8_t byte = nth(next++);
    if (stuck) {
        return;
    }
    if (broken != 0u && next % broken == 0u) {
        stuck = 1;
        return;
    }
    data = byte;
    expected[told++] = byte;
    if (dma) {
        ring[address_in % UART_RING_BYTES] = byte;
        address_in = (address_in & ~(UART_RING_BYTES - 1u)) | ((address_in + 1u) & (UART_RING_BYTES - 1u));
        DMA0_Handler();
    } else {
        UART0_RX_TX_Handler();
    }
}

uint32_t register_get(uint32_t address)
{
    switch (address) {
    case DMA_TCD0_SADDR:
        return dma ? UART0_D : 0u;
    case DMA_TCD0_DADDR:
        return address_in;
    case UART0_S1:
        seen_stuck = stuck;
        busy = busy != 0u ? busy - 1u : 0u;
        return (stuck ? FRAMING : 0u) | (busy ? 0u : UART0_S1_TDRE);
    case UART0_D:
        stuck = seen_stuck ? 0u : stuck; /* the flag is cleared by reading both, in this order */
        return data;
    default:
        return 0;
    }
}

void register_put(uint32_t address, uint32_t value)
{
    if (address == DMA_TCD0_DADDR) {
        address_in = value;
    }
    if (address == UART0_D) {
        early += busy != 0u;
        busy = 5;
        output[written++] = (uint8_t)value;
    }
}

static int receive(uint32_t chunk)
{
    static uint8_t buffer[UART_RING_BYTES];
    uint32_t wrong = 0;
    uart_init(120000000u);
    while (next < BYTES || taken < told) {
        for (uint32_t i = 0; i < chunk + chunk / 2u; i++) {
            line();
        }
        if (stuck) {
            UART0_ERR_Handler();
        }
        const size_t count = uart_read(NULL, buffer, chunk);
        for (size_t i = 0; i < count; i++) {
            wrong += buffer[i] != expected[taken++];
        }
    }
    printf("%u bytes, %u wrong\n", (unsigned)taken, (unsigned)wrong);
    return 0;
}

static int send(void)
{
    uint8_t bytes[SENDS];
    for (uint32_t i = 0; i < SENDS; i++) {
        bytes[i] = nth(i);
    }
    const int failed = uart_write(NULL, bytes, SENDS);
    const int same = written == SENDS && memcmp(bytes, output, SENDS) == 0;
    printf("%u bytes, %s, %u too early\n", (unsigned)written, same ? "the same" : "others", (unsigned)early);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return send();
    }
    if (argc != 4) {
        return 2;
    }
    dma = strcmp(argv[1], "dma") == 0;
    broken = (uint32_t)atoi(argv[3]);
    return receive((uint32_t)atoi(argv[2]));
}
