"""Which changes matter, and what is said of a file that says it wrongly."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from hil.errors import LabError
from hil.measure.verdicts import EXACT, Tolerance
from hil.thresholds import Thresholds, load_thresholds

CASE = ("qemu", "qemu_mps2_an386", "fastgrnn_digits", "q15")


def load(folder: Path, text: str) -> Thresholds:
    lab = folder / "lab.toml"
    lab.write_text(text)
    return load_thresholds(lab, folder)


def threshold(metric: str, allow: str, **rest: str) -> str:
    lines = [f'{key} = "{value}"' for key, value in {"metric": metric, "allow": allow, **rest}.items()]
    return "\n".join(["[[verdicts.threshold]]", *lines, ""])


def test_without_any_an_image_may_not_change_and_the_bench_a_little(tmp_path: Path) -> None:
    found = load_thresholds(None, tmp_path)
    assert found.of("flash_bytes", *CASE) == EXACT
    assert found.of("latency_cycles_both", *CASE) == EXACT
    assert found.of("a_users_own", *CASE) == EXACT
    assert found.of("stream_s", *CASE) == Tolerance(share=0.1)
    assert found.of("link_wire_bytes", *CASE) == Tolerance(share=0.1)


@pytest.mark.parametrize(
    ("metric", "allow", "tolerance"),
    [
        ("flash_bytes", "1 %", Tolerance(share=0.01)),
        ("flash_bytes", "1.5%", Tolerance(share=0.015)),
        ("*_bytes", "64 B", Tolerance(amount=64)),
        ("latency_us", "2 µs", Tolerance(amount=2)),
        ("accuracy", "0.002", Tolerance(amount=0.002)),
        ("stream_s", "any", Tolerance(inf, inf)),
        ("a_users_own_thing", "3 mV", Tolerance(amount=3)),
    ],
)
def test_what_is_allowed(tmp_path: Path, metric: str, allow: str, tolerance: Tolerance) -> None:
    found = load(tmp_path, threshold(metric, allow))
    assert [one.tolerance for one in found.of_file] == [tolerance]


def test_globs_and_the_last_one_count(tmp_path: Path) -> None:
    text = threshold("flash_bytes", "1 %") + threshold("flash_*", "2 %", model="fastgrnn_*", precision="q15")
    found = load(tmp_path, text + threshold("ram_bytes", "3 %", board="desk-?", kind="nucleo_*"))
    assert found.of("flash_bytes", *CASE) == Tolerance(share=0.02)
    assert found.of("flash_bytes", "qemu", "qemu_mps2_an386", "other", "q15") == Tolerance(share=0.01)
    assert found.of("ram_bytes", *CASE) == EXACT
    assert found.of("ram_bytes", "desk-1", "nucleo_f439zi", "m", "q7") == Tolerance(share=0.03)


def test_a_project_file_has_them_where_the_lab_file_has_not(tmp_path: Path) -> None:
    text = threshold("flash_bytes", "1 %").replace("[[verdicts", "[[tool.hil.verdicts")
    (tmp_path / "pyproject.toml").write_text(text)
    assert load_thresholds(None, tmp_path).of("flash_bytes", *CASE) == Tolerance(share=0.01)
    boards = "[boards.qemu]\nkind = 'qemu_mps2_an386'\n"
    assert load(tmp_path, boards).path == tmp_path / "pyproject.toml"
    assert load(tmp_path, threshold("flash_bytes", "2 %")).path == tmp_path / "lab.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (threshold("flash_byte", "1 %"), "there is no metric 'flash_byte'; did you mean 'flash_bytes'?"),
        (threshold("zzz_*", "1 %"), "no metric is called as 'zzz_*'"),
        (threshold("flash_bytes", "1 %", modle="x"), "unknown key 'modle'; did you mean 'model'?"),
        (threshold("flash_bytes", "64 kB"), "allow has another unit than its metric ('64 kB', not B)"),
        (threshold("*_bytes", "3 cycles"), "another unit"),
        (threshold("flash_bytes", "a little"), "allow is no threshold ('a little')"),
        (threshold("flash_bytes", "-1 %"), "allow is no threshold ('-1 %')"),
        (threshold("flash_bytes", "9e999 %"), "allow is too large"),
        (threshold("flash_bytes", ""), "allow is no threshold ('')"),
        ("[[verdicts.threshold]]\nmetric = 'flash_bytes'\n", "has no allow"),
        ("[[verdicts.threshold]]\nallow = '1 %'\n", "has no metric"),
        ("[[verdicts.threshold]]\nmetric = 'flash_bytes'\nallow = 1\n", "allow is no threshold (1)"),
        ("[[verdicts.threshold]]\nmetric = 3\nallow = '1 %'\n", "metric must be a string (3)"),
        ("[verdicts]\nthreshold = 3\n", "verdicts.threshold is not a list of tables"),
        ("[verdicts.threshold]\nmetric = 'flash_bytes'\n", "verdicts.threshold is not a list of tables"),
        ("[verdicts]\nthresholds = []\n", "unknown key 'thresholds'; did you mean 'threshold'?"),
        (
            "[[verdict.threshold]]\nmetric = 'flash_bytes'\n",
            "unknown key 'verdict'; did you mean 'verdicts'?",
        ),
        ("verdicts = 3\n", "verdicts is not a table"),
        ("[verdicts\n", "is not a TOML file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LabError) as error:
        load(tmp_path, text)
    assert said in str(error.value)
    assert str(tmp_path / "lab.toml") in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (threshold("flash_byte", "1 %"), 9),
        (threshold("flash_bytes", "64 kB"), 10),
        (threshold("flash_bytes", "1 %", modle="x"), 11),
        (threshold("flash_bytes", "1 %").replace("allow", '"alow"'), 10),
        (threshold("flash_bytes", "1 %").replace('allow = "1 %"', ""), 8),
        (threshold("flash_byte", "1 %").replace("verdicts.threshold", 'verdicts . "threshold" '), 9),
    ],
)
def test_the_line_is_told(tmp_path: Path, text: str, line: int) -> None:
    before = threshold("flash_bytes", "1 %") + "# a comment\n\n" + "[boards.qemu]\nkind = 'qemu_mps2_an386'\n"
    with pytest.raises(LabError, match=rf"lab.toml, line {line}: threshold 2 of verdicts: "):
        load(tmp_path, before + text)
    inline = "[verdicts]\nthreshold = [{metric = 'flash_byte', allow = '1 %'}]\n"
    with pytest.raises(LabError, match=r"lab.toml: threshold 1 of verdicts: there is no metric"):
        load(tmp_path, inline)


def test_a_lab_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot read"):
        load_thresholds(tmp_path / "none.toml", tmp_path)
