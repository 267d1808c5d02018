/* From reset to board_main, and what an exception that nobody expects ends in. */
#ifndef HIL_CORTEX_M_START_H
#define HIL_CORTEX_M_START_H

/* The linker script names _stack_high, _data_load, _data_start, _data_end, _bss_start and _bss_end. */
void Reset_Handler(void) __attribute__((noreturn));
void Unexpected_Handler(void);

void board_main(void) __attribute__((noreturn)); /* the board's */

#endif
