"""Registers in the firmware of silicon kinds are those of the chip's SVD file, which pyOCD ships."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from pyocd.debug.svd.loader import SVDFile

from hil.kinds import KINDS
from hil.resources import firmware_dir

SVD = {"b_l475e_iot01a": "STM32L4x5.svd"}
_DEFINE = re.compile(r"^#define (\w+) (.+?)(?: +/\*.*)?$", re.MULTILINE)


@cache
def _device(name: str) -> dict[str, tuple[int, dict[str, int]]]:
    """By ``PERIPHERAL_REGISTER``: its address, the masks of its fields; interrupts by ``NAME_IRQ``."""
    svd = SVDFile.from_builtin(name)
    svd.load()
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for peripheral in svd.device.peripherals:
        for interrupt in peripheral.interrupts or ():
            found[f"{interrupt.name}_IRQ"] = (interrupt.value, {})
        for register in peripheral.registers or ():
            masks = {one.name: (1 << one.bit_width) - 1 << one.bit_offset for one in register.fields or ()}
            address = peripheral.base_address + register.address_offset
            found[f"{peripheral.name}_{register.name}"] = (address, masks)
    return found


def _defines(header: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, text in _DEFINE.findall(header.read_text(encoding="utf-8")):
        if name != "HIL_REGISTERS_H":
            found[name] = eval(re.sub(r"(?<=[0-9A-Fa-f])u\b", "", text), {})
    return found


def _kinds() -> list[str]:
    return [
        name for name, kind in KINDS.items() if (firmware_dir() / "boards" / name / "registers.h").exists()
    ]


@pytest.mark.parametrize("kind", _kinds())
def test_addresses_fields_and_interrupts_are_the_chips(kind: str) -> None:
    device = _device(SVD[kind])
    defines = _defines(firmware_dir() / "boards" / kind / "registers.h")
    register, fields = "", 0
    for name, value in defines.items():
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
        if field == known:
            assert value == masks[known], name
        else:
            assert value & ~masks[known] == 0, f"{name} is a value of {known}, and lies outside of it"
        fields += 1
    assert fields > 40


def test_what_is_wrong_is_found() -> None:
    device = _device("STM32L4x5.svd")
    assert device["USART1_BRR"][0] == 0x4001380C
    assert device["USART1_IRQ"][0] == 37
    assert device["RCC_CR"][1]["PLLON"] == 1 << 24
