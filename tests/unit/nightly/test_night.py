"""`hil nightly`: what a night comes to, whatever its bench did."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import children
from hil import cli
from hil.nightly.night import worst

if TYPE_CHECKING:
    from conftest import Desk


@pytest.mark.parametrize(
    ("codes", "code"), [([], 0), ([0, 3], 3), ([3, 2, 0], 2), ([2, 1, 3], 1), ([0, 0], 0)]
)
def test_the_worst_of_several_codes(codes: list[int], code: int) -> None:
    assert worst(codes) == code


def wait_until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def last_line(night: subprocess.CompletedProcess[str]) -> str:
    line = night.stdout.rstrip().splitlines()[-1]
    assert line.startswith("hil nightly: "), night.stdout + night.stderr
    return line


def test_a_first_night_and_those_after_it(desk: Desk) -> None:
    first = desk.night("--backup=kept/results.db")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "fine (0); run 1 " in last_line(first)
    assert "is the first: 1 image: 1 new" in last_line(first)
    assert json.loads((desk.newest / "check.json").read_text())["baseline"] is None
    with sqlite3.connect(desk.folder / "kept" / "results.db") as copy:
        assert copy.execute("select count(*) from run").fetchone() == (1,)

    again = desk.night()
    assert again.returncode == 0
    assert "run 2 " in last_line(again)
    assert "1 image: 1 unchanged" in last_line(again)
    assert str(desk.newest.readlink()) in last_line(again)
    assert (desk.newest / "check.md").read_text().count("\n") == 1

    desk.ask(1500)
    worse = desk.night()
    assert worse.returncode == 1
    assert "worse (1)" in last_line(worse)
    assert "| **regression** | <code>qemu m/q15</code> | Cycles |" in (desk.newest / "check.md").read_text()
    assert ET.parse(desk.newest / "junit.xml").getroot()[0].get("failures") == "1"
    assert "1 passed" in (desk.newest / "bench.log").read_text()
    assert "REGRESSION  qemu m/q15" in worse.stdout
    assert sorted(one.name for one in desk.newest.iterdir()) == sorted(
        ["bench.log", "check.json", "check.md", "junit.xml", "report.html"]
    )


def test_a_bench_that_reaches_no_board(desk: Desk) -> None:
    desk.seed()
    desk.ask(stores=False)
    night = desk.night()
    assert night.returncode == 3
    assert "no data (3); test_image failed: no probe answers" in last_line(night)
    assert (desk.newest / "check.md").read_text().startswith("**HIL bench: no data.**")


def test_a_session_that_failed_stops_no_comparison(desk: Desk) -> None:
    desk.seed()
    desk.ask(1500, dead=True)
    night = desk.night()
    assert night.returncode == 1  # the other image is worse
    assert "2 images: 1 regression, 1 no data" in last_line(night)
    desk.ask(dead=True)
    assert desk.night().returncode == 3
    assert desk.night("--fail-on=regression").returncode == 0


def test_a_board_that_is_new_and_fails_is_no_data_on_the_first_night(desk: Desk) -> None:
    desk.ask(dead=True)
    night = desk.night()
    assert night.returncode == 3
    assert "2 images: 1 no data, 1 new" in last_line(night)


def test_a_test_that_found_something_wrong_is_told_beside_figures_that_are_fine(desk: Desk) -> None:
    desk.seed()
    desk.ask(fails=True)
    night = desk.night()
    assert night.returncode == 1
    assert "1 unchanged; test_image failed: " in last_line(night)
    comment = (desk.newest / "check.md").read_text()
    assert comment.startswith("**HIL bench: worse.**")
    assert "<b>" not in comment
    assert "outputs &lt;b&gt;differ&lt;/b&gt;" in comment
    assert desk.night("--fail-on=never").returncode == 0


def test_a_bench_that_is_killed(desk: Desk) -> None:
    desk.seed()
    desk.ask(1500, dies="SIGKILL")
    night = desk.night()
    assert night.returncode == 1  # what it stored is compared
    assert "the bench was ended by signal 9: run 2 is not whole, but interrupted" in last_line(night)
    desk.ask(dies="SIGKILL")
    assert desk.night().returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--baseline=mian",), "did you mean 'main'?"),
        (("--db=sqlite:///none/results.db",), "does not exist"),
        (("--db=postgresql://a:secret@127.0.0.1:9/x",), "cannot be reached"),
        (("--fail-on=regresion",), "did you mean 'regression'?"),
        (("--lab=bad.toml",), "did you mean 'flash_bytes'?"),
        (("--out=bench.py",), "nothing can be written in the folder bench.py"),
        (("--keep=0",), "'0' is no number of nights"),
        (("-- --db=x",), "give --db to hil nightly itself"),
    ],
)
def test_what_keeps_a_night_from_beginning(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(desk.folder)
    Path("bad.toml").write_text('[[verdicts.threshold]]\nmetric = "flash_byte"\nallow = "1 %"\n')
    desk.seed(branch="main")
    assert cli.main(desk.arguments(*arguments)) == 2
    told = capfd.readouterr()
    assert said in told.err
    assert "secret" not in told.err
    assert "test session starts" not in told.out


def test_options_that_the_bench_does_not_know(desk: Desk) -> None:
    night = desk.night("-- --modle=x")
    assert night.returncode == 2
    assert "the bench was not given what it needs, and stored no run" in last_line(night)


def test_a_locked_database(desk: Desk) -> None:
    desk.seed()
    with sqlite3.connect(desk.folder / "results.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        night = desk.night()
        other.execute("ROLLBACK")
    assert night.returncode == 2
    assert "is locked" in night.stderr


def test_the_branch_that_a_change_goes_into_is_compared_with(desk: Desk) -> None:
    for words in (
        ("init", "-q", "-b", "work"),
        ("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"),
    ):
        subprocess.run(["git", *words], cwd=desk.folder, check=True)
    desk.seed(branch="main")
    desk.ask(1500)
    assert "is the first" in last_line(desk.night())
    change = desk.night(GITHUB_BASE_REF="main")
    assert change.returncode == 1
    assert "against run 1 (main, " in last_line(change)


@pytest.mark.parametrize("dies", ["", "SIGKILL"])
def test_the_database_is_one_whole_file_after_a_night(desk: Desk, dies: str, tmp_path: Path) -> None:
    desk.ask(dies=dies)
    desk.night("--backup=kept/results.db")
    assert [one.name for one in desk.folder.glob("results.db*")] == ["results.db"]
    alone = tmp_path / "alone.db"
    for name in ("results.db", "kept/results.db"):
        alone.write_bytes((desk.folder / name).read_bytes())
        with closing(sqlite3.connect(alone)) as copy:
            assert copy.execute("select count(*) from session").fetchone() == (1,)
            assert copy.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_night_that_is_ended_from_outside(desk: Desk, number: signal.Signals) -> None:
    desk.ask(waits=True)
    command = children.interruptible(desk.command())
    with subprocess.Popen(command, cwd=desk.folder, stdout=subprocess.PIPE, text=True) as night:
        wait_until(lambda: (desk.folder / "waiting").exists() or night.poll() is not None)
        night.send_signal(number)
        said, _ = night.communicate(timeout=300)
    assert night.returncode == 128 + number, said
    assert f"ended by {number.name}; what was measured is in run 1" in said
    assert not desk.newest.is_symlink()
    (here,) = (one for one in (desk.folder / "nightly").iterdir() if not one.name.startswith("."))
    assert [one.name for one in here.iterdir()] == ["bench.log"]


def test_one_night_at_a_time(desk: Desk) -> None:
    desk.ask(waits=True)
    with subprocess.Popen(desk.command(), cwd=desk.folder, stdout=subprocess.DEVNULL) as night:
        wait_until(lambda: (desk.folder / "waiting").exists() or night.poll() is not None)
        other = desk.night()
        night.terminate()
    assert other.returncode == 2
    assert "another night goes on in nightly" in other.stderr


def test_a_reader_that_goes_away_ends_no_night(desk: Desk) -> None:
    with subprocess.Popen(desk.command(), cwd=desk.folder, stdout=subprocess.PIPE) as night:
        assert night.stdout is not None
        night.stdout.close()
        assert night.wait(timeout=300) == 0
    assert (desk.newest / "check.md").exists()


def test_files_of_the_present_folder_are_no_modules_of_the_bench(desk: Desk) -> None:
    (desk.folder / "zstandard.py").write_text("raise RuntimeError('taken from the folder')")
    command = [Path(sys.executable).with_name("hil"), *desk.arguments()]
    night = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, check=False)
    assert night.returncode == 0, night.stdout


def test_nights_in_postgresql_are_kept_in_a_file(desk_with_server: Desk) -> None:
    desk = desk_with_server
    desk.seed()
    again = desk.night("--backup=kept/results.db")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "run 2 " in last_line(again)
    assert "1 image: 1 unchanged" in last_line(again)
    for file in desk.newest.iterdir():
        assert "secret" not in file.read_text()
    with sqlite3.connect(desk.folder / "kept" / "results.db") as copy:
        assert copy.execute("select status from run").fetchall() == [("finished",), ("finished",)]
