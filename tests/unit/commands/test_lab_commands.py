"""`hil lab init`, `hil boards` and `hil doctor`, as a user without hardware types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil import cli
from hil.desk import udev

_TOLD = {"name", "kind", "state", "why", "probe", "serial", "link", "tags", "power"}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def hil(*arguments: str) -> int:
    return cli.main(arguments)


def test_a_lab_file_is_written_listed_and_examined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hil("lab", "init") == 0
    assert capsys.readouterr().out.endswith("run them: pytest --board=all --lab=lab.toml\n")
    assert hil("lab", "init") == 1
    assert "lab.toml is there already" in capsys.readouterr().err
    assert hil("lab", "init", "--force") == 0
    capsys.readouterr()

    assert hil("boards", "--lab=lab.toml", "--json") == 0
    boards = json.loads(capsys.readouterr().out)
    assert all(set(board) == _TOLD for board in boards)
    assert hil("boards", "--lab=lab.toml") == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["board", "kind", "power", "probe", "state", "why"]
    assert [row.split()[0] for row in rows] == [board["name"] for board in boards]

    code = hil("doctor", "--lab=lab.toml", "--report=report.json")
    lines = capsys.readouterr().out.splitlines()
    assert code == int(any(line.startswith("fault") for line in lines))
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["lab"] == "lab.toml"
    assert [board["name"] for board in report["boards"]] == [board["name"] for board in boards]
    assert {"hil", "python", "system"} <= set(report["versions"])
    assert len(report["findings"]) == len(lines) - 1
    assert isinstance(report["attached"], list)


def test_a_lab_file_with_a_mistake_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("lab.toml").write_text("[boards.x]\nkin = 1\n")
    assert hil("doctor", "--lab=lab.toml") == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "lab file" in line]
    assert line.startswith("fault")
    assert "line 2, column 1" in line
    assert "did you mean 'kind'?" in line
    assert hil("boards", "--lab=lab.toml") == 1


def test_the_rules_go_to_standard_output_or_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert hil("doctor", "--udev-rules") == 0
    assert capsys.readouterr().out == udev.rules()
    assert hil("doctor", "--udev-rules=60.rules") == 0
    assert Path("60.rules").read_text() == udev.rules()
    assert "udevadm" in capsys.readouterr().out
    assert hil("doctor", "--udev-rules=/nowhere/60.rules") == 1
