/* Registers of the STM32F439 that this board's code touches: RM0090, and UM1974 for what is wired to which pin.
 *
 * PERIPHERAL_REGISTER is an address, PERIPHERAL_REGISTER_FIELD the field's mask, one more word behind it a value of the
 * field; PERIPHERAL_IRQ is an interrupt's number. A test compares them with the chip's SVD file. */
#ifndef HIL_REGISTERS_H
#define HIL_REGISTERS_H

#define FLASH_ACR 0x40023C00u
#define FLASH_ACR_LATENCY (0xFu << 0)
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)

#define PWR_CSR 0x40007004u
#define PWR_CSR_VOSRDY (1u << 14)

#define RCC_CR 0x40023800u
#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 1)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_HSEBYP (1u << 18)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_PLLCFGR 0x40023804u
#define RCC_PLLCFGR_PLLM (0x3Fu << 0)
#define RCC_PLLCFGR_PLLM_4 (4u << 0)
#define RCC_PLLCFGR_PLLM_8 (8u << 0)
#define RCC_PLLCFGR_PLLN (0x1FFu << 6)
#define RCC_PLLCFGR_PLLN_168 (168u << 6)
#define RCC_PLLCFGR_PLLP (3u << 16)     /* 0: divided by 2 */
#define RCC_PLLCFGR_PLLSRC (1u << 22)   /* 0: HSI */
#define RCC_PLLCFGR_PLLSRC_HSE (1u << 22)
#define RCC_PLLCFGR_PLLQ (0xFu << 24)
#define RCC_PLLCFGR_PLLQ_7 (7u << 24)   /* 48 MHz for what nobody here uses */
#define RCC_CFGR 0x40023808u
#define RCC_CFGR_SW (3u << 0)           /* 0: HSI */
#define RCC_CFGR_SW_PLL (2u << 0)
#define RCC_CFGR_SWS (3u << 2)
#define RCC_CFGR_SWS_PLL (2u << 2)
#define RCC_CFGR_PPRE1 (7u << 10)
#define RCC_CFGR_PPRE1_DIV4 (5u << 10)
#define RCC_CFGR_PPRE2 (7u << 13)
#define RCC_CFGR_PPRE2_DIV2 (4u << 13)
#define RCC_AHB1ENR 0x40023830u
#define RCC_AHB1ENR_GPIODEN (1u << 3)
#define RCC_AHB1ENR_GPIOFEN (1u << 5)
#define RCC_AHB1ENR_DMA1EN (1u << 21)
#define RCC_APB1ENR 0x40023840u
#define RCC_APB1ENR_TIM7EN (1u << 5)
#define RCC_APB1ENR_USART3EN (1u << 18)
#define RCC_APB1ENR_PWREN (1u << 28)

#define GPIOD_MODER 0x40020C00u
#define GPIOD_MODER_MODER8 (3u << 16)
#define GPIOD_MODER_MODER8_ALTERNATE (2u << 16)
#define GPIOD_MODER_MODER9 (3u << 18)
#define GPIOD_MODER_MODER9_ALTERNATE (2u << 18)
#define GPIOD_OSPEEDR 0x40020C08u
#define GPIOD_OSPEEDR_OSPEEDR8 (3u << 16)
#define GPIOD_OSPEEDR_OSPEEDR8_MEDIUM (1u << 16)
#define GPIOD_PUPDR 0x40020C0Cu
#define GPIOD_PUPDR_PUPDR9 (3u << 18)
#define GPIOD_PUPDR_PUPDR9_UP (1u << 18)
#define GPIOD_AFRH 0x40020C24u
#define GPIOD_AFRH_AFRH8 (0xFu << 0)
#define GPIOD_AFRH_AFRH8_AF7 (7u << 0)
#define GPIOD_AFRH_AFRH9 (0xFu << 4)
#define GPIOD_AFRH_AFRH9_AF7 (7u << 4)

#define GPIOF_MODER 0x40021400u
#define GPIOF_MODER_MODER15 (3u << 30)
#define GPIOF_MODER_MODER15_OUTPUT (1u << 30)
#define GPIOF_BSRR 0x40021418u
#define GPIOF_BSRR_BS15 (1u << 15)
#define GPIOF_BSRR_BR15 (1u << 31)

#define USART3_SR 0x40004800u
#define USART3_SR_RXNE (1u << 5)
#define USART3_SR_TXE (1u << 7)
#define USART3_DR 0x40004804u
#define USART3_BRR 0x40004808u
#define USART3_CR1 0x4000480Cu
#define USART3_CR1_RE (1u << 2)
#define USART3_CR1_TE (1u << 3)
#define USART3_CR1_RXNEIE (1u << 5)
#define USART3_CR1_UE (1u << 13)
#define USART3_CR3 0x40004814u
#define USART3_CR3_DMAR (1u << 6)
#define USART3_IRQ 39u

#define DMA1_S1CR 0x40026028u
#define DMA1_S1CR_EN (1u << 0)
#define DMA1_S1CR_CIRC (1u << 8)
#define DMA1_S1CR_MINC (1u << 10)
#define DMA1_S1CR_PL (3u << 16)
#define DMA1_S1CR_CHSEL (7u << 25)
#define DMA1_S1CR_CHSEL_USART3_RX (4u << 25)
#define DMA1_S1NDTR 0x4002602Cu
#define DMA1_S1PAR 0x40026030u
#define DMA1_S1M0AR 0x40026034u

#define TIM7_CR1 0x40001400u
#define TIM7_CR1_CEN (1u << 0)
#define TIM7_DIER 0x4000140Cu
#define TIM7_DIER_UIE (1u << 0)
#define TIM7_SR 0x40001410u
#define TIM7_ARR 0x4000142Cu
#define TIM7_IRQ 55u

#endif
