"""The whole link against the C runtime on the host, over clean lines and bad ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from host_device import HostDevice, expected

from hil.link.channel import Channel
from hil.link.frames import Frame, encode
from hil.link.link import Link, LinkStats, Result
from hil.link.messages import Type, fragment_payload
from hil.link.pacing import Pacing, Patience
from hil.link.stream import Stream
from hil.link.transport import SerialTransport
from hil.qemu.clock import EmulatorClock

F32, I16 = 1, 2
StartDevice = Callable[..., HostDevice]
Vectors = list[npt.NDArray[Any]]

SMALL = {"dtype": I16, "features": 8, "min_steps": 8, "max_steps": 8, "outputs": 10}
VARIABLE = {"dtype": F32, "features": 12, "min_steps": 1, "max_steps": 29, "outputs": 9}
LARGE = {"dtype": I16, "features": 48, "min_steps": 96, "max_steps": 96, "outputs": 2}  # 9,216 bytes


def vectors(count: int, shape: dict[str, int], seed: int = 1) -> Vectors:
    random = np.random.default_rng(seed)
    steps = random.integers(shape["min_steps"], shape["max_steps"], count, endpoint=True)
    whole = random.integers(-32768, 32767, (count, shape["max_steps"], shape["features"]))
    dtype = np.float32 if shape["dtype"] == F32 else np.int16
    return [vector[:length].astype(dtype) for vector, length in zip(whole, steps, strict=True)]


def check(results: Sequence[Result], inputs: Vectors, outputs: int) -> None:
    assert [result.number for result in results] == list(range(len(inputs)))
    for result, vector in zip(results, inputs, strict=True):
        assert result.output.tobytes() == expected(vector, outputs).tobytes()
        assert result.ticks == 100 * len(vector)


def stream(device: HostDevice, inputs: Vectors, outputs: int) -> LinkStats:
    with device.connect() as link:
        check(link.infer(inputs, hang_after_s=240.0), inputs, outputs)
        return link.stats


@pytest.mark.parametrize(("shape", "count"), [(SMALL, 300), (VARIABLE, 100), (LARGE, 8)])
def test_a_clean_line_costs_little(
    start_device: StartDevice, shape: dict[str, int], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for silence in ("LEAST", "MOST"):  # that the machine stalls is no silence that a ping should end
        monkeypatch.setattr(f"hil.link.pacing._{silence}_QUIET_S", 120.0)
    stats = stream(start_device(**shape), vectors(count, shape), shape["outputs"])
    assert stats.wire_bytes_out <= 1.05 * stats.payload_bytes_out
    wire = stats.wire_bytes_out + stats.wire_bytes_in
    assert wire <= 1.05 * (stats.payload_bytes_out + stats.payload_bytes_in)
    assert (stats.lost, stats.damaged) == (0, 0)


LONG = {"dtype": F32, "features": 80, "min_steps": 300, "max_steps": 300, "outputs": 2}  # 96,000 bytes
BROAD = {
    "dtype": F32,
    "features": 2,
    "min_steps": 3,
    "max_steps": 3,
    "outputs": 3977,
}  # 15,908 bytes of results


@pytest.mark.parametrize(("shape", "size"), [(LONG, 96_000), (BROAD, 24)])
@pytest.mark.parametrize("lose", [0, 20])
def test_an_image_with_room_for_more_carries_what_others_refuse(
    wide_device_program: Path, shape: dict[str, int], size: int, lose: int
) -> None:
    """A byte in 50,000 is lost, so that some results of 15,908 bytes come whole."""
    with HostDevice(wide_device_program, **shape, lose=lose, seed=2) as device:
        stats = stream(device, vectors(12, shape), shape["outputs"])
    assert stats.payload_bytes_out == 12 * size
    assert (stats.lost > 0) == (lose > 0)


@pytest.mark.parametrize("damage", ["lose", "flip", "insert", "repeat"])
@pytest.mark.parametrize(("shape", "count"), [(SMALL, 100), (VARIABLE, 60), (LARGE, 4)])
def test_one_bad_byte_in_a_thousand_changes_no_output(
    start_device: StartDevice, shape: dict[str, int], count: int, damage: str
) -> None:
    stats = stream(start_device(**shape, **{damage: 1000}), vectors(count, shape), shape["outputs"])
    assert stats.damaged > 0


@pytest.mark.parametrize(("shape", "count"), [(SMALL, 30), (VARIABLE, 6), (LARGE, 1)])
def test_one_bad_byte_in_a_hundred_changes_no_output(
    start_device: StartDevice, shape: dict[str, int], count: int
) -> None:
    device = start_device(**shape, seed=3, lose=2500, flip=2500, insert=2500, repeat=2500)
    stats = stream(device, vectors(count, shape), shape["outputs"])
    assert stats.lost > 0


def test_results_come_one_by_one_and_once(start_device: StartDevice) -> None:
    inputs = vectors(50, SMALL)
    seen: list[int] = []
    with start_device(**SMALL, lose=1000).connect() as link:
        link.infer(inputs, on_result=lambda result: seen.append(result.number), hang_after_s=240.0)
    assert sorted(seen) == list(range(50))


def test_one_link_serves_call_after_call(start_device: StartDevice) -> None:
    with start_device(**VARIABLE, lose=500, repeat=500).connect() as link:
        for seed in range(4):
            inputs = vectors(20, VARIABLE, seed)
            check(link.infer(inputs, hang_after_s=240.0), inputs, VARIABLE["outputs"])
        assert link.infer([]) == []


def test_results_tell_their_numbers_on_the_wire(start_device: StartDevice) -> None:
    """By those a trace knows vectors: they go on from call to call, until hands are shaken anew."""
    inputs = vectors(20, VARIABLE)
    with start_device(**VARIABLE, lose=500, repeat=500).connect() as link:
        called = [link.infer(inputs, hang_after_s=240.0) for _ in range(3)]
        link.handshake(120.0)
        called.append(link.infer(inputs, hang_after_s=240.0))
    told = [[(result.number, result.wire_number) for result in results] for results in called]
    assert told == [[(place, first + place) for place in range(20)] for first in (0, 20, 40, 0)]


def test_a_slow_model_is_waited_for_without_a_hang(start_device: StartDevice) -> None:
    """A frame of vectors takes longer than the deadline: its first results must not wait for the last."""
    inputs = vectors(15, SMALL)
    clock = EmulatorClock(os.getpid())  # stands while the device, our only child, wants a processor
    with start_device(**SMALL, busy_us=100_000).connect(clock) as link:
        results = link.infer(inputs, hang_after_s=1.0)
        assert [result.number for result in results] == list(range(15))
        assert link.stats.lost == 0


@pytest.mark.parametrize("window", [512, 1024, 4096, 65_535])
def test_any_window_is_kept(start_device: StartDevice, window: int) -> None:
    """The device ends when the host sends more than its window."""
    stream(start_device(**VARIABLE, window=window), vectors(40, VARIABLE), VARIABLE["outputs"])


def test_a_small_window_on_a_bad_line(start_device: StartDevice) -> None:
    stream(start_device(**LARGE, window=512, lose=500), vectors(2, LARGE), LARGE["outputs"])


def test_a_board_that_was_left_in_the_middle_is_taken_up_again(start_device: StartDevice) -> None:
    """What an earlier host left on its way, half a frame included, does not mix with what comes now."""
    device = start_device(**VARIABLE)
    with device.connect():
        pass
    with SerialTransport(device.url, 115_200) as half:
        half.write(encode(Frame(Type.FRAGMENT, 0, fragment_payload(0, 29, 0, bytes(64)))))
        half.write(encode(Frame(Type.VECTORS, 0, bytes(200)))[:100])
    inputs = vectors(30, VARIABLE)
    with Link.open(device.url) as link:
        link.handshake(120.0)
        check(link.infer(inputs, hang_after_s=240.0), inputs, VARIABLE["outputs"])


class Sampled(Patience):
    """Remembers the round trips that it was told of; never takes a stall of the machine for a silence."""

    quiet_s = 120.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(1.0, 0.0)
        self.samples: list[float] = []

    def answered(self, seconds: float) -> None:
        super().answered(seconds)
        self.samples.append(seconds)


def run_stream(channel: Channel, inputs: Vectors, patience: Patience) -> list[Result]:
    """As ``Link.infer`` does, behind a handshake."""
    hello = Link(channel).handshake(120.0)
    return Stream(channel, hello, 0, inputs, Pacing(1024), patience, None).run(240.0, 0.0)


def test_every_answered_ping_tells_the_round_trip(start_device: StartDevice) -> None:
    device = start_device(**LARGE)
    inputs = vectors(30, LARGE)
    patience = Sampled()
    with Channel(SerialTransport(device.url, 115_200)) as channel:
        device.boot()
        check(run_stream(channel, inputs, patience), inputs, LARGE["outputs"])
        assert channel.stats.lost == 0
    assert len(patience.samples) >= 30
