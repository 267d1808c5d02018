"""What a session makes of the handshake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hil.board import Board
from hil.errors import HandshakeError
from hil.image import Image, prebuilt_dir
from hil.kinds import KINDS
from hil.link.messages import Hello
from hil.session import Session

KIND = KINDS["nrf52840dk"]


def no_flasher() -> None:
    raise AssertionError


def hello(session: Session) -> Hello:
    """Of the very firmware that the session wants."""
    manifest = session.image.manifest
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
def session() -> Session:
    image = Image.load(prebuilt_dir(KIND.name) / "fastgrnn_digits-q15.elf")
    return Session(Board("dk", KIND, "socket://nowhere", no_flasher), image)  # type: ignore[arg-type]


def test_a_board_at_the_clock_of_its_kind_is_taken(session: Session) -> None:
    session._check_hello(hello(session))


@pytest.mark.parametrize(
    ("clock_hz", "told"),
    [
        (48_000_000, "48,000,000 Hz instead of 64,000,000 Hz"),
        (0, "a clock it knows no exact rate of instead of 64,000,000 Hz"),
    ],
)
def test_a_board_at_another_clock_is_refused(session: Session, clock_hz: int, told: str) -> None:
    with pytest.raises(HandshakeError, match="does not run at the clock of its kind") as error:
        session._check_hello(replace(hello(session), clock_hz=clock_hz))
    assert error.value.evidence == told
