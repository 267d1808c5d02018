"""One test per board and image: stream the vectors, store what was measured, compare with the reference."""

from __future__ import annotations

import pytest

from hil.bench.case import Bench
from hil.errors import TooLargeError
from hil.measure.accuracy import disagreement


def test_image(hil_bench: Bench) -> None:
    """The board's outputs are those of the golden reference."""
    try:
        report = hil_bench.run()
    except TooLargeError as larger:
        pytest.skip(f"{hil_bench.label}: {larger.short} ({larger.evidence})")
    disagree = hil_bench.disagreeing(report)
    assert not disagree, (
        f"{hil_bench.label}: {len(disagree)} of {len(report.outputs)} vectors disagree with the reference; "
        f"vector {disagree[0]} {disagreement(report.outputs[disagree[0]], hil_bench.goldens[disagree[0]])}"
    )
