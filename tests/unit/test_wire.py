"""What an image reserves for a model, and what the protocol carries at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.models.catalog import list_models
from hil.resources import firmware_dir
from hil.wire import MOST_INPUT_BYTES, MOST_OUTPUT_BYTES, PAYLOAD, UNITS, Room, most_vector_bytes


def test_the_figures_are_those_of_the_firmware() -> None:
    runtime = firmware_dir() / "runtime"
    for header, name, value in (
        ("frame.h", "HIL_FRAME_PAYLOAD_MAX", PAYLOAD),
        ("wire.h", "HIL_FRAGMENT_UNITS", UNITS),
    ):
        found = re.search(rf"#ifndef {name}\n#define {name} (\d+)u", (runtime / header).read_text())
        assert found is not None
        assert int(found[1]) == value


def test_the_labs_own_models_need_nothing_more() -> None:
    for spec in list_models():
        assert [spec.room(precision) for precision in spec.precisions] == [Room()] * len(spec.precisions)
    assert Room.of(65_536, 2039) == Room()
    assert Room().flags == ()
    assert Room().extra_ram_bytes == 0


@given(st.integers(1, MOST_INPUT_BYTES), st.integers(1, MOST_OUTPUT_BYTES))
def test_what_is_reserved_suffices_and_can_be_told(input_bytes: int, output_bytes: int) -> None:
    room = Room.of(input_bytes, output_bytes)
    assert room.units * 64 >= input_bytes
    assert room.units % 8 == 0
    assert room.units <= 65_528
    assert output_bytes + 9 <= room.payload <= 65_535
    assert input_bytes <= most_vector_bytes(room.payload)


@pytest.mark.parametrize(
    ("shape", "flags", "extra"),
    [
        ((96_000, 12), ("-DHIL_FRAGMENT_UNITS=1504u",), 60),
        ((400, 15_908), ("-DHIL_FRAME_PAYLOAD_MAX=15920u",), 27_744),
    ],
)
def test_what_the_compiler_is_told(shape: tuple[int, int], flags: tuple[str, ...], extra: int) -> None:
    assert (Room.of(*shape).flags, Room.of(*shape).extra_ram_bytes) == (flags, extra)
