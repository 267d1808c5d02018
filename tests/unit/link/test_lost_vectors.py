"""Where a board stops answering, the vectors that it had answered stay, and the lost ones alone run again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from host_device import BUILD_ID, HostDevice, expected

from hil.bench import attempt, boards
from hil.bench.attempt import Outcome, Wanted
from hil.bench.boards import Boards, Member
from hil.bench.loop import Loop
from hil.bench.plan import Case
from hil.board import Board
from hil.errors import ChangedError, LinkError, ProbeError
from hil.flash.base import AttachedProbe, FlashReport
from hil.flash.nursery import Nursery
from hil.image import Image, prebuilt_dir
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec
from hil.link.answered import Answered
from hil.link.messages import Result
from hil.metrics import INSTRUCTIONS, LINK_WIRE_BYTES, STACK_BYTES, STREAM_S
from hil.models.vectors import VectorSet
from host_probe import HostProbe

StartDevice = Callable[..., HostDevice]
DIGITS = Image.load(prebuilt_dir("qemu_mps2_an386") / "fastgrnn_digits-f32.elf")
CHECKSUM = replace(
    DIGITS,
    manifest=replace(
        DIGITS.manifest,
        kind="host",
        model="checksum",
        build_id=BUILD_ID,
        features=8,
        min_steps=8,
        max_steps=8,
    ),
)
MPS2 = KINDS["qemu_mps2_an386"]
KIND = replace(
    MPS2, name="host", clock_hz=1_000_000, emulator=None, counter=replace(MPS2.counter, per_tick=1)
)
COUNT = 24
INPUTS: list[Any] = [np.full((8, 8), number, np.float32) for number in range(COUNT)]
VECTORS = VectorSet(
    INPUTS,
    labels=None,
    goldens=np.stack([expected(one, 10) for one in INPUTS]),
    path=Path("vectors.npz"),
    sha256="5",
    classes=0,
)
STEPS_US, BUSY_US, COLD_US = 800, 20_000, 7_000  # 20 ms: a result leaves at once, by itself
WARM = STEPS_US + BUSY_US
UNDISTURBED = [WARM + COLD_US] + [WARM] * (COUNT - 1)


@dataclass
class Probe(HostProbe):
    """The device's debug probe: it stops it for flashing, and starts it as ``starts`` say, one after another.

    A start that is an error is what the probe then meets instead.
    """

    device: HostDevice
    starts: list[dict[str, int] | Exception]
    running: bool = False

    def __enter__(self) -> Self:
        if self.starts and isinstance(self.starts[0], Exception):
            raise self.starts.pop(0)  # type: ignore[misc]  # it is one
        return self

    def program(self, image_path: Path) -> FlashReport:
        if self.running:
            self.device.halt()
            self.running = False
        return super().program(image_path)

    def reset_and_run(self) -> None:
        self.device._options = {"busy_us": BUSY_US, "cold_us": COLD_US, **self.starts.pop(0)}  # type: ignore[dict-item]
        self.device.boot()
        self.running = True


def ran(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    device: HostDevice,
    *starts: dict[str, int] | Exception,
    power_cycle: tuple[str, ...] | None = None,
) -> Outcome:
    """How the case ends on a board of silicon that starts so."""
    probe = Probe(device, list(starts))
    spec = BoardSpec("desk", KIND, "066B", device.url, power_cycle=power_cycle)

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Board]:
        yield Board("desk", KIND, device.url, lambda: probe)

    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(boards, "open_board", opened)
    monkeypatch.setattr(attempt, "image_of", lambda case, ready: CHECKSUM)
    monkeypatch.setattr(attempt, "vectors_of", lambda case, manifest, wanted, loaded: VECTORS)
    monkeypatch.setattr(Member, "attached", lambda self: [AttachedProbe("066B", "ST-Link", None)])
    case = Case(spec, DIGITS.path)
    with Nursery() as nursery, Boards([spec], {}, nursery) as lent:
        hangs = any(isinstance(start, dict) and "hang_at" in start for start in starts)
        loop = Loop(lent, {"it": case}, Wanted(hang_after_s=3.0 if hangs else 60.0))
        loop.start()
        while not loop.wait(["it"], 60):
            pass
        return loop.take("it")[0]


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one.kind, one.action) for one in outcome.incidents]


def ticks(outcome: Outcome) -> list[float]:
    assert outcome.error is None, outcome.error
    assert outcome.report is not None
    assert outcome.report.value("golden_exact") == 1.0
    (samples,) = [one for one in outcome.report.samples if one.metric == INSTRUCTIONS.name]
    return [float(value) for value in samples.values]


def first_lost(again: str) -> int:
    """Of a device that came to its ninth vector: how many answers had left it, its line alone knows."""
    found = re.fullmatch(r"vectors (\d) to 23 of 24 run again", again)
    assert found is not None, again
    assert 0 < int(found[1]) <= 8
    return int(found[1])


def resumed(outcome: Outcome) -> dict[str, object]:
    """What the measures hold for that saw the last attempt alone."""
    assert outcome.report is not None
    found = {one.metric: one.conditions.get("resumed") for one in outcome.report.measures}
    assert {name for name, held in found.items() if held is not None} <= {
        *(metric.name for metric in (STREAM_S, STACK_BYTES, LINK_WIRE_BYTES)),
        *("stack_model_bytes", "link_lost", "link_damaged"),
    }
    return {name: found[name] for name in (STREAM_S.name, STACK_BYTES.name, LINK_WIRE_BYTES.name)}


def test_a_session_that_nothing_befalls_has_one_cold_vector(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = ran(monkeypatch, tmp_path, start_device(), {})
    assert ticks(outcome) == UNDISTURBED
    assert told(outcome) == []
    assert set(resumed(outcome).values()) == {None}


@pytest.mark.parametrize(
    ("mishap", "what"),
    [("hang_at", "stopped answering"), ("restart_at", "started again")],
)
def test_after_a_reset_the_lost_vectors_alone_run_and_no_other_is_cold(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mishap: str, what: str
) -> None:
    outcome = ran(monkeypatch, tmp_path, start_device(), {mishap: 9}, {})
    assert ticks(outcome) == UNDISTURBED
    ((kind, action),) = told(outcome)
    first = first_lost(action.removeprefix("reset through its debug probe, "))
    assert kind == what
    assert set(resumed(outcome).values()) == {f"{COUNT - first} of 24 vectors"}
    assert outcome.started <= outcome.incidents[0].time.replace(tzinfo=None)
    said = [line.text for line in outcome.log]
    place = said.index(f"{what}: {action}")
    assert said[place - 1].startswith("failed: desk: ")
    again = f"vectors {first} to 23 of 24 run again, behind one that warms the caches"
    assert f"{first} vectors were answered before; {again}" in said[place:]
    assert [line for line in said if line.startswith("streaming ")] == [
        "streaming 24 of 24 vectors",
        f"streaming {COUNT - first + 1} of 24 vectors",
    ]
    assert said[-1] == "the session was closed"


def test_what_two_attempts_answered_stays(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = ProbeError("no debug probe 066B is attached")
    starts = ({"restart_at": 9}, gone, {})
    outcome = ran(monkeypatch, tmp_path, start_device(), *starts, power_cycle=("true",))
    assert ticks(outcome) == UNDISTURBED
    (_, reset), (kind, switched) = told(outcome)
    assert kind == "debug probe failed after a reset"
    lost = first_lost(reset.removeprefix("reset through its debug probe, "))
    assert first_lost(switched.removeprefix("power-cycled, ")) == lost


def test_before_the_first_answer_all_is_lost(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = ran(monkeypatch, tmp_path, start_device(), {"hang_at": 1}, {})
    assert ticks(outcome) == UNDISTURBED
    assert told(outcome) == [
        ("stopped answering", "reset through its debug probe, all its vectors run again")
    ]
    assert set(resumed(outcome).values()) == {None}


@pytest.mark.parametrize(
    ("starts", "last", "error"),
    [
        (
            ({"hang_at": 9}, {"hang_at": 5}),
            ("firmware hangs", "none: its probe answers, and it hung after a reset as before"),
            "has not answered",
        ),
        (
            ({"restart_at": 9}, {"restart_at": 5}),
            ("firmware restarts", "none: its probe answers, and it started again after a reset as before"),
            "started again in the middle",
        ),
    ],
)
def test_firmware_that_does_it_again_is_at_fault(
    start_device: StartDevice,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    starts: tuple[dict[str, int], ...],
    last: tuple[str, str],
    error: str,
) -> None:
    outcome = ran(monkeypatch, tmp_path, start_device(), *starts, power_cycle=("false",))
    assert error in str(outcome.error)
    assert told(outcome)[1:] == [last]


@pytest.mark.parametrize("mishap", ["crash_at", "fail_at"])
def test_firmware_that_says_what_is_wrong_is_not_reset(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mishap: str
) -> None:
    outcome = ran(monkeypatch, tmp_path, start_device(), {mishap: 9})
    assert outcome.error is not None
    assert told(outcome) == []


def test_a_board_that_computes_otherwise_since_is_told(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inner = Answered.take

    def take(self: Answered, result: Result) -> None:
        inner(self, result if self.results else replace(result, output=result.output + 1))

    monkeypatch.setattr(Answered, "take", take)
    monkeypatch.setattr(Answered, "begin", lambda self, *of: begin(self, *of))

    def begin(self: Answered, build_id: str, sha256: str, total: int) -> list[int]:
        self.total = total
        return [0, *self.lost] if self.results else self.lost

    outcome = ran(monkeypatch, tmp_path, start_device(), {"restart_at": 9}, {})
    assert isinstance(outcome.error, ChangedError)
    assert "vector 0 has another output since the board was reset" in str(outcome.error)
    assert [kind for kind, _ in told(outcome)] == ["started again"]


def test_a_port_that_goes_away_is_no_fault_of_the_firmware(
    start_device: StartDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its board is left alone at last, however often its firmware would have come up."""
    device = start_device()
    url, device.url = device.url, "unix:///nowhere/port.sock"
    outcome = ran(monkeypatch, tmp_path, device, {})
    device.url = url
    assert isinstance(outcome.error, LinkError)
    assert told(outcome) == [
        ("serial port lost", "reset through its debug probe, all its vectors run again"),
        ("serial port lost", "left alone for the rest of the run"),
    ]


# What is lost, by itself


def result(number: int, ticks: int = 100, output: int = 7) -> Result:
    return Result(number, number, ticks, np.array([output], np.int16))


def answered(*numbers: int, total: int = 10) -> Answered:
    found = Answered()
    found.begin("build", "vectors", total)
    for number in numbers:
        found.take(result(number, 100 + number % 3))
    return found


@pytest.mark.parametrize(
    ("numbers", "order", "again"),
    [
        ((), list(range(10)), "all its vectors run again"),
        ((0, 1, 2, 3, 4), [2, 5, 6, 7, 8, 9], "vectors 5 to 9 of 10 run again"),
        ((1, 2, 3), [0, 4, 5, 6, 7, 8, 9], "vectors 0, 4 to 9 of 10 run again"),
        (range(9), [2, 9], "vector 9 of 10 runs again"),
        ((0, 2, 4, 6, 8), [2, 1, 3, 5, 7, 9], "5 of 10 vectors run again"),
        (range(10), [2], "all 10 vectors were answered"),
    ],
)
def test_what_runs_again_begins_warm_or_with_the_vector_that_is_always_cold(
    numbers: tuple[int, ...], order: list[int], again: str
) -> None:
    found = answered(*numbers)
    assert found.again == again
    assert found.begin("build", "vectors", 10) == order


@pytest.mark.parametrize(
    "other", [("another", "vectors", 10), ("build", "others", 10), ("build", "vectors", 9)]
)
def test_what_another_build_or_other_vectors_gave_is_forgotten(other: tuple[str, str, int]) -> None:
    assert answered(0, 1).begin(*other) == list(range(other[2]))


def test_a_warm_up_changes_no_result_and_must_repeat_it() -> None:
    found = answered(0, 1)
    found.take(result(1, ticks=5))
    assert found.results[1].ticks == 101
    with pytest.raises(ChangedError, match="vector 1 has another output since the board was reset"):
        found.take(result(1, output=8))
