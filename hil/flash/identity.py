"""Which chip a debug probe is wired to: what its core and its vendor's registers must read, before any erase.

Numbers are the manuals': CPUID of ARMv7-M (B3.2.3); DBGMCU_IDCODE of RM0351 (STM32L47x), RM0394 (STM32L43x),
RM0090 (STM32F4x9), RM0402 (STM32F412); FICR INFO.PART of Nordic's product specifications; SIM_SDID of the
K64's reference manual. None was read from a chip here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

CPUID = 0xE000_ED00
_PART = 0xFF00_FFF0  # implementer and part number: variant and revision may differ
_CORTEX_M4 = 0x4100_C240


@dataclass(frozen=True)
class Register:
    """``value`` under ``mask`` is what the register of that chip reads."""

    name: str
    address: int
    mask: int
    value: int


_CORE = Register("CPUID", CPUID, _PART, _CORTEX_M4)


def _st(device: int) -> tuple[Register, ...]:
    return (_CORE, Register("DBGMCU_IDCODE", 0xE004_2000, 0xFFF, device))


def _nordic(part: int) -> tuple[Register, ...]:
    variant = Register("FICR INFO.VARIANT", 0x1000_0104, 0, 0)  # any: its build code is told
    return (_CORE, variant, Register("FICR INFO.PART", 0x1000_0100, 0xFFFF_FFFF, part))


# By pyOCD's name of the target, in lower case.
CHIPS: Mapping[str, tuple[Register, ...]] = {
    "stm32l475xg": _st(0x415),
    "stm32l432kc": _st(0x435),
    "stm32f429xi": _st(0x419),
    "stm32f439xi": _st(0x419),
    "stm32f412xg": _st(0x441),
    "nrf52": _nordic(0x52832),
    "nrf52832": _nordic(0x52832),
    "nrf52833": _nordic(0x52833),
    "nrf52840": _nordic(0x52840),
    "k64f": (_CORE, Register("SIM_SDID", 0x4004_8024, 0xFFF0_0000, 0x6400_0000)),
    "mps2_an386": (_CORE,),
}


def registers_of(target: str) -> tuple[Register, ...]:
    """What is to be read of that target's chip; of one that is not in the table its core alone."""
    return CHIPS.get(target.lower(), (_CORE,))


def chip(target: str, read: Callable[[int], int]) -> str:
    """What those registers read, ``CPUID 0x410fc241, DBGMCU_IDCODE 0x10076415``: the chip and its revision.

    None of them tells one chip from another of its revision.
    """
    return ", ".join(f"{register.name} {read(register.address):#010x}" for register in registers_of(target))


def difference(target: str, read: Callable[[int], int]) -> str | None:
    """The first register that tells another chip, with what it reads; None when it is the target's.

    ``read`` gives the word at an address.
    """
    for register in registers_of(target):
        value = read(register.address)
        if value & register.mask != register.value:
            expected = f"{register.value:#010x} under {register.mask:#010x}"
            return f"{register.name} reads {value:#010x}, {expected} expected"
    return None
