"""The spans of a repeat, by what the timing plug-in wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ProbeError
from hil.kinds import KINDS
from hil.qemu import timeline
from hil.qemu.timeline import Span
from timelines import CLOCK_HZ, Timeline

KIND = KINDS["qemu_mps2_an386"]
SPANS = [2_500_000, 2_600_000, 2_499_920]


def test_spans_are_those_of_the_repeat_that_ended_last(tmp_path: Path) -> None:
    read = timeline.Timeline(tmp_path / "t")
    assert read.spans() == []
    board = Timeline(tmp_path / "t")
    board.infer(1_000)
    assert read.spans() == []
    board.repeat([400, 600])
    assert read.spans() == [Span(400, 200), Span(600, 300)]
    board.infer(1_000)
    assert read.spans() == [Span(400, 200), Span(600, 300)]
    board.repeat(SPANS)
    assert [one.cycles for one in read.spans()] == SPANS


def test_a_file_that_was_read_is_let_go_of(tmp_path: Path) -> None:
    def held() -> list[str]:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return [str(link.readlink()) for link in links if link.readlink() == tmp_path / "t"]

    Timeline(tmp_path / "t").repeat(SPANS)
    read = timeline.Timeline(tmp_path / "t")
    read.close()
    assert len(read.spans()) == 3
    assert len(held()) == 1
    read.close()
    assert held() == []


def test_seconds_are_cycles_at_the_kinds_clock(tmp_path: Path) -> None:
    Timeline(tmp_path / "t").repeat(SPANS)
    ticks = [one // 2 // 40 for one in SPANS]
    found = timeline.Timeline(tmp_path / "t").spans_s(ticks, KIND)
    assert found == [one / CLOCK_HZ for one in SPANS]


@pytest.mark.parametrize("ticks", [[31_250, 32_500, 31_251], [31_248, 32_500, 31_249], [31_250] * 9, []])
def test_spans_that_the_board_counted_otherwise_are_refused(tmp_path: Path, ticks: list[int]) -> None:
    Timeline(tmp_path / "t").repeat(SPANS)
    with pytest.raises(ProbeError, match="saw other spans than the board counted"):
        timeline.Timeline(tmp_path / "t").spans_s(ticks, KIND)
