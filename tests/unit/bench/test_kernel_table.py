"""The table of the kernels: multiply-accumulates by the papers' formulas, ratios to the reference."""

from __future__ import annotations

import pytest

from hil.bench.kernels import WORKLOADS, Counted, table_lines
from hil.models.catalog import find_model
from hil.values import Precision

MACS = {
    "perf_har2": 876_160,
    "perf_google12": 704_088,
    "perf_wakeword2": 259_200,
    "perf_msc_lower": 26_592,
    "perf_vww": 12_288,
    "perf_wider": 16_384,
    "perf_face_m4": 57_344,
}


def test_every_workload_is_in_the_table() -> None:
    assert {work.model for work in WORKLOADS} == set(MACS)


@pytest.mark.parametrize("name", MACS)
def test_multiply_accumulates_are_the_papers(name: str) -> None:
    spec = find_model(name)
    assert spec.macs == MACS[name]
    assert spec.classes == 0
    assert "drawn at random" in spec.task
    assert spec.dataset is None


def test_ratios_stand_beside_the_reference() -> None:
    har2, wider = WORKLOADS[0], WORKLOADS[5]
    counted = {Precision.F32: 1_677_500, Precision.Q15: 1_000_000, Precision.Q7: 1_500_000}
    lines = table_lines([Counted(har2, 876_160, counted), Counted(wider, 16_384, counted)])
    assert lines[2].split() == [
        *("HAR-2", "876,160", "6,710,000", "1,677,500", "4.0"),
        *("5,460,000", "1,000,000", "5.5", "1.14", "1,500,000", "1.71"),
    ]
    assert lines[3].split()[:6] == ["RNNPool", "WIDER", "block", "16,384", "-", "1,677,500"]
    assert "counted" in lines[5]
