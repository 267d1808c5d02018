"""A plain pytest imports nothing of the bench, the bench nothing that it does not use."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from weakref import ref

import pytest

from hil.collecting import collecting_later

HEAVY = ("alembic", "dash", "elftools", "numpy", "pandas", "plotly", "pyocd", "sqlalchemy", "zstandard")
UNUSED = ("alembic", "asyncpg", "dash", "pandas", "plotly", "psycopg", "sqlalchemy.orm", "torch")


def imported(folder: Path, names: tuple[str, ...], *arguments: str) -> set[str]:
    """Which of these a pytest of a folder has imported at its end; other plug-ins than ours stay out."""
    (folder / "told.py").write_text(
        "import sys\n"
        "def pytest_unconfigure():\n"
        f"    print('told', *[name for name in {names!r} if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(folder)}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "told", "-p", "hil.plugin", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return set(next(line for line in ended.stdout.splitlines() if line.startswith("told")).split()[1:])


def test_a_pytest_without_board_imports_nothing_of_the_bench(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_plain(): pass\n")
    assert imported(tmp_path, HEAVY, "test_plain.py") == set()


def test_the_plug_in_alone_imports_nothing_heavy() -> None:
    program = f"import sys, hil.plugin; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_the_bench_imports_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hil.bench.run import BenchRun, Options\n"
        f"url, folder = 'sqlite:///{tmp_path}/results.db', Path({str(tmp_path)!r})\n"
        "given = dict(boards='all', models=None, vectors=None, lab=None, db=url, models_dir=None)\n"
        "run = BenchRun(Options(folder=folder, command='pytest', **given))\n"
        "run.prepare()\n"
        f"print(*[name for name in {UNUSED!r} if name in sys.modules])\n"
    )
    for _ in range(2):  # on a new database, then on one that is up to date
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert told.stdout.split() == []


@pytest.mark.parametrize("enabled", [True, False])
def test_collecting_is_as_before_afterwards(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(KeyError, match="False"), collecting_later():
            raise KeyError(gc.isenabled())
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()


class Cycle:
    """An object that only the collector frees."""

    def __init__(self) -> None:
        self.me = self


def test_what_was_made_meanwhile_is_not_looked_at_as_new() -> None:
    with collecting_later():
        made = Cycle()
    assert any(one is made for one in gc.get_objects(generation=2))


def test_nothing_is_hidden_from_the_collector() -> None:
    frozen = gc.get_freeze_count()
    with collecting_later():
        freed = ref(Cycle())
    assert gc.get_freeze_count() == frozen
    gc.collect()
    assert freed() is None


def test_what_another_has_frozen_stays_frozen() -> None:
    gc.freeze()
    try:
        with collecting_later():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
