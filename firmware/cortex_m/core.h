/* Registers of the Cortex-M4 that every chip has: ARMv7-M Architecture Reference Manual, B3.2 to B3.5 and C1. */
#ifndef HIL_CORTEX_M_CORE_H
#define HIL_CORTEX_M_CORE_H

#define DWT_CTRL 0xE0001000u
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT 0xE0001004u
#define SYST_CSR 0xE000E010u
#define SYST_CSR_ENABLE (1u << 0)
#define SYST_CSR_TICKINT (1u << 1)
#define SYST_CSR_CLKSOURCE (1u << 2) /* the core's clock */
#define SYST_RVR 0xE000E014u
#define SYST_CVR 0xE000E018u
#define NVIC_ISER0 0xE000E100u
#define NVIC_IPR0 0xE000E400u
#define SCB_ICSR 0xE000ED04u
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_SHPR3 0xE000ED20u
#define SCB_SHPR3_PENDSV (0xFFu << 16)
#define SCB_SHCSR 0xE000ED24u
#define SCB_SHCSR_FAULTS (7u << 16) /* UsageFault, BusFault, MemManage */
#define SCB_CFSR 0xE000ED28u
#define SCB_HFSR 0xE000ED2Cu
#define SCB_MMFAR 0xE000ED34u
#define SCB_BFAR 0xE000ED38u
#define SCB_CPACR 0xE000ED88u
#define SCB_CPACR_FPU (0xFu << 20) /* CP10 and CP11: full access */
#define MPU_CTRL 0xE000ED94u
#define MPU_CTRL_ON_WITH_DEFAULT_MAP 5u
#define MPU_RBAR 0xE000ED9Cu
#define MPU_RBAR_REGION0 (1u << 4)
#define MPU_RASR 0xE000EDA0u
#define MPU_RASR_NO_ACCESS_128_MIB (1u << 28 | 26u << 1 | 1u) /* nothing to execute either */
#define DEMCR 0xE000EDFCu
#define DEMCR_TRCENA (1u << 24)

/* Ours: the priority of all that waits while an inference is measured, below SysTick's, which is 0. */
#define WAITING_PRIORITY 0x80u

#endif
