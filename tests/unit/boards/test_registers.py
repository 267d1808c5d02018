"""Registers in the firmware of silicon kinds are those of the chip's SVD file, which pyOCD ships."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import pytest
from pyocd.debug.svd.loader import SVDFile

from board_starts import registers_of
from hil.kinds import KINDS
from hil.resources import firmware_dir


@dataclass(frozen=True)
class Chip:
    """``faults``: where the SVD file is wrong, by name: what it says, what is right, and who says so.

    ``absent``: registers that it lacks, by name: the address, the masks of the fields, and who says so.
    """

    svd: str
    faults: Mapping[str, tuple[int, int, str]] = field(default_factory=dict)
    absent: Mapping[str, tuple[int, dict[str, int], str]] = field(default_factory=dict)


CHIPS = {
    "b_l475e_iot01a": Chip("STM32L4x5.svd"),
    "nucleo_f439zi": Chip(
        "STM32F439x.svd", {"FLASH_ACR_LATENCY": (0x7, 0xF, "RM0090, Flash access control register")}
    ),
    # The file is older than build code Fxx, which brought the register; Nordic's header nrf52840.h has it.
    "nrf52840dk": Chip(
        "nrf52840.svd", absent={"APPROTECT_DISABLE": (0x4000_0558, {"DISABLE": 0xFF}, "nrf52840.h")}
    ),
    "frdm_k64f": Chip("MK64F12.svd"),
}


@cache
def _device(file: str) -> dict[str, tuple[int, dict[str, int]]]:
    """By ``PERIPHERAL_REGISTER``: its address, the masks of its fields; interrupts by ``NAME_IRQ``."""
    svd = SVDFile.from_builtin(file)
    svd.load()
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for peripheral in svd.device.peripherals:
        for interrupt in peripheral.interrupts or ():
            found[f"{interrupt.name}_IRQ"] = (interrupt.value, {})
        for register in peripheral.registers or ():
            masks = {one.name: (1 << one.bit_width) - 1 << one.bit_offset for one in register.fields or ()}
            address = peripheral.base_address + register.address_offset
            name = re.sub(r"[\[\]]", "", register.name)  # CC[0] is CC0
            found[f"{peripheral.name}_{name}"] = (address, masks | _joined(masks))
    return found


def _joined(masks: Mapping[str, int]) -> dict[str, int]:
    """Fields that the file gives bit by bit: PLLN0 to PLLN8 are PLLN too."""
    found: dict[str, int] = {}
    for stem in {name.rstrip("0123456789") for name in masks} - masks.keys():
        bits = []
        while f"{stem}{len(bits)}" in masks:
            bits.append(masks[f"{stem}{len(bits)}"])
        if bits and bits == [bits[0] << place for place in range(len(bits))] and bits[0].bit_count() == 1:
            found[stem] = sum(bits)
    return found


def test_every_kind_with_registers_names_its_chip() -> None:
    boards = firmware_dir() / "boards"
    assert set(CHIPS) == {name for name in KINDS if (boards / name / "registers.h").exists()}


@pytest.mark.parametrize("kind", CHIPS)
def test_addresses_fields_and_interrupts_are_the_chips(kind: str) -> None:
    chip = CHIPS[kind]
    device = _device(chip.svd)
    for name, (address, masks, source) in chip.absent.items():
        assert name not in device, f"the SVD file has {name} now: {source}"
        device = {**device, name: (address, masks)}
    register, fields = "", 0
    for name, value in registers_of(firmware_dir() / "boards" / kind / "registers.h").items():
        if name in device:
            register = name
            assert device[name][0] == value, name
            continue
        assert name.startswith(f"{register}_"), f"{name} is no register, and stands behind {register}"
        masks = device[register][1]
        field = name.removeprefix(f"{register}_")
        known = max(
            (one for one in masks if field == one or field.startswith(f"{one}_")), key=len, default=None
        )
        assert known is not None, f"{register} has no field {field}"
        mask = _corrected(chip, f"{register}_{known}", masks[known])
        if field == known:
            assert value == mask, name
        else:
            assert value & ~mask == 0, f"{name} is a value of {known}, and lies outside of it"
        fields += 1
    assert fields > 40


def _corrected(chip: Chip, name: str, mask: int) -> int:
    if name not in chip.faults:
        return mask
    wrong, right, source = chip.faults[name]
    assert mask == wrong, f"the SVD file no longer says {wrong:#x} of {name}: {source}"
    return right


def test_what_is_wrong_is_found() -> None:
    device = _device("STM32L4x5.svd")
    assert device["USART1_BRR"][0] == 0x4001380C
    assert device["USART1_IRQ"][0] == 37
    assert device["RCC_CR"][1]["PLLON"] == 1 << 24


def test_fields_that_are_given_bit_by_bit_are_one() -> None:
    masks = _device("STM32F439x.svd")["RCC_PLLCFGR"][1]
    assert (masks["PLLM"], masks["PLLN"], masks["PLLP"], masks["PLLQ"]) == (0x3F, 0x7FC0, 3 << 16, 15 << 24)
