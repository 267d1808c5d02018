/* Registers of the MK64FN1M0VLL12 that this board's code touches: K64P144M120SF5RM, and the board's schematic for what is
 * wired to which pin.
 *
 * PERIPHERAL_REGISTER is an address, PERIPHERAL_REGISTER_FIELD the field's mask, one more word behind it a value of the
 * field; PERIPHERAL_IRQ is an interrupt's number. A test compares them with the chip's SVD file. */
#ifndef HIL_REGISTERS_H
#define HIL_REGISTERS_H

/* 16 bits each */
#define WDOG_STCTRLH 0x40052000u
#define WDOG_STCTRLH_WDOGEN (1u << 0)
#define WDOG_UNLOCK 0x4005200Eu
#define WDOG_UNLOCK_WDOGUNLOCK_FIRST 0xC520u
#define WDOG_UNLOCK_WDOGUNLOCK_SECOND 0xD928u

#define SIM_SCGC4 0x40048034u
#define SIM_SCGC4_UART0 (1u << 10)
#define SIM_SCGC5 0x40048038u
#define SIM_SCGC5_PORTB (1u << 10)
#define SIM_SCGC6 0x4004803Cu
#define SIM_SCGC6_DMAMUX (1u << 1)
#define SIM_SCGC7 0x40048040u
#define SIM_SCGC7_DMA (1u << 1)
#define SIM_CLKDIV1 0x40048044u
#define SIM_CLKDIV1_OUTDIV4_5 (4u << 16)
#define SIM_CLKDIV1_OUTDIV3_3 (2u << 20)
#define SIM_CLKDIV1_OUTDIV2_2 (1u << 24)

/* 8 bits each */
#define MCG_C1 0x40064000u
#define MCG_C1_IREFS (1u << 2)
#define MCG_C1_FRDIV (7u << 3)
#define MCG_C1_FRDIV_1536 (7u << 3)
#define MCG_C1_CLKS (3u << 6)
#define MCG_C1_CLKS_FLL_OR_PLL (0u << 6)
#define MCG_C1_CLKS_EXTERNAL (2u << 6)
#define MCG_C2 0x40064001u
#define MCG_C2_EREFS (1u << 2) /* 0: a clock, no crystal */
#define MCG_C2_RANGE (3u << 4)
#define MCG_C2_RANGE_VERY_HIGH (2u << 4)
#define MCG_C4 0x40064003u
#define MCG_C4_DRST_DRS (3u << 5)
#define MCG_C4_DRST_DRS_HIGH (3u << 5)
#define MCG_C4_DMX32 (1u << 7)
#define MCG_C5 0x40064004u
#define MCG_C5_PRDIV0 (0x1Fu << 0) /* divided by one more */
#define MCG_C5_PRDIV0_20 (19u << 0)
#define MCG_C6 0x40064005u
#define MCG_C6_VDIV0 (0x1Fu << 0) /* multiplied by 24 more */
#define MCG_C6_VDIV0_48 (24u << 0)
#define MCG_C6_PLLS (1u << 6)
#define MCG_S 0x40064006u
#define MCG_S_CLKST (3u << 2)
#define MCG_S_CLKST_EXTERNAL (2u << 2)
#define MCG_S_CLKST_PLL (3u << 2)
#define MCG_S_IREFST (1u << 4)
#define MCG_S_PLLST (1u << 5)
#define MCG_S_LOCK0 (1u << 6)

#define PORTB_PCR9 0x4004A024u
#define PORTB_PCR9_MUX_GPIO (1u << 8)
#define PORTB_PCR16 0x4004A040u
#define PORTB_PCR16_PS (1u << 0) /* the pull is up */
#define PORTB_PCR16_PE (1u << 1)
#define PORTB_PCR16_MUX_UART0 (3u << 8)
#define PORTB_PCR17 0x4004A044u
#define PORTB_PCR17_MUX_UART0 (3u << 8)

#define GPIOB_PSOR 0x400FF044u
#define GPIOB_PSOR_PTSO_9 (1u << 9)
#define GPIOB_PCOR 0x400FF048u
#define GPIOB_PCOR_PTCO_9 (1u << 9)
#define GPIOB_PDDR 0x400FF054u
#define GPIOB_PDDR_PDD_9 (1u << 9)

/* 8 bits each */
#define UART0_BDH 0x4006A000u
#define UART0_BDL 0x4006A001u
#define UART0_C2 0x4006A003u
#define UART0_C2_RE (1u << 2)
#define UART0_C2_TE (1u << 3)
#define UART0_C2_RIE (1u << 5)
#define UART0_S1 0x4006A004u
#define UART0_S1_TDRE (1u << 7)
#define UART0_C3 0x4006A006u
#define UART0_C3_FEIE (1u << 1)
#define UART0_C3_ORIE (1u << 3)
#define UART0_D 0x4006A007u
#define UART0_C4 0x4006A00Au
#define UART0_C4_BRFA (0x1Fu << 0)
#define UART0_C5 0x4006A00Bu
#define UART0_C5_RDMAS (1u << 5)
#define UART0_CFIFO 0x4006A011u
#define UART0_CFIFO_RXFLUSH (1u << 6)
#define UART0_SFIFO 0x4006A012u
#define UART0_SFIFO_RXUF (1u << 0)
#define UART0_RX_TX_IRQ 31u
#define UART0_ERR_IRQ 32u

/* 8 bits */
#define DMAMUX_CHCFG0 0x40021000u
#define DMAMUX_CHCFG0_SOURCE_UART0_RX (2u << 0)
#define DMAMUX_CHCFG0_ENBL (1u << 7)

/* SERQ and CINT: 8 bits; SOFF, ATTR, DOFF, CITER, CSR, BITER: 16 bits */
#define DMA_SERQ 0x4000801Bu
#define DMA_SERQ_SERQ_0 (0u << 0)
#define DMA_CINT 0x4000801Fu
#define DMA_CINT_CINT_0 (0u << 0)
#define DMA_TCD0_SADDR 0x40009000u
#define DMA_TCD0_SOFF 0x40009004u
#define DMA_TCD0_ATTR 0x40009006u
#define DMA_TCD0_ATTR_DMOD_16_KIB (14u << 3)
#define DMA_TCD0_NBYTES_MLNO 0x40009008u
#define DMA_TCD0_SLAST 0x4000900Cu
#define DMA_TCD0_DADDR 0x40009010u
#define DMA_TCD0_DOFF 0x40009014u
#define DMA_TCD0_CITER_ELINKNO 0x40009016u
#define DMA_TCD0_DLASTSGA 0x40009018u
#define DMA_TCD0_CSR 0x4000901Cu
#define DMA_TCD0_CSR_INTMAJOR (1u << 1)
#define DMA_TCD0_BITER_ELINKNO 0x4000901Eu
#define DMA0_IRQ 0u

#endif
