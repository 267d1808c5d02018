"""`pytest --board=…` as a user runs it: from a folder of their own, against a database of their own."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from children import interruptible
from hil.lab.boards import builtin_lab
from hil_db import symbols
from hil_db.store import Store
from holding import hold, standing, wait_for
from postgres_server import running_server

pytestmark = pytest.mark.emulated

README = Path(__file__).parents[3] / "README.md"
QUICK = ("--board=all", "--model=fastgrnn_digits/q15", "--vectors=20")
QUICK_ID = "hil/suite/bench.py::test_image[qemu-fastgrnn_digits/q15]"
RUN_S = 600  # there for a hang


def pytest_command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--db={url(folder)}", *arguments]


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'results.db'}"


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        pytest_command(folder, *arguments),
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )


def hil(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hil", *arguments], cwd=folder, capture_output=True, text=True, timeout=RUN_S
    )


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "results.db") as database:
        return database.execute(query).fetchall()


def test_the_bench_prints_stores_and_exports_the_same_values(tmp_path: Path) -> None:
    (tmp_path / "test_of_the_user.py").write_text("def test_never_run(): assert False\n")
    done = run(tmp_path, *QUICK, "--junitxml=junit.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "qemu fastgrnn_digits/q15: 20/20 vectors" in done.stdout
    row = next(line.split() for line in done.stdout.splitlines() if line.startswith("qemu   fastgrnn"))
    assert row[:3] == ["qemu", "fastgrnn_digits", "q15"]
    assert row[-2:] == ["20/20", "bit-exact"]

    exported = hil(tmp_path, "export", f"--db={url(tmp_path)}")
    assert exported.returncode == 0, exported.stderr
    lines = list(csv.DictReader(io.StringIO(exported.stdout)))
    table: dict[str, dict[str, str]] = {}
    for line in lines:
        table.setdefault(line["metric"], line)  # the first technique of a metric is the one that is shown
    assert list(lines[0]) == [
        *("run", "time", "board", "kind", "model", "precision", "metric", "value", "unit"),
        *("method", "technique", "resolution", "low", "high", "conditions"),
        *("git_commit", "git_dirty", "git_note"),
    ]
    assert float(table["golden_exact"]["value"]) == 1.0
    assert float(table["vectors"]["value"]) == 20
    assert f"{float(table['instructions']['value']):,.0f}" in row
    assert (table["instructions"]["method"], table["instructions"]["technique"]) == ("counted", "plugin")
    latency = table["latency_us"]
    assert (latency["method"], latency["technique"]) == ("estimated", "cycle-model-2")
    assert json.loads(latency["conditions"]) == {"clock_hz": 25e6, "wait_states": 0}
    assert float(latency["low"]) < float(latency["value"]) < float(latency["high"])
    assert float(latency["value"]) == float(table["latency_cycles"]["value"]) / 25
    by_technique = {(line["metric"], line["technique"]): float(line["value"]) for line in lines}
    timer, plugin = by_technique["instructions", "timer"], by_technique["instructions", "plugin"]
    assert abs(timer - plugin) <= 40
    tracked, painted = (by_technique["stack_bytes", how] for how in ("tracked", "painted"))
    assert tracked >= painted
    assert {"flash_bytes", "ram_bytes", "stack_bytes", "connect_s", "stream_s"} <= set(table)

    properties = {
        str(entry.get("name")).removeprefix(f"{QUICK_ID} "): float(entry.get("value", "nan"))
        for entry in ET.parse(tmp_path / "junit.xml").iter("property")
    }
    assert {name: value for name, value in properties.items() if "." not in name} == {
        metric: float(line["value"]) for metric, line in table.items()
    }
    assert properties["instructions.timer"] == timer
    assert properties["latency_us.low"] == float(latency["low"])

    assert rows(tmp_path, "select status, git_commit, command from run")[0][:2] == ("finished", None)
    assert rows(tmp_path, "select metric, count, technique from sample order by metric, technique") == [
        ("energy_net_per_inference", 3, "ppk2 model of STM32G431 currents"),
        ("energy_per_inference", 3, "ppk2 model of STM32G431 currents"),
        ("instructions", 20, "plugin"),
        ("instructions", 20, "timer"),
        ("latency_cycles", 20, "cycle-model-2"),
        ("latency_us", 20, "cycle-model-2"),
        ("predicted", 20, "labels"),
    ]
    with Store.open_read_only(url(tmp_path)) as store, store.engine.connect() as connection:
        (held,) = symbols.read(connection, [1]).values()
        assert np.count_nonzero(store.read_samples(1, "predicted") == -1) == 0
    assert "Reset_Handler" in {one.name for one in held}
    assert sum(one.ram_bytes for one in held if one.section != ".stack") == float(table["ram_bytes"]["value"])
    logged = hil(tmp_path, "export", "--logs", f"--db={url(tmp_path)}").stdout
    told = [line["line"] for line in csv.DictReader(io.StringIO(logged))]
    assert told[0].startswith("qemu: image fastgrnn_digits/q15 for qemu_mps2_an386, sha256 ")
    happened = (
        "connected to CPUID 0x410fc240",
        "flashed ",
        "reset; hands shaken",
        "streaming 20 of 20 vectors",
    )
    assert [one for one, line in zip(happened, told[1:], strict=False) if not line.startswith(one)] == []
    assert any(line.startswith("all vectors answered after ") for line in told)
    assert told[-1] == "the session was closed"
    versions = json.loads(rows(tmp_path, "select versions from session")[0][0])
    assert {"qemu", "pyocd"} < set(versions)
    assert versions["chip"] == "CPUID 0x410fc240"
    assert versions["firmware"] == "protocol 2, clock 25,000,000 Hz, counter timer at 25,000,000 Hz"


def test_a_reader_that_goes_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    command = pytest_command(tmp_path, "--board=all", "--model=fastgrnn_digits", "--vectors=20")
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert any("f32: 20/20 vectors" in line for line in process.stdout)
        process.stdout.close()
        assert process.wait(RUN_S) == 0
    sessions = rows(tmp_path, "select precision, status from session order by precision")
    assert sessions == [("f32", "finished"), ("q15", "finished"), ("q7", "finished")]
    assert rows(tmp_path, "select status from run") == [("finished",)]


def shown_in_the_readme() -> list[str]:
    """The lines that `make bench` ends with, but for what is left out there."""
    block = re.search(r"```text\n(board  model .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return [line for line in block[1].splitlines() if line.strip(" -…")]


def cells(line: str) -> list[str]:
    return re.split(r"  +", line)


@pytest.mark.parametrize("row", [cells(line) for line in shown_in_the_readme() if line.startswith("qemu ")])
def test_the_readme_shows_what_is_printed(tmp_path: Path, row: list[str]) -> None:
    done = run(tmp_path, "--board=all", "--most-vectors=100", f"--model={row[1]}/{row[2]}")
    assert done.returncode == 0, done.stdout + done.stderr
    printed = [cells(line) for line in done.stdout.splitlines()]
    head, *_, obtained, capped, stored = shown_in_the_readme()
    assert row in printed
    assert cells(head) in printed
    assert obtained.startswith("obtained: ")
    assert obtained.removesuffix("…") in done.stdout
    assert capped in done.stdout.splitlines()
    assert stored.startswith("stored: run 1 in sqlite:////")
    assert "\nstored: run 1 in sqlite:////" in done.stdout


def test_a_number_of_vectors_is_that_of_a_slow_model_too(tmp_path: Path) -> None:
    done = run(tmp_path, "--board=all", "--model=rnnpool_face/q7", "--vectors=3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3/3 bit-exact" in done.stdout


def test_a_second_run_is_added_and_the_first_kept(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, *QUICK).returncode == 0
    assert rows(tmp_path, "select id, status from run") == [(1, "finished"), (2, "finished")]
    assert rows(tmp_path, "select count(*) from image") == [(1,)]
    first = hil(tmp_path, "export", "--run=1", f"--db={url(tmp_path)}").stdout
    assert first.count(",accuracy,") == 1
    both = hil(tmp_path, "export", "--run=all", "--format=json", f"--db={url(tmp_path)}").stdout
    assert both.count('"metric": "accuracy"') == 2


def test_tests_of_ones_own_get_a_board_and_a_session(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "def test_board(board):\n"
        "    assert board.kind.core == 'Cortex-M4F'\n"
        "def test_session(session):\n"
        "    assert session.hello.outputs == 10\n"
        "def test_bench(bench):\n"
        "    assert bench.run().value('vectors') == 5\n"
    )
    done = run(tmp_path, "test_mine.py", "--model=fastgrnn_digits/*", "--vectors=5")
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout  # one board, three images for each of the others
    assert rows(tmp_path, "select precision, status from session order by precision") == [
        ("f32", "finished"),
        ("q15", "finished"),
        ("q7", "finished"),
    ]


def test_plain_pytest_leaves_the_bench_out(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_nothing(): pass\n")
    done = run(tmp_path)
    assert "1 passed" in done.stdout
    assert "hardware-in-the-loop" not in done.stdout
    assert not (tmp_path / "results.db").exists()


def test_a_missing_qemu_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    done = run(tmp_path, *QUICK, PATH="/nonexistent", HIL_QEMU="")
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if "not installed" in line)
    assert line.startswith("qemu: qemu-system-arm is not installed")
    assert "apt install qemu-system-arm" in line
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--board=qmeu",), "the lab has no board 'qmeu' (the built-in lab); did you mean 'qemu'?"),
        (("--board=all", "--model=fastgrnn_digit"), "did you mean 'fastgrnn_digits'?"),
        (("--board=all", "--lab=none.toml"), "cannot read the lab file none.toml"),
        (("--board=all", "--vectors=0"), "--vectors"),
        (("--board=all", "--db=nonsense"), "is not a database URL"),
    ],
)
def test_a_wrong_option_ends_before_anything_is_opened(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_database_that_cannot_be_used_ends_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "results.db").write_bytes(b"this is not a database" * 100)
    done = run(tmp_path, *QUICK)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is not a database" in done.stderr
    assert "--db" in done.stderr


def test_ctrl_c_keeps_what_was_finished_and_marks_the_run(tmp_path: Path) -> None:
    hold(tmp_path, "fastgrnn_vowels/f32")
    process = subprocess.Popen(
        interruptible(
            pytest_command(
                tmp_path, "--board=all", "--pool=1", "--model=fastgrnn_digits/q15,fastgrnn_vowels/f32"
            )
        ),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert any("fastgrnn_digits/q15: 540/540" in line for line in process.stdout)  # it is stored
        wait_for(tmp_path / standing("fastgrnn_vowels/f32"))
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(RUN_S) == pytest.ExitCode.INTERRUPTED
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert rows(tmp_path, "select status, finished is not null from run") == [("interrupted", 1)]
    assert rows(tmp_path, "select model, status from session order by id") == [
        ("fastgrnn_digits", "finished"),
        ("fastgrnn_vowels", "interrupted"),
    ]
    assert "fastgrnn_digits  q15" in rest  # the table of what was measured


# Three seconds and more for sixty vectors, on the fastest machine.
ONE_BY_ONE = """
import time
from hil.bench.progress import Bar

tell = Bar.__call__

def told(self, done, total):
    tell(self, done, total)
    time.sleep(0.05)

Bar.__call__ = told
"""


def test_on_a_terminal_the_progress_line_moves(tmp_path: Path) -> None:
    """Over answers that come one by one: a line is drawn ten times a second."""
    (tmp_path / "conftest.py").write_text(ONE_BY_ONE)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        pytest_command(tmp_path, "--board=all", "--model=fastgrnn_digits/f32", "--vectors=60"),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
    )
    os.close(terminal)
    drawn = b""
    try:
        while chunk := read_terminal(controller):
            drawn += chunk
        assert process.wait(RUN_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(controller)
    counts = [int(count) for count in re.findall(rb"f32: (\d+)/60 vectors", drawn)]
    assert counts == sorted(counts)
    assert len(set(counts)) > 3
    assert counts[-1] == 60


def read_terminal(controller: int) -> bytes:
    try:
        return os.read(controller, 4096)
    except OSError:  # EIO: the last program on the terminal ended
        return b""


def test_a_lab_file_with_two_boards_runs_both(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text('[boards.left]\nkind = "qemu_mps2_an386"\n[boards.right]\nkind = "qemu_mps2_an386"\n')
    done = run(tmp_path, *QUICK, f"--lab={lab}")
    assert done.returncode == 0, done.stdout
    assert rows(tmp_path, "select board from session order by board") == [("left",), ("right",)]
    assert rows(tmp_path, "select lab_sha256 is not null from run") == [(1,)]
    assert builtin_lab().boards[0].name not in ("left", "right")


def test_a_database_server_that_dies_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    hold(tmp_path, "fastgrnn_vowels/f32", until="gone")
    with running_server() as server:
        database = server.new_database()
        process = subprocess.Popen(
            pytest_command(
                tmp_path,
                *("--board=all", "--pool=1", "--model=fastgrnn_digits/q15,fastgrnn_vowels/f32"),
                f"--db={database}",
            ),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "XDG_DATA_HOME": str(tmp_path)},
        )
        assert process.stdout is not None
        try:
            assert any("fastgrnn_digits/q15: 540/540" in line for line in process.stdout)  # it is stored
            server.stop()
            (tmp_path / "gone").touch()
            rest = process.stdout.read()
            assert process.wait(RUN_S) == pytest.ExitCode.TESTS_FAILED
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        server.start()
        assert "2 passed" in rest
        assert "fastgrnn_vowels  f32" in rest
        assert "secret" not in rest
        assert "stored: 1 of 2 sessions, run 1 in postgresql+psycopg://lab:***@/" in rest
        file = next(line for line in rest.splitlines() if line.startswith("kept: 1 session in ")).split()[4]
        later = hil(tmp_path, "store", file.rstrip(";"), f"--db={database}")
        assert later.returncode == 0, later.stderr
        exported = hil(tmp_path, "export", f"--db={database}").stdout
        assert {line["model"] for line in csv.DictReader(io.StringIO(exported))} == {
            "fastgrnn_digits",
            "fastgrnn_vowels",
        }
