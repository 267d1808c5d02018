"""One test per board and image: stream every vector, store what was measured, and compare with the reference."""

from __future__ import annotations

from hil.bench.case import Bench


def test_image(bench: Bench) -> None:
    """The board's outputs are those of the golden reference."""
    report = bench.run()
    disagree = bench.disagreeing(report)
    assert not disagree, (
        f"{bench.label}: {len(disagree)} of {len(report.outputs)} vectors disagree with the golden reference, "
        f"first vector {disagree[0]}: got {report.outputs[disagree[0]].tolist()}"
    )
