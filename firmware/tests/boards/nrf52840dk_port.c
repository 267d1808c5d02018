/* The port of the nRF52840 DK on the host, with a receiver whose bytes reach the RAM later than they are announced.
 *
 * port LAG CHUNK UNCOUNTED: a byte comes every LAG + 1 readings of a register, and is in RAM that much after it was
 * counted; it is read in pieces of CHUNK at most. The byte of the number UNCOUNTED, if not 0, is not counted.
 * port send: what uart_write hands to the transmitter. */
#include "../../boards/nrf52840dk/uart.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 50000u
#define SENDS 1000u
#define IN_FLIGHT 4000u /* a host that keeps to its window */

static uint32_t lag, uncounted;
static uint32_t announced, stored, taken; /* bytes so far */
static uint32_t timer, captured;
static uint32_t reads;
static uint8_t output[SENDS];
static uint32_t written, most_at_once, ended;
static uint32_t pieces;

static uint8_t nth(uint32_t number)
{
    return (uint8_t)(number * 2654435761u >> 24);
}

/* One more byte on the line: it is announced at once, what came before it is in RAM. */
static void line(void)
{
    if (stored < announced) {
        ring[stored % UART_RING_BYTES] = nth(stored);
        stored++;
        if (stored % UART_RING_BYTES == 0u) {
            timer = 0;
        }
    } else if (announced < BYTES && announced - taken < IN_FLIGHT) {
        announced++;
        timer += announced != uncounted;
    }
}

uint32_t register_get(uint32_t address)
{
    if (++reads % (lag + 1u) == 0u) {
        line();
    }
    if (address == TIMER1_CC0) {
        return captured;
    }
    if (address == UARTE0_EVENTS_ENDTX) {
        return ended;
    }
    return 0;
}

void register_put(uint32_t address, uint32_t value)
{
    if (address == TIMER1_TASKS_CAPTURE0) {
        captured = timer;
    } else if (address == UARTE0_EVENTS_ENDTX) {
        ended = value;
    } else if (address == UARTE0_TXD_MAXCNT) {
        pieces = value;
    } else if (address == UARTE0_TASKS_STARTTX) {
        for (uint32_t i = 0; i < pieces && written < SENDS; i++) {
            output[written++] = sent[i];
        }
        most_at_once = pieces > most_at_once ? pieces : most_at_once;
        ended = 1;
    }
}

static int receive(uint32_t chunk)
{
    static uint8_t buffer[1000];
    uint32_t wrong = 0, idle = 0;
    while (taken < BYTES && idle < 1000000u) {
        const size_t count = uart_read(NULL, buffer, chunk);
        idle = count == 0u ? idle + 1u : 0u;
        for (size_t i = 0; i < count; i++) {
            wrong += buffer[i] != nth(taken++);
        }
        (void)register_get(0);
    }
    printf("%u bytes, %u wrong\n", (unsigned)taken, (unsigned)wrong);
    return 0;
}

static int send(void)
{
    uint8_t bytes[SENDS];
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < SENDS; i++) {
        bytes[i] = nth(i);
    }
    if (uart_write(NULL, bytes, SENDS) != 0) {
        return 1;
    }
    for (uint32_t i = 0; i < SENDS; i++) {
        wrong += output[i] != bytes[i];
    }
    printf("%u bytes, %u wrong, at most %u at once\n", (unsigned)written, (unsigned)wrong, (unsigned)most_at_once);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "send") == 0) {
        return send();
    }
    if (argc != 4) {
        return 2;
    }
    lag = (uint32_t)atoi(argv[1]);
    uncounted = (uint32_t)atoi(argv[3]);
    return receive((uint32_t)atoi(argv[2]));
}
