/* Flash algorithm for the emulated board: its "flash" is RAM that the debugger treats as flash.
 *
 * Runs on the emulated core, anywhere in RAM: position-independent, no data of its own. The entry points
 * and their order are those CMSIS asks of a flash algorithm; each returns 0 when all went well. */
#include <stdint.h>

#define FLASH_START 0x00000000u
#define FLASH_BYTES (1024u * 1024u)
#define SECTOR_BYTES 4096u
#define ERASED 0xFFFFFFFFu

enum { OK = 0, OUTSIDE_FLASH = 1, UNALIGNED = 2 };

int Init(uint32_t address, uint32_t clock_hz, uint32_t operation);
int UnInit(uint32_t operation);
int EraseChip(void);
int EraseSector(uint32_t address);
int ProgramPage(uint32_t address, uint32_t size, const uint32_t *data);

/* Pointers are made from integers: a real address 0 must not look like a null pointer to the compiler. */
static volatile uint32_t *word_at(uint32_t address)
{
    __asm volatile("" : "+r"(address));
    return (volatile uint32_t *)address;
}

static int check(uint32_t address, uint32_t size)
{
    if (address - FLASH_START >= FLASH_BYTES || size > FLASH_BYTES - (address - FLASH_START)) {
        return OUTSIDE_FLASH;
    }
    return ((address | size) & 3u) != 0u ? UNALIGNED : OK;
}

static int erase(uint32_t address, uint32_t size)
{
    const int bad = check(address, size);
    if (bad != OK) {
        return bad;
    }
    for (uint32_t offset = 0; offset < size; offset += 4u) {
        *word_at(address + offset) = ERASED;
    }
    return OK;
}

__attribute__((section(".text.entry"))) int Init(uint32_t address, uint32_t clock_hz, uint32_t operation)
{
    (void)clock_hz;
    (void)operation;
    return check(address, 0);
}

__attribute__((section(".text.entry"))) int UnInit(uint32_t operation)
{
    (void)operation;
    return OK;
}

__attribute__((section(".text.entry"))) int EraseChip(void)
{
    return erase(FLASH_START, FLASH_BYTES);
}

__attribute__((section(".text.entry"))) int EraseSector(uint32_t address)
{
    return erase(address & ~(SECTOR_BYTES - 1u), SECTOR_BYTES);
}

/* As flash does, programming only clears bits: what was not erased first does not verify afterwards. */
__attribute__((section(".text.entry"))) int ProgramPage(uint32_t address, uint32_t size, const uint32_t *data)
{
    const int bad = check(address, size);
    if (bad != OK) {
        return bad;
    }
    for (uint32_t offset = 0; offset < size; offset += 4u) {
        *word_at(address + offset) &= *data++;
    }
    return OK;
}
