/* Registers of the STM32L475 that this board's code touches: RM0351, and UM2153 for what is wired to which pin.
 *
 * PERIPHERAL_REGISTER is an address, PERIPHERAL_REGISTER_FIELD the field's mask, one more word behind it a value of the
 * field; PERIPHERAL_IRQ is an interrupt's number. A test compares them with the chip's SVD file. */
#ifndef HIL_REGISTERS_H
#define HIL_REGISTERS_H

#define FLASH_ACR 0x40022000u
#define FLASH_ACR_LATENCY (7u << 0)
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)

#define RCC_CR 0x40021000u
#define RCC_CR_MSION (1u << 0)
#define RCC_CR_MSIRDY (1u << 1)
#define RCC_CR_MSIRGSEL (1u << 3)
#define RCC_CR_MSIRANGE (0xFu << 4)
#define RCC_CR_MSIRANGE_48_MHZ (0xBu << 4)
#define RCC_CR_HSION (1u << 8)
#define RCC_CR_HSIRDY (1u << 10)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_CFGR 0x40021008u
#define RCC_CFGR_SW (3u << 0)
#define RCC_CFGR_SW_PLL (3u << 0)
#define RCC_CFGR_SWS (3u << 2)
#define RCC_CFGR_SWS_PLL (3u << 2)
#define RCC_PLLCFGR 0x4002100Cu
#define RCC_PLLCFGR_PLLSRC (3u << 0)
#define RCC_PLLCFGR_PLLSRC_MSI (1u << 0)
#define RCC_PLLCFGR_PLLSRC_HSI16 (2u << 0)
#define RCC_PLLCFGR_PLLM (7u << 4)  /* divided by one more */
#define RCC_PLLCFGR_PLLN (0x7Fu << 8)
#define RCC_PLLCFGR_PLLN_10 (10u << 8)
#define RCC_PLLCFGR_PLLN_40 (40u << 8)
#define RCC_PLLCFGR_PLLREN (1u << 24)
#define RCC_PLLCFGR_PLLR (3u << 25) /* 0: divided by 2 */
#define RCC_AHB1ENR 0x40021048u
#define RCC_AHB1ENR_DMA1EN (1u << 0)
#define RCC_AHB2ENR 0x4002104Cu
#define RCC_AHB2ENR_GPIOBEN (1u << 1)
#define RCC_AHB2ENR_GPIODEN (1u << 3)
#define RCC_APB2ENR 0x40021060u
#define RCC_APB2ENR_USART1EN (1u << 14)
#define RCC_CCIPR 0x40021088u
#define RCC_CCIPR_USART1SEL (3u << 0)
#define RCC_CCIPR_USART1SEL_SYSCLK (1u << 0)

#define GPIOB_MODER 0x48000400u
#define GPIOB_MODER_MODER6 (3u << 12)
#define GPIOB_MODER_MODER6_ALTERNATE (2u << 12)
#define GPIOB_MODER_MODER7 (3u << 14)
#define GPIOB_MODER_MODER7_ALTERNATE (2u << 14)
#define GPIOB_OSPEEDR 0x48000408u
#define GPIOB_OSPEEDR_OSPEEDR6 (3u << 12)
#define GPIOB_OSPEEDR_OSPEEDR6_HIGH (2u << 12)
#define GPIOB_PUPDR 0x4800040Cu
#define GPIOB_PUPDR_PUPDR7 (3u << 14)
#define GPIOB_PUPDR_PUPDR7_UP (1u << 14)
#define GPIOB_AFRL 0x48000420u
#define GPIOB_AFRL_AFRL6 (0xFu << 24)
#define GPIOB_AFRL_AFRL6_AF7 (7u << 24)
#define GPIOB_AFRL_AFRL7 (0xFu << 28)
#define GPIOB_AFRL_AFRL7_AF7 (7u << 28)

#define GPIOD_MODER 0x48000C00u
#define GPIOD_MODER_MODER14 (3u << 28)
#define GPIOD_MODER_MODER14_OUTPUT (1u << 28)
#define GPIOD_BSRR 0x48000C18u
#define GPIOD_BSRR_BS14 (1u << 14)
#define GPIOD_BSRR_BR14 (1u << 30)

#define USART1_CR1 0x40013800u
#define USART1_CR1_UE (1u << 0)
#define USART1_CR1_RE (1u << 2)
#define USART1_CR1_TE (1u << 3)
#define USART1_CR1_IDLEIE (1u << 4)
#define USART1_CR1_RXNEIE (1u << 5)
#define USART1_CR3 0x40013808u
#define USART1_CR3_DMAR (1u << 6)
#define USART1_CR3_OVRDIS (1u << 12)
#define USART1_BRR 0x4001380Cu
#define USART1_ISR 0x4001381Cu
#define USART1_ISR_RXNE (1u << 5)
#define USART1_ISR_TXE (1u << 7)
#define USART1_ICR 0x40013820u
#define USART1_ICR_IDLECF (1u << 4)
#define USART1_RDR 0x40013824u
#define USART1_TDR 0x40013828u
#define USART1_IRQ 37u

#define DMA1_IFCR 0x40020004u
#define DMA1_IFCR_CGIF5 (1u << 16)
#define DMA1_CCR5 0x40020058u
#define DMA1_CCR5_EN (1u << 0)
#define DMA1_CCR5_TCIE (1u << 1)
#define DMA1_CCR5_HTIE (1u << 2)
#define DMA1_CCR5_CIRC (1u << 5)
#define DMA1_CCR5_MINC (1u << 7)
#define DMA1_CCR5_PL (3u << 12)
#define DMA1_CNDTR5 0x4002005Cu
#define DMA1_CPAR5 0x40020060u
#define DMA1_CMAR5 0x40020064u
#define DMA1_CSELR 0x400200A8u
#define DMA1_CSELR_C5S (0xFu << 16)
#define DMA1_CSELR_C5S_USART1_RX (2u << 16)
#define DMA1_Channel5_IRQ 15u

#endif
