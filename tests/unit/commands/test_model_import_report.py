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


def test_sizes_are_a_table_of_kinds_that_says_how_they_are_known() -> None:
    small = Footprint(KIND, Precision.Q15, 11 * 1024, 41 * 1024, Method.COUNTED)
    large = replace(small, precision=Precision.F32, flash_bytes=1036 * 1024 + 1, method=Method.ESTIMATED)
    other = replace(small, kind="b_l475e_iot01a", method=Method.ESTIMATED)
    apart = replace(large, kind="b_l475e_iot01a", flash_bytes=1, ram_bytes=107 * 1024)
    lines = size_lines([Footprints((small, large), "no compiler"), Footprints((other, apart))])
    assert lines == [
        "KB                   q15                     f32",
        "---------------  -------  ----------------------",
        "qemu_mps2_an386  11 + 41  does not fit, by 13 KB",
        "b_l475e_iot01a   11 + 41  does not fit, by 11 KB",
        "",
        "flash + RAM of data, and of the stack where it lies there; counted from the images "
        "built: q15 for qemu_mps2_an386; all else estimated from the arrays, to 3 KB of flash and 0.25 "
        "of RAM",
        "not built: no compiler",
    ]


def test_where_nothing_was_built_all_is_estimated() -> None:
    one = Footprint(KIND, Precision.Q15, 1, 1, Method.ESTIMATED)
    assert size_lines([Footprints((one,))])[-1].endswith(
        "there; estimated from the arrays, to 3 KB of flash and 0.25 of RAM"
    )
