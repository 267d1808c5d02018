"""Which firmware a session takes for the one that it wants, and which not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hil.board import Board
from hil.errors import HandshakeError
from hil.image import Image, prebuilt_dir
from hil.kinds import KINDS
from hil.link.messages import Hello
from hil.opening import check_hello

KIND = KINDS["nrf52840dk"]


def no_flasher() -> None:
    raise AssertionError


BOARD = Board("dk", KIND, "socket://nowhere", no_flasher)  # type: ignore[arg-type]


def hello(image: Image) -> Hello:
    """Of the very firmware that is wanted."""
    manifest = image.manifest
    return Hello(
        protocol=2,
        build_id=manifest.build_id,
        model=manifest.model,
        kind=manifest.kind,
        precision=str(manifest.precision),
        input_dtype=np.dtype(np.int16),
        output_dtype=np.dtype(np.int16),
        features=manifest.features,
        min_steps=manifest.min_steps,
        max_steps=manifest.max_steps,
        outputs=manifest.outputs,
        clock_hz=KIND.clock_hz,
        counter="dwt",
        counter_hz=KIND.clock_hz,
        rx_window=16383,
        max_payload=2048,
    )


@pytest.fixture
def image() -> Image:
    return Image.load(prebuilt_dir(KIND.name) / "fastgrnn_digits-q15.elf")


def test_a_board_at_the_clock_of_its_kind_is_taken(image: Image) -> None:
    check_hello(hello(image), image, BOARD)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "another"}, "model another, expected fastgrnn_digits"),
        ({"outputs": 3}, "number of outputs 3, expected 10"),
        ({"counter": "timer"}, "counter timer, expected dwt"),
    ],
)
def test_another_firmware_is_refused(image: Image, change: dict[str, Any], told: str) -> None:
    with pytest.raises(HandshakeError, match="the firmware that answers is not fastgrnn_digits/q15") as error:
        check_hello(replace(hello(image), **change), image, BOARD)
    assert error.value.evidence == told


@pytest.mark.parametrize(
    ("clock_hz", "told"),
    [
        (48_000_000, "48,000,000 Hz instead of 64,000,000 Hz"),
        (0, "a clock it knows no exact rate of instead of 64,000,000 Hz"),
    ],
)
def test_a_board_at_another_clock_is_refused(image: Image, clock_hz: int, told: str) -> None:
    with pytest.raises(HandshakeError, match="does not run at the clock of its kind") as error:
        check_hello(replace(hello(image), clock_hz=clock_hz), image, BOARD)
    assert error.value.evidence == told
