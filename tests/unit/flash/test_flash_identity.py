"""Another chip is told from the lab file's before anything of it is erased."""

from __future__ import annotations

import zipfile
from importlib.resources import files
from xml.etree import ElementTree

import pytest

from hil.flash.identity import CHIPS, CPUID, chip, difference, registers_of
from hil.kinds import KINDS

# Those that pyOCD ships descriptions of.
DESCRIBED = {
    "stm32l475xg": "STM32L4x5.svd",
    "stm32f439xi": "STM32F439x.svd",
    "nrf52840": "nrf52840.svd",
    "k64f": "MK64F12.svd",
}


@pytest.mark.parametrize("target", CHIPS)
def test_a_chip_that_reads_as_it_should_is_right(target: str) -> None:
    memory = {register.address: register.value | ~register.mask & 0x5A5A_5A5A for register in CHIPS[target]}
    assert difference(target, memory.__getitem__) is None


@pytest.mark.parametrize(("target", "other"), [("stm32l475xg", "stm32f439xi"), ("nrf52840", "nrf52833")])
def test_another_chip_of_the_maker_is_told(target: str, other: str) -> None:
    memory = {register.address: register.value for register in CHIPS[other]}
    told = difference(target, memory.__getitem__)
    assert told is not None
    last = CHIPS[target][-1]
    assert told.startswith(f"{last.name} reads {memory[last.address]:#010x}, {last.value:#010x} under ")


def test_another_kinetis_is_told() -> None:
    memory = {CPUID: 0x410F_C241, 0x4004_8024: 0x6600_E38A}  # the family, subfamily and series of a K66
    told = difference("k64f", memory.__getitem__)
    assert told == "SIM_SDID reads 0x6600e38a, 0x64000000 under 0xfff00000 expected"


def test_another_core_is_told_first() -> None:
    told = difference("stm32l475xg", {CPUID: 0x411F_C271}.__getitem__)  # a Cortex-M7
    assert told == "CPUID reads 0x411fc271, 0x4100c240 under 0xff00fff0 expected"


def test_a_chip_is_told_with_its_revision() -> None:
    memory = {CPUID: 0x410F_C241, 0xE004_2000: 0x1007_6415}
    assert chip("stm32l475xg", memory.__getitem__) == "CPUID 0x410fc241, DBGMCU_IDCODE 0x10076415"


def test_of_a_chip_that_is_not_known_the_core_is_read() -> None:
    assert [register.name for register in registers_of("lpc55s69")] == ["CPUID"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_has_its_chip_in_the_table(kind: object) -> None:
    assert getattr(kind, "pyocd_target", "") in CHIPS


@pytest.mark.parametrize(("target", "name"), DESCRIBED.items())
def test_registers_lie_where_the_makers_description_says(target: str, name: str) -> None:
    register = CHIPS[target][-1]
    with zipfile.ZipFile(str(files("pyocd") / "debug" / "svd" / "svd_data.zip")) as archive:
        (member,) = [one for one in archive.namelist() if one.lower().endswith(name.lower())]
        tree = ElementTree.fromstring(archive.read(member))
    found = {
        at
        for peripheral in tree.iter("peripheral")
        for at in addresses(peripheral.find("registers"), number(peripheral, "baseAddress"))
    }
    assert register.address in found


def number(element: ElementTree.Element, name: str) -> int:
    return int(element.findtext(name) or "0", 0)


def addresses(above: ElementTree.Element | None, base: int) -> list[int]:
    """Of all registers, those in clusters too."""
    found = []
    for one in above if above is not None else ():
        if one.tag == "register":
            found.append(base + number(one, "addressOffset"))
        elif one.tag == "cluster":
            found += addresses(one, base + number(one, "addressOffset"))
    return found
