"""Recordings of the runtime on the host, played to the same link again, and what is shown of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from host_device import HostDevice
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.commands.replay import outcome, transcript
from hil.errors import (
    DeviceCrashError,
    DeviceHungError,
    DeviceRestartError,
    HilError,
    LinkError,
    ProtocolError,
)
from hil.link.faults import Faults, parse_faults
from hil.link.link import Link, LinkStats
from hil.link.recording import Kind, Record, Recorder, Recording, read_recording
from hil.link.replay import replay
from hil.link.transport import Reopening
from hil.qemu.memory import SharedMemory

StartDevice = Callable[..., HostDevice]
Vector = npt.NDArray[np.float32]
VECTORS = [np.full((8, 8), number, np.float32) for number in range(40)]
LARGE = [np.full((200, 16), number, np.float32) for number in range(6)]
UNEVEN = [np.full((steps, 4), steps, np.float32) for steps in (3, 3, 7, 1, 20)]


def record(
    device: HostDevice,
    path: Path,
    vectors: list[Vector],
    faults: Faults | None = None,
    hang_after_s: float = 120.0,
) -> tuple[LinkStats, HilError | None]:
    """One session, as ``hil.session`` asks for it; what the link counted, and what ended it."""
    error = None
    with Recorder(path, {"board": "host"}) as recorder:
        link = Link.open(
            device.url, memory=device.memory, faults=faults, reopening=Reopening(), recorder=recorder
        )
        with link:
            device.boot()
            recorder.say({"ask": "handshake", "deadline_s": 20.0})
            try:
                link.handshake(20.0)
                runs = [[steps, len(list(run))] for steps, run in groupby(map(len, vectors))]
                for _ in range(2):
                    recorder.say({"ask": "infer", "steps": runs, "hang_after_s": hang_after_s})
                    link.infer(vectors, hang_after_s=hang_after_s)
                recorder.say({"ask": "stack"})
                link.stack()
            except HilError as raised:
                error = raised
            return link.stats, error


@pytest.mark.parametrize("through_memory", [False, True], ids=["uart", "ram"])
@pytest.mark.parametrize(
    "text", [None, "flip=1e-4,drop=3e-3,seed=7", "cut=5e-5,drop=1e-3", "other=1e-4,dup=1e-4"]
)
@pytest.mark.parametrize(
    ("vectors", "shape"),
    [
        (VECTORS, {}),
        (LARGE, {"features": 16, "min_steps": 200, "max_steps": 200}),
        (UNEVEN, {"features": 4, "min_steps": 1, "max_steps": 20}),
    ],
    ids=["batches", "fragments", "uneven"],
)
def test_a_session_happens_again_as_it_was(
    start_device: StartDevice,
    tmp_path: Path,
    vectors: list[Vector],
    shape: dict[str, int],
    text: str | None,
    through_memory: bool,
) -> None:
    faults = None if text is None else parse_faults(text)
    with SharedMemory(128 << 10, 128 << 10) if through_memory else nullcontext() as memory:
        stats, error = record(start_device(memory=memory, **shape), tmp_path / "a", vectors, faults)
    assert error is None
    again = replay(read_recording(tmp_path / "a"))
    assert again.error is None
    assert (again.asked, again.answered) == (2 * len(vectors), 2 * len(vectors))
    assert again.deviates_s is None
    assert again.stats == stats


@pytest.mark.parametrize(
    ("misbehaviour", "kind"),
    [
        ({"hang_at": 11}, DeviceHungError),
        ({"crash_at": 11}, DeviceCrashError),
        ({"restart_at": 11}, DeviceRestartError),
        ({"fail_at": 11}, ProtocolError),
    ],
)
def test_what_ended_a_session_ends_it_again(
    start_device: StartDevice, tmp_path: Path, misbehaviour: dict[str, int], kind: type[HilError]
) -> None:
    hang_after_s = 1.0 if kind is DeviceHungError else 120.0
    _, error = record(start_device(**misbehaviour), tmp_path / "a", VECTORS, hang_after_s=hang_after_s)
    again = replay(read_recording(tmp_path / "a")).error
    assert type(error) is type(again) is kind
    assert str(again).partition("(")[0] == str(error).partition("(")[0]


def test_a_port_that_went_away_goes_away_again(start_device: StartDevice, tmp_path: Path) -> None:
    device = start_device()
    with Recorder(tmp_path / "a", {}) as recorder, Link.open(device.url, recorder=recorder) as link:
        device.boot()
        recorder.say({"ask": "handshake"})
        link.handshake(120.0)
        device.halt()
        recorder.say({"ask": "infer", "steps": [[8, 40]]})
        with pytest.raises(LinkError, match="went away"):
            link.infer(VECTORS)
    assert "went away" in str(replay(read_recording(tmp_path / "a")).error)


@pytest.fixture
def noisy(start_device: StartDevice, tmp_path: Path) -> Recording:
    record(start_device(), tmp_path / "noisy", VECTORS, parse_faults("flip=2e-4,drop=1e-3"))
    return read_recording(tmp_path / "noisy")


def test_code_that_asks_otherwise_is_told_from_when_on(noisy: Recording) -> None:
    """As if what the host had sent at some time was something else."""
    sent = [at for at, one in enumerate(noisy.records) if one.kind == Kind.OUT]
    other = list(noisy.records)
    at = sent[len(sent) // 2]
    other[at] = replace(other[at], data=b"something else")
    again = replay(replace(noisy, records=tuple(other)))
    assert again.deviates_s is not None
    assert again.deviates_s <= other[at].time_s
    assert "sends other bytes than" in "\n".join(outcome(again))


def test_a_recording_that_ends_early_says_so(noisy: Recording) -> None:
    half = replace(noisy, records=noisy.records[: len(noisy.records) // 2])
    again = replay(half)
    assert 0 < again.answered < again.asked
    assert "the recording ends here" in str(again.error)


facts: st.SearchStrategy[Mapping[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "ask": st.sampled_from(["handshake", "infer", "stack", 3, None]),
        "steps": st.one_of(
            st.lists(st.lists(st.one_of(st.integers(-1, 1 << 40), st.none()), max_size=3), max_size=3),
            st.text(max_size=3),
        ),
        "deadline_s": st.one_of(st.floats(), st.text(max_size=2), st.booleans()),
        "hang_after_s": st.floats(allow_nan=True),
        "link": st.integers(),
        "byte_s": st.floats(),
        "returns": st.one_of(st.integers(-3, 3), st.floats()),
        "raised": st.lists(st.one_of(st.none(), st.text(max_size=3), st.integers()), max_size=4),
    },
)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_a_recording_says_replaying_it_ends(noisy_records: Recording, data: st.DataObject) -> None:
    records = list(noisy_records.records)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(records)))
        odd = data.draw(
            st.one_of(
                st.builds(Record, st.sampled_from([Kind.SAID, Kind.STATE]), st.just(0.0), facts=facts),
                st.builds(
                    Record,
                    st.sampled_from([Kind.IN, Kind.OUT]),
                    st.floats(0, 1e13),
                    st.binary(max_size=40),
                ),
            )
        )
        records.insert(at, odd)
    changed = replace(noisy_records, records=tuple(records))
    replay(changed)
    list(transcript(changed))


@pytest.fixture(scope="module")
def noisy_records(device_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("recording") / "a"
    with HostDevice(device_program) as device:
        record(device, path, VECTORS[:5], parse_faults("flip=2e-4,drop=1e-3"))
    return read_recording(path)


def test_a_failure_before_anything_was_done_is_passed_over(noisy_records: Recording) -> None:
    odd = Record(Kind.STATE, 0.0, facts={"raised": [None, None, None]})
    assert replay(replace(noisy_records, records=(odd, *noisy_records.records))).error is None


def test_frames_and_damage_are_told_with_their_times(noisy: Recording) -> None:
    lines = list(transcript(noisy))
    text = "\n".join(lines)
    for words in ("<-     0 READY protocol", "->     0 HELLO protocol", "HELLO_REPLY checksum f32 on host"):
        assert words in text
    assert "damaged: " in text
    assert "ask handshake, deadline_s 20.0" in text
    times = [float(line[:11]) for line in lines]
    assert times == sorted(times)
    assert times[-1] <= time.monotonic()
