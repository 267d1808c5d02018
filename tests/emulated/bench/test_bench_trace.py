"""The bench beside its trace: without a plug-in, and with a report that does not hold everything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hil.board import Board, open_board
from hil.build import find_toolchain
from hil.build.own import bring_up_to_date
from hil.errors import BuildError
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.measure.traced import traced
from hil.models.catalog import ModelLibrary, images_dir
from hil.models.vectors import VectorSet, load_vectors
from hil.qemu.trace import REPORT_NAME
from hil.session import Session, first
from hil.values import Precision
from needs import absent

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]

MODEL = "fastgrnn_digits"
OWN = Path(__file__).parents[3] / "examples" / "own_model" / "models"


@contextmanager
def _session() -> Iterator[tuple[Board, Session]]:
    with open_board(builtin_lab().boards[0]) as board:
        elf = prebuilt_dir(board.kind.name) / f"{MODEL}-q15.elf"
        with Session(board, Image.load(elf)) as session:
            yield board, session


def _vectors(count: int) -> VectorSet:
    return first(load_vectors(MODEL, Precision.Q15), count)


def test_without_a_compiler_the_timer_counts_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from hil.qemu.plugin import _timing_plugin

    _timing_plugin.cache_clear()
    monkeypatch.setenv("CC", str(tmp_path / "none"))
    try:
        with _session() as (board, session):
            report = session.measure(_vectors(5))
    finally:
        _timing_plugin.cache_clear()
    assert board.trace is None
    (note,) = report.notes
    assert re.fullmatch(
        r"qemu: the timing plug-in cannot be compiled \(.*\); apt install gcc libc6-dev", note
    )
    assert report.profile is None
    assert {one.technique for one in report.measures if one.metric == "instructions"} == {"timer"}
    assert not [one for one in report.measures if one.metric.startswith("latency")]


def test_the_same_vectors_cost_the_same_to_the_last_digit() -> None:
    with _session() as (_, session):
        one, other = (session.measure(_vectors(20)) for _ in range(2))
    for samples in ("instructions", "latency_cycles"):
        values = [next(s for s in report.samples if s.metric == samples).values for report in (one, other)]
        assert list(values[0]) == list(values[1])
    assert one.profile == other.profile
    assert one.value("stack_bytes") == other.value("stack_bytes")


def test_the_stack_of_a_shallow_model_does_not_depend_on_when_interrupts_came(tmp_path: Path) -> None:
    """Such a one needs less than the runtime, whose deepest use is where an interrupt met it."""
    try:
        find_toolchain()
    except BuildError as error:
        absent(str(error))
    shutil.copytree(OWN, tmp_path / "models", ignore=shutil.ignore_patterns("images"))
    spec = ModelLibrary(tmp_path / "models").find("nearest")
    with open_board(builtin_lab().boards[0]) as board:
        bring_up_to_date(spec, board.kind.name, Precision.Q15)
        image = Image.load(images_dir(spec, board.kind.name) / "nearest-q15.elf")
        vectors = load_vectors(spec, Precision.Q15)
        with Session(board, image) as session:
            few, many = (session.measure(first(vectors, count)) for count in (1, 60))
    assert few.value("stack_bytes") == many.value("stack_bytes")
    (since_reset,) = (
        one.value for one in many.measures if (one.metric, one.technique) == ("stack_bytes", "painted")
    )
    assert since_reset > many.value("stack_bytes"), "or this tells nothing"


def test_a_report_that_lost_lines_gives_no_cycles() -> None:
    with _session() as (board, session):
        results = session.infer(_vectors(3).inputs)
        assert board.trace is not None
        report = Path(board.serial_url.removeprefix("unix://")).parent / REPORT_NAME
        report.write_bytes(b"".join(report.read_bytes().splitlines(keepends=True)[:2]))
        regions = board.trace.take()
    assert [region.sequence for region in regions] == [0, 1]
    found = traced(regions, [result.wire_number for result in results], board.kind, board.trace.technique)
    assert found.notes == ("no cycles: the trace holds 2 of 3 inferences",)
    assert found.measures == ()
