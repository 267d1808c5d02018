"""What the timing plug-in says of short sequences of instructions, against cycles worked out by hand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from cost_program import measure, program
from cost_sequences import Sequence, sequences
from hil.measure.cycles import RegionCost
from hil.qemu.plugin import SOURCES
from hil.resources import firmware_dir
from timing_decoder import Decoder, parse_listing, require_binutils

pytestmark = pytest.mark.emulated

ALL = list(sequences())
_OF_FLASH = ("wait_states", "flash_line")  # of which every sequence has a part
_OTHERWISE = {"nop_hides": 0, "it_folds": 0, "flash_line": 32, "wait_states": 2, "wide_run_length": 4}
# What the model has right by its present numbers alone: it takes each for a store.
_COINCIDES = {"a store skipped", "STREX right after LDREX"}
Measured = Callable[..., Mapping[int, RegionCost]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, each_qemu: None) -> Measured:
    """The regions of all sequences, by their numbers, under any numbers of the model."""
    folder = tmp_path_factory.mktemp("sequences")
    elf = program(folder, (one for _, one in ALL))

    @cache
    def run(**numbers: int) -> Mapping[int, RegionCost]:
        return measure(elf, folder, **numbers)

    return run


def _cases() -> list[object]:
    given: list[object] = []
    for number, (group, one) in enumerate(ALL):
        waits = f", {one.wait_states} wait states" if one.wait_states else ""
        given.append(pytest.param(number, one, id=f"{group}: {one.name}{waits}"))
    return given


@pytest.mark.parametrize(("number", "one"), _cases())
def test_takes_the_cycles_worked_out_by_hand(number: int, one: Sequence, measured: Measured) -> None:
    region = measured(wait_states=one.wait_states)[number]
    assert region.complete
    assert region.unknown == 0, region.unknown_example
    assert _cycles(region) == one.expected, _explain(one, region)


def _cycles(region: RegionCost) -> tuple[int, int, int]:
    return region.low, region.nominal, region.high


def _explain(one: Sequence, region: RegionCost) -> str:
    bounds = f", at least {one.low or one.cycles}, at most {one.high or one.cycles}"
    kinds = ", ".join(f"{name} {kind.low} {kind.nominal} {kind.high}" for name, kind in region.kinds.items())
    return "\n".join(
        [
            f"{one.code}",
            f"by hand  {one.cycles}{bounds if one.low or one.high else ''} = {one.expected}",
            f"plug-in  {_cycles(region)}: {kinds}",
            f"rules    {one.rules or 'one cycle each'} ({one.source})",
        ]
    )


def _model() -> dict[str, int]:
    found = re.findall(r"\bX\((\w+), (-?\d+),", (SOURCES / "parameters.h").read_text())
    return {name: int(value) for name, value in found}


def test_rules_name_numbers_of_the_model() -> None:
    assert {rule for _, one in ALL for rule in one.rules.split()} == set(_model())


@pytest.mark.parametrize("name", _model())
def test_another_number_changes_sequences_whose_rules_name_it(name: str, measured: Measured) -> None:
    waits = int(name in _OF_FLASH)
    other = {"wait_states": waits, name: _OTHERWISE.get(name, _model()[name] + 2)}
    before, after = measured(wait_states=waits), measured(**other)
    right = range(len(ALL))
    changed = {number for number in right if _cycles(before[number]) != _cycles(after[number])}
    named = {number for number in right if name in ALL[number][1].rules.split()}
    assert changed & named
    if name not in _OF_FLASH:
        unnamed = {ALL[number][1].name for number in changed - named}
        assert unnamed <= _COINCIDES


def test_every_class_of_the_images_has_a_sequence(measured: Measured, tmp_path: Path) -> None:
    require_binutils()
    names = re.findall(r'\[KIND_(\w+)\] = "([^"]+)"', (SOURCES / "decode.c").read_text())
    tried = {
        name
        for region in measured(wait_states=0).values()
        for name, kind in region.kinds.items()
        if kind.instructions
    }
    decoder = Decoder(tmp_path)
    images = sorted(firmware_dir().glob("prebuilt/qemu_mps2_an386/*.elf"))
    assert images
    found = {decoder.kinds[kind] for image in images for kind in _kinds(decoder, image)} - {"UNKNOWN"}
    assert found
    assert {name for kind, name in names if kind in found} <= tried


def _kinds(decoder: Decoder, image: Path) -> set[int]:
    """Of whatever the image's code section holds; its literals, too, look like instructions."""
    listing = subprocess.run(
        ["arm-none-eabi-objdump", "-d", image], capture_output=True, text=True, check=True
    ).stdout
    return set(decoder(parse_listing(listing))["kind"].tolist())
