"""Frames through the debug probe on both machines: the same image tells the same as over its other links."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench_runs import rows, run_bench
from hil.board import Board, open_board
from hil.build.prebuilt import faulty_dir
from hil.errors import DeviceCrashError, DeviceHungError, ProbeError
from hil.flash.base import Flasher
from hil.flash.process import ProbeProcess
from hil.image import Image, prebuilt_dir
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec
from hil.models.vectors import VectorSet, load_vectors
from hil.session import Report, Session, first
from hil.values import Precision

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("newer_qemu")]

MPS2, TWIN = KINDS["qemu_mps2_an386"], KINDS["qemu_b_l475e_iot01a"]
LAB = """
[boards.near]
kind = "qemu_mps2_an386"
link = "probe"

[boards.twin]
kind = "qemu_b_l475e_iot01a"
link = "probe"
"""


@pytest.fixture(scope="module", params=[MPS2, TWIN], ids=lambda kind: kind.emulator)
def board(request: pytest.FixtureRequest, newer_qemu: None) -> Iterator[Board]:
    """Either machine, as its lab file says nothing; ``replace`` makes it one through the probe."""
    with ProbeProcess() as probes, open_board(BoardSpec("near", request.param), probes) as opened:
        yield opened


def image(board: Board, name: str) -> tuple[Image, VectorSet]:
    made = Image.load(prebuilt_dir(board.kind.image_kind) / f"{name}.elf")
    return made, load_vectors(made.manifest.model, made.manifest.precision)


def through_probe(board: Board) -> Board:
    return replace(board, through_probe=True)


def report(board: Board, name: str, count: int) -> Report:
    made, vectors = image(board, name)
    with Session(board, made) as session:
        return session.measure(first(vectors, count))


def links(found: Report) -> set[Any]:
    phases = [one for one in found.measures if one.metric in ("handshake_s", "stream_s")]
    assert len(phases) == 2
    return {one.conditions["link"] for one in phases}


@pytest.mark.parametrize(
    ("name", "count"), [("fastgrnn_digits-q15", 40), ("msc_rnn_radar-f32", 3), ("rnnpool_face-q7", 2)]
)
def test_figures_are_those_of_the_other_links(board: Board, name: str, count: int) -> None:
    """rnnpool_face's vectors travel in fragments."""
    probe, other = report(through_probe(board), name, count), report(board, name, count)
    assert links(probe) == {"probe"}
    assert links(other) == {"ram" if board.kind is MPS2 else "uart"}
    exact = [
        [one for one in found.measures if "link" not in one.conditions and one.technique != "host-clock"]
        for found in (probe, other)
    ]
    assert exact[0] == exact[1]
    assert np.array_equal(probe.outputs, other.outputs)
    for left, right in zip(probe.samples, other.samples, strict=True):
        assert np.array_equal(left.values, right.values)


def test_links_take_turns_on_one_board(board: Board) -> None:
    """Its memory outlives a reset: nothing of one session reaches the next."""
    made, vectors = image(board, "fastgrnn_digits-q15")
    for probe, over_uart in ((True, False), (False, True), (True, False), (True, False), (False, False)):
        with Session(replace(board, through_probe=probe), made, over_uart=over_uart) as session:
            found = session.measure(first(vectors, 20))
        assert found.value("golden_exact") == 1.0
        assert (links(found) == {"probe"}) == probe


def test_a_crash_is_told_through_the_probe(board: Board) -> None:
    crash = Image.load(faulty_dir(board.kind.image_kind) / "crash-f32.elf")
    vectors = first(load_vectors("fastgrnn_digits", Precision.F32), 1)
    with Session(through_probe(board), crash) as session, pytest.raises(DeviceCrashError):
        session.infer(vectors.inputs)


@dataclass
class Halting:
    """The board's flasher, beside which another debugger halts the core when it is ``told``."""

    inner: Flasher
    told: Callable[[], bool]
    done: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __enter__(self) -> Halting:
        self.inner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.inner.__exit__(*error)

    def read_memory(self, address: int, count: int) -> bytes:
        if self.told() and not self.done:
            self.done = True
            self.inner.halt()
        return self.inner.read_memory(address, count)


def test_another_debugger_that_halts_the_core_is_told(board: Board) -> None:
    made, vectors = image(board, "fastgrnn_digits-q15")
    answered = 0

    def progress(done: int, total: int) -> None:
        nonlocal answered
        answered = done

    def flasher() -> Any:
        return Halting(board.flasher(), lambda: answered > 0)

    halted = replace(through_probe(board), flasher=flasher)
    with (
        Session(halted, made, hang_after_s=2.0) as session,
        pytest.raises(DeviceHungError, match="the core stood already, as another debugger makes it, at 0x"),
    ):
        session.measure(vectors, progress)
    assert report(through_probe(board), "fastgrnn_digits-q15", 5).value("golden_exact") == 1.0


def test_a_probe_that_goes_ends_the_session_and_the_next_is_right(newer_qemu: None) -> None:
    with ProbeProcess() as probes, open_board(BoardSpec("near", TWIN, link="probe"), probes) as board:
        made, vectors = image(board, "fastgrnn_digits-q15")
        with Session(board, made) as session, pytest.raises(ProbeError, match="near: the process that"):
            session.measure(vectors, lambda done, total: probes.kill())
        assert report(board, "fastgrnn_digits-q15", 5).value("golden_exact") == 1.0


def test_a_lab_file_chooses_it_and_faults_change_no_figure(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(LAB)
    run = (
        "--board=near,twin",
        "--lab=lab.toml",
        "--model=fastgrnn_digits/q15,fastgrnn_digits/q7",
        "--no-energy",
    )
    for more in ([], ["--link-faults=flip=0.0001,drop=0.003,cut=0.0001,seed=7"]):
        ran = run_bench(tmp_path, *run, "--vectors=20", *more)
        assert ran.returncode == 0, ran.stdout
    told = rows(
        tmp_path,
        "select s.run_id, s.board, s.precision, m.metric, m.technique, m.value, m.conditions "
        "from measure m join session s on s.id = m.session_id order by s.board, s.precision, m.id",
    )
    figures: dict[object, list[object]] = {1: [], 2: []}
    streamed = []
    for run_id, name, precision, metric, technique, value, conditions in told:
        if metric == "stream_s":
            streamed.append((run_id, name, json.loads(str(conditions))["link"]))
        if "link" not in json.loads(str(conditions)) and technique != "host-clock":
            figures[run_id].append((name, precision, metric, technique, value))
    assert figures[1] == figures[2]
    assert sorted(streamed) == sorted((n, b, "probe") for n in (1, 2) for b in ("near", "twin") for _ in "ab")
    lost = [value for run_id, *_, metric, _, value, _ in told if (run_id, metric) == (2, "link_lost")]
    assert sum(map(float, map(str, lost))) > 0
