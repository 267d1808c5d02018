"""A pool of emulated boards: the figures of one board, in less time, and no board spoils another's."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import RUN_S, bench_command, database_url, rows, run_bench, runs
from children import interruptible
from hil.metrics import ENERGY
from hil.qemu.process import QemuProcess
from holding import hold, standing, wait_for

pytestmark = pytest.mark.emulated

SUPPORT = str(Path(__file__).parents[2] / "support")
SMALL = ("--board=all", "--model=fastgrnn_digits,fastgrnn_vowels_1kb", "--vectors=10")
SIX = [(model, one) for model in ("fastgrnn_digits", "fastgrnn_vowels_1kb") for one in ("f32", "q15", "q7")]
# The board that runs this image gets a signal as soon as it streams; one that is stopped is asked for answers
# once others are stored, and is given up a second later, not a minute.
STRIKE = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {support!r})
import hil.qemu.clock
from bench_runs import emulator_pid, rows
from hil.session import Session
from holding import wait_until

hil.qemu.clock._LONGEST_STOP_S = 1.0
measure = Session.measure

def others():
    return rows(Path({folder!r}), "select count(*) from session where {others}")

def struck(self, *given):
    if self.image.name == "fastgrnn_digits/f32" and self.board.name == {board!r}:
        os.kill(emulator_pid(self.board), signal.{how})
        self.hang_after_s = 1.0  # the others', on a busy machine, take as long as they like
        if signal.{how} == signal.SIGSTOP:
            wait_until(lambda: others() == [({count},)], "others are not stored")
    return measure(self, *given)

Session.measure = struck
"""
FAILS = """
import hil.suite.bench

def failing(hil_bench):
    report = hil_bench.run()
    assert "vowels" in hil_bench.label

failing.__module__ = hil.suite.bench.__name__
hil.suite.bench.test_image = failing
"""

# Two processors; how many images are streamed at once at most.
AT_ONCE = """
import threading
from pathlib import Path
import hil.bench.turns
from hil import limits
from hil.session import Session

limits.processors = lambda: 2
hil.bench.turns.STANDS_S = 600.0
lock, streaming, most = threading.Lock(), set(), 0
answers = Session._answers

def counted(self, vectors, progress, answered):
    global most
    with lock:
        streaming.add(self)
        most = max(most, len(streaming))

    def told(done, total):
        if done == total:
            streaming.discard(self)
        progress(done, total)

    return answers(self, vectors, told, answered)

def pytest_sessionfinish():
    Path("most").write_text(str(most))

Session._answers = counted
"""


def strike(folder: Path, how: str, *, others: str, count: int, board: str = "qemu") -> None:
    text = STRIKE.format(
        support=SUPPORT, folder=str(folder), how=how, others=others, count=count, board=board
    )
    (folder / "conftest.py").write_text(text)


@pytest.fixture
def boards() -> Iterator[Path]:
    """Where the emulators of a run are listed; a socket's name must be short."""
    with TemporaryDirectory(prefix="hil-") as name:
        yield Path(name)


def exported(folder: Path, run: int) -> list[dict[str, str]]:
    told = subprocess.run(
        [sys.executable, "-m", "hil", "export", f"--run={run}", f"--db={database_url(folder)}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=RUN_S,
    )
    return list(csv.DictReader(io.StringIO(told.stdout)))


KEPT = ("board", "model", "precision", "metric", "technique", "value", "low", "high", "conditions")


def figures(lines: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """What has to be the same however many boards there were: all but times, and what hangs on them."""
    timed = [line for line in lines if line["unit"] == "s" or line["metric"].startswith("link_")]
    return [tuple(line[name] for name in KEPT) for line in lines if line not in timed and not of_probe(line)]


def energies(lines: list[dict[str, str]]) -> dict[tuple[str, ...], float]:
    """What a probe found, which is the same but for where in a sample it began."""
    return {
        tuple(line[name] for name in KEPT if name not in ("value", "low", "high")): float(line["value"])
        for line in lines
        if of_probe(line)
    }


def of_probe(line: dict[str, str]) -> bool:
    return line["metric"] in {metric.name for metric in ENERGY}


def tabled(stdout: str) -> list[tuple[str, str]]:
    cells = [line.split() for line in stdout.splitlines() if line.startswith("qemu   ")]
    return [(model, precision) for _, model, precision, *_ in cells]


def test_two_boards_find_what_one_finds_under_one_name_and_in_one_order(tmp_path: Path, boards: Path) -> None:
    for pool in (1, 2):
        done = run_bench(tmp_path, *SMALL, f"--pool={pool}", HIL_RUNTIME_DIR=str(boards))
        assert done.returncode == 0, done.stdout + done.stderr
        assert tabled(done.stdout) == SIX
    one, two = exported(tmp_path, 1), exported(tmp_path, 2)
    assert figures(one) == figures(two)
    assert energies(one)
    assert energies(one) == pytest.approx(energies(two), rel=1e-3)
    assert len(figures(one)) > 6 * 10
    assert {line["board"] for line in two} == {"qemu"}
    order = list(dict.fromkeys((line["model"], line["precision"]) for line in two))
    assert order == SIX
    streamed = [line for line in two if line["metric"] == "stream_s"]
    assert sorted(line["conditions"] for line in streamed).count('{"link": "uart"}') == 1
    assert not list(boards.iterdir())


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSTOP"])
def test_a_board_that_dies_or_hangs_fails_its_own_image_and_delays_no_other(
    tmp_path: Path, boards: Path, how: str
) -> None:
    strike(tmp_path, how, others="true", count=5)
    done = run_bench(tmp_path, *SMALL, "--pool=2", HIL_RUNTIME_DIR=str(boards))
    assert "1 failed, 5 passed" in done.stdout, done.stdout + done.stderr
    assert rows(tmp_path, "select model, precision from session where status != 'finished'") == [SIX[0]]
    if how == "SIGSTOP":  # all others were stored while it hung
        last = "select max(id) = (select id from session where error is not null) from session"
        assert rows(tmp_path, last) == [(1,)]
    assert "fastgrnn_digits/f32 ran" in done.stdout
    assert not list(boards.iterdir())


def test_ctrl_c_ends_all_boards_and_keeps_what_is_done(tmp_path: Path, boards: Path) -> None:
    streaming = ("rnnpool_face/f32", "rnnpool_face/q7")  # the longest of what does not take the UART
    hold(tmp_path, *streaming)
    chosen = f"--model=fastgrnn_digits/q15,rnnpool_face/q15,{','.join(streaming)}"
    command = bench_command(tmp_path, "--board=all", "--pool=2", chosen, "--vectors=150")
    with subprocess.Popen(
        interruptible(command),
        cwd=tmp_path,
        env={**os.environ, "HIL_RUNTIME_DIR": str(boards)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any("fastgrnn_digits/q15: 150/150" in line for line in process.stdout)
        for image in streaming:
            wait_for(tmp_path / standing(image))
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(RUN_S) == pytest.ExitCode.INTERRUPTED
    assert runs(tmp_path) == [("interrupted", 1)]
    stored = dict(rows(tmp_path, "select status, count(*) from session group by status"))
    assert stored == {"finished": 1, "interrupted": 2}
    assert "rnnpool_face" in rest
    assert "the run was interrupted by Ctrl-C: " in rest
    assert not list(boards.iterdir())


def test_at_the_first_failure_what_was_measured_is_kept_and_what_runs_is_interrupted(
    tmp_path: Path, boards: Path
) -> None:
    (tmp_path / "conftest.py").write_text(FAILS)
    hold(tmp_path, "rnnpool_face/f32")
    hold(tmp_path, "fastgrnn_digits/q15", until=standing("rnnpool_face/f32"))
    chosen = ("--board=all", "--model=fastgrnn_digits/q15,rnnpool_face/f32", "--vectors=150", "--pool=2")
    done = run_bench(tmp_path, *chosen, "-x", HIL_RUNTIME_DIR=str(boards))
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert runs(tmp_path) == [("failed", 1)]
    assert rows(tmp_path, "select model, status, error from session order by model") == [
        ("fastgrnn_digits", "finished", None),
        ("rnnpool_face", "interrupted", "the run ended before it was measured"),
    ]
    assert not list(boards.iterdir())


def test_what_failed_last_runs_again_alone_and_each_test_is_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(FAILS)
    first = run_bench(tmp_path, *SMALL, "--pool=2", "--junitxml=first.xml")
    assert "3 failed, 3 passed" in first.stdout, first.stdout + first.stderr
    again = run_bench(tmp_path, *SMALL, "--pool=2", "--lf", "-k", "not q15", "--junitxml=again.xml")
    assert "2 failed" in again.stdout, again.stdout + again.stderr
    assert rows(tmp_path, "select count(*) from session where run_id = 2") == [(2,)]
    for name, count in (("first.xml", 6), ("again.xml", 2)):
        assert len(list(ET.parse(tmp_path / name).iter("testcase"))) == count
    properties = [str(one.get("name")) for one in ET.parse(tmp_path / "first.xml").iter("property")]
    assert len([name for name in properties if name.endswith(" instructions")]) == 6


def test_boards_of_two_names_work_at_once_and_a_bad_one_delays_no_other(tmp_path: Path, boards: Path) -> None:
    strike(tmp_path, "SIGSTOP", others="board = 'right'", count=3, board="left")
    lab = tmp_path / "lab.toml"
    table = '[boards.{}]\nkind = "qemu_mps2_an386"\npool = false\n'
    lab.write_text(table.format("left") + table.format("right"))
    done = run_bench(
        tmp_path,
        *("--board=all", "--model=fastgrnn_digits", "--vectors=5"),
        f"--lab={lab}",
        HIL_RUNTIME_DIR=str(boards),
    )
    assert "1 failed, 5 passed" in done.stdout, done.stdout + done.stderr
    order = rows(tmp_path, "select board, status from session order by id")
    assert ("right", "finished") not in order[order.index(("left", "failed")) :]
    table = done.stdout[done.stdout.index("board ") :]
    boards_of_rows = [line.split()[0] for line in table.splitlines() if " fastgrnn_digits  " in line]
    assert boards_of_rows == ["left"] * 3 + ["right"] * 3


def test_no_more_boards_compute_at_once_than_there_are_processors(tmp_path: Path, boards: Path) -> None:
    (tmp_path / "conftest.py").write_text(AT_ONCE)
    lab = tmp_path / "lab.toml"
    table = '[boards.board-{}]\nkind = "qemu_mps2_an386"\npool = false\n'
    lab.write_text("".join(map(table.format, range(5))))
    chosen = ("--board=all", "--model=rnnpool_face/q15", "--vectors=20")
    done = run_bench(tmp_path, *chosen, f"--lab={lab}", HIL_RUNTIME_DIR=str(boards))
    assert "5 passed" in done.stdout, done.stdout + done.stderr
    assert rows(tmp_path, "select count(*) from measure where metric = 'golden_exact' and value = 1") == [
        (5,)
    ]
    assert int((tmp_path / "most").read_text()) == 2
    assert [one.name for one in boards.iterdir()] == ["locks"]


def test_tests_that_hold_a_board_have_it_to_themselves(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "def test_session(session):\n"
        "    assert session.hello.outputs in (9, 10)\n"
        "def test_bench(bench):\n"
        "    assert bench.run().value('golden_exact') == 1\n"
        "def test_both(bench):\n"
        "    hello = bench.session.hello\n"
        "    assert bench.run().value('vectors') == 10\n"
        "    assert bench.session.hello is hello\n"
        "@pytest.mark.skip\n"
        "def test_skipped(bench):\n"
        "    raise AssertionError\n"
    )
    done = run_bench(tmp_path, *SMALL[1:], "--pool=2", "test_mine.py")
    assert "18 passed, 6 skipped" in done.stdout, done.stdout + done.stderr
    assert rows(tmp_path, "select count(*) from session where status = 'finished'") == [(12,)]


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("0", "'0' is no number of emulators: give one from 1 on"),
        ("two", "'two' is no number of emulators"),
    ],
)
def test_a_pool_that_is_none_is_refused(tmp_path: Path, pool: str, said: str) -> None:
    done = run_bench(tmp_path, *SMALL, f"--pool={pool}")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr


def test_a_pool_larger_than_memory_allows_is_refused_and_the_default_is_lowered(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from hil import limits\nlimits.free_memory = lambda: 600 << 20\n")
    done = run_bench(tmp_path, *SMALL, "--pool=5")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert "--pool=5 takes more memory than there is" in line
    assert "0.6 GB are free" in line
    assert "give --pool=4 or less" in line
    assert not (tmp_path / "results.db").exists()
    assert "6 passed" in run_bench(tmp_path, *SMALL).stdout


# A kind that the lab takes for silicon: its probes and serial ports are those of emulators that run already.
SILICON = """
from dataclasses import replace
import hil.lab.file
from hil.kinds import KINDS

name = "qemu_mps2_an386"
hil.lab.file.KINDS = {name: replace(KINDS[name], emulator=None)}
"""


def test_boards_of_silicon_share_images_and_one_without_its_probe_is_left_out(
    tmp_path: Path, boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(boards))
    (tmp_path / "conftest.py").write_text(SILICON)
    lab = tmp_path / "lab.toml"
    patient = (*SMALL, "--hang-after=300")  # of silicon every second counts, whatever the emulator waits for
    table = '[boards.{}]\nkind = "qemu_mps2_an386"\nprobe = "{}"\nserial = "{}"\npool = true\n'
    with QemuProcess.start(name="one") as one, QemuProcess.start(name="two") as two:
        desks = [("one", one.probe_id, one.serial_url), ("two", two.probe_id, two.serial_url)]
        lab.write_text("".join(table.format(*desk) for desk in desks))
        done = run_bench(tmp_path, *patient, f"--lab={lab}")
        assert "6 passed" in done.stdout, done.stdout + done.stderr
        assert "takes no images any more" not in done.stdout

        lab.write_text(table.format("gone", "qemu:gone", two.serial_url) + table.format(*desks[0]))
        done = run_bench(tmp_path, *patient, f"--lab={lab}", "--allow-offline")
        assert "6 passed" in done.stdout, done.stdout + done.stderr
        assert "gone is left out: offline: its debug probe qemu:gone is not attached" in done.stdout
    assert rows(tmp_path, "select distinct run_id, board, status from session order by run_id") == [
        (1, "qemu_mps2_an386", "finished"),
        (2, "qemu_mps2_an386", "finished"),
    ]
