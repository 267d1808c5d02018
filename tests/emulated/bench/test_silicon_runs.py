"""Runs on boards that they did not start themselves, as those of silicon are: locked, absent, quarantined."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import QUICK, run_bench
from hil.desk.locks import take
from hil.lab.boards import probe_key
from hil.qemu.process import QemuProcess
from silicon import lab_of, on_the_desk, table

pytestmark = pytest.mark.emulated


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[QemuProcess]:
    with TemporaryDirectory(prefix="hil-") as folder:
        monkeypatch.setenv("HIL_RUNTIME_DIR", folder)
        with on_the_desk() as process:
            yield process


def bench(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Of silicon every second counts, whatever its emulator waits for: a busy machine is no hang."""
    return run_bench(folder, *QUICK, "--hang-after=300", "--lab=lab.toml", *more)


def test_a_board_is_flashed_and_measured_through_its_probe_and_port(
    desk: QemuProcess, tmp_path: Path
) -> None:
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url, "swd_clock_hz = 1_000_000"))
    done = bench(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "5/5 bit-exact" in done.stdout
    again = bench(tmp_path)  # it is free again
    assert again.returncode == 0, again.stdout


def test_a_board_that_another_run_has_is_refused_and_waited_for(desk: QemuProcess, tmp_path: Path) -> None:
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url))
    with take(probe_key(desk.probe_id)):
        done = bench(tmp_path)
        assert done.returncode == pytest.ExitCode.USAGE_ERROR
        (line,) = [line for line in done.stderr.splitlines() if "is in use" in line]
        assert line.startswith("ERROR: desk: is in use (")
        assert line.endswith("wait for it with --wait=SECONDS, or end that run")
        late = bench(tmp_path, "--wait=0.2")
        assert "desk: waiting 0.2 s for" in late.stdout
        assert late.returncode == pytest.ExitCode.USAGE_ERROR
    assert not (tmp_path / "results.db").exists(), "nothing was begun"


def test_absent_boards_have_a_line_each_or_are_skipped(desk: QemuProcess, tmp_path: Path) -> None:
    quarantine = 'quarantine = { reason = "bent pin", since = 2026-11-26 }'
    lab_of(
        tmp_path,
        table("desk", desk.probe_id, desk.serial_url),
        table("gone", "066BFF30", "/dev/none"),
        table("away", "066BFF31", "/dev/none1"),
        table("sick", "066BFF32", "/dev/none2", quarantine),
    )
    done = bench(tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in done.stderr.splitlines() if "is not attached" in line]
    assert [line.removeprefix("ERROR: ").split(":")[0] for line in lines] == ["gone", "away"]
    assert all(line.endswith("or skip it with --allow-offline") for line in lines)
    done = bench(tmp_path, "--allow-offline", "-rs")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 3 skipped" in done.stdout
    assert "gone is left out: offline: its debug probe 066BFF30 is not attached" in done.stdout
    assert "sick is left out: in quarantine since 2026-11-26: bent pin" in done.stdout


def test_of_a_pool_those_that_are_there_do_the_work(desk: QemuProcess, tmp_path: Path) -> None:
    lab_of(
        tmp_path,
        table("gone", "066BFF30", "/dev/none", "pool = true"),
        table("desk", desk.probe_id, desk.serial_url, "pool = true"),
    )
    done = bench(tmp_path, "--allow-offline")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "gone is left out: offline" in done.stdout
