"""The tables and lines that `hil model import` prints."""

from __future__ import annotations

from dataclasses import replace

from hil.build.footprint import Footprint, Footprints
from hil.commands.reports.model_import import audit_lines, size_lines
from hil.models.importer.audit import Operation
from hil.values import Method, Precision

KIND = "qemu_mps2_an386"


def test_the_audit_is_a_table() -> None:
    lines = audit_lines(
        [Operation("pre", 14.891, 4.0, 0.1555, 0.011, 14.9), Operation("z", 1.0, 2.0, 0.0, 0.0, 0.0)]
    )
    assert lines == [
        "operation  largest  range  saturated  error  relative",
        "pre          14.89      4     15.55%  0.011     0.07%",
        "z                1      2       none      0     0.00%",
    ]


def test_sizes_say_how_they_are_known() -> None:
    one = Footprint(KIND, Precision.Q15, 11 * 1024, 41 * 1024, Method.COUNTED)
    both = Footprints((one, replace(one, precision=Precision.F32, method=Method.ESTIMATED)), "no compiler")
    first, second, how, missing = size_lines(both)
    assert first == "q15: flash 11 of 1,024 KB, RAM 41 of 256 KB: fits"
    assert second.startswith("f32: ")
    assert "counted from the images built, the others estimated" in how
    assert missing == "not built: no compiler"
