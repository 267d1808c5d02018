"""Frames through memory that board and host share, or over the UART: the same image tells the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench_runs import rows, run_bench
from hil.board import open_board
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.models.vectors import load_vectors
from hil.session import Report, Session, first
from hil.values import Precision

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]


def report(name: str, precision: Precision, *, over_uart: bool) -> Report:
    image = Image.load(prebuilt_dir("qemu_mps2_an386") / f"{name}-{precision}.elf")
    with (
        open_board(builtin_lab().boards[0]) as board,
        Session(board, image, over_uart=over_uart) as session,
    ):
        return session.measure(first(load_vectors(name, precision), 5))


def links(found: Report) -> set[str | float]:
    """What carried the frames, as the phases that sent some tell; the others hold for either."""
    flashed = [one for one in found.measures if one.metric in ("connect_s", "program_s", "verify_s")]
    assert [one.conditions for one in flashed] == [{}, {}, {}]
    phases = [one for one in found.measures if one.metric in ("handshake_s", "stream_s")]
    assert len(phases) == 2
    return {one.conditions["link"] for one in phases}


@pytest.mark.parametrize(
    ("name", "precision"), [("fastgrnn_vowels", Precision.Q7), ("rnnpool_face", Precision.Q15)]
)
def test_figures_are_those_of_the_uart(name: str, precision: Precision) -> None:
    """rnnpool_face's vectors travel in fragments."""
    through_memory = report(name, precision, over_uart=False)
    over_uart = report(name, precision, over_uart=True)
    assert links(through_memory) == {"ram"}
    assert links(over_uart) == {"uart"}
    exact = [
        [one for one in found.measures if "link" not in one.conditions and one.technique != "host-clock"]
        for found in (through_memory, over_uart)
    ]
    assert exact[0] == exact[1]
    assert np.array_equal(through_memory.outputs, over_uart.outputs)
    for left, right in zip(through_memory.samples, over_uart.samples, strict=True):
        assert np.array_equal(left.values, right.values)


def test_a_session_after_another_hears_nothing_of_it() -> None:
    """Memory survives a reset: images with rings and over the UART take turns on one board."""
    vectors = first(load_vectors("fastgrnn_digits", Precision.Q15), 40)
    image = Image.load(prebuilt_dir("qemu_mps2_an386") / "fastgrnn_digits-q15.elf")
    with open_board(builtin_lab().boards[0]) as board:
        for over_uart in (False, False, True, False, True, True):
            with Session(board, image, over_uart=over_uart) as session:
                assert session.measure(vectors).value("golden_exact") == 1.0


def test_every_run_of_several_images_tests_the_uart_with_one(tmp_path: Path) -> None:
    ran = run_bench(tmp_path, "--board=all", "--model=fastgrnn_digits", "--vectors=5")
    assert ran.returncode == 0, ran.stdout
    told = rows(
        tmp_path,
        "select s.precision, m.conditions from measure m join session s on s.id = m.session_id "
        "where m.metric = 'stream_s' order by s.precision",
    )
    assert told == [("f32", '{"link": "ram"}'), ("q15", '{"link": "ram"}'), ("q7", '{"link": "uart"}')]
