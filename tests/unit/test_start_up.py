"""A plain pytest imports nothing of the bench, the bench nothing that it does not use."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from weakref import ref

import pytest

from hil.blas import asleep
from hil.collecting import collecting_later

HEAVY = ("alembic", "dash", "elftools", "numpy", "pandas", "plotly", "pyocd", "sqlalchemy", "zstandard")
ROOMS = ("bench", "board", "build", "flash", "link", "measure", "models", "qemu")
UNUSED = (
    "alembic",
    "asyncpg",
    "dash",
    "pandas",
    "plotly",
    "psycopg",
    "sqlalchemy.orm",
    "statistics",
    "torch",
)


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


def test_the_commands_import_nothing_heavy_before_they_run() -> None:
    names = (
        *HEAVY,
        *(f"hil.{room}" for room in ROOMS),
        "hil.commands.reports",
        "hil.values",
        "hil_db",
        "dataclasses",
        "tempfile",
    )
    program = (
        "import sys; from hil.cli import main; main(['--help'])\n"
        f"print('told', *[name for name in {names!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "told"


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


BLAS_RAN = """
import os
from pathlib import Path

from hil.blas import asleep

with asleep():
    import numpy

assert "OPENBLAS_THREAD_TIMEOUT" not in os.environ
ours = os.getpid()
threads = {path for path in Path("/proc/self/task").iterdir() if path.name != str(ours)}
awake = set(threads)
while awake:
    awake = {thread for thread in awake if ") S " not in (thread / "stat").read_text()}
ran = [int((thread / "schedstat").read_text().split()[0]) for thread in threads]
print(max(ran, default=0) / 1e9)
"""


def test_threads_for_linear_algebra_sleep_at_once() -> None:
    """Awake, each would keep a processor from the imports and from pyOCD for up to a tenth of a second."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    environment.pop("OPENBLAS_THREAD_TIMEOUT", None)
    told = subprocess.run(
        [sys.executable, "-c", BLAS_RAN], capture_output=True, text=True, check=True, env=environment
    )
    assert float(told.stdout) < 0.005  # seconds of a processor


def test_the_bench_brings_them_in_asleep(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text(
        "import os, sys\n"
        "class Seen:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'numpy':\n"
        "            print('told', os.environ.get('OPENBLAS_THREAD_TIMEOUT'))\n"
        "sys.meta_path.insert(0, Seen)\n"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(tmp_path)}
    environment.pop("OPENBLAS_THREAD_TIMEOUT", None)
    words = ["-m", "pytest", "-s", "-p", "told", "-p", "hil.plugin", "--board=all", "--collect-only"]
    told = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "told 4\n" in told.stdout, told.stdout + told.stderr


def test_what_the_user_chose_for_those_threads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "20")
    with asleep():
        assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "20"
    assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "20"


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


def test_an_interpreter_that_ends_looks_for_no_garbage_again() -> None:
    """It looks after its exit functions, of which the first to be registered is the last to be called."""
    program = (
        "import atexit, gc\n"
        "atexit.register(lambda: print('at the end', gc.get_freeze_count() > 0))\n"
        "from hil.collecting import settle, thaw\n"
        "settle()\n"
        "thaw()\n"
        "print('before', gc.get_freeze_count() > 0)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["before False", "at the end True"]


ENDING = """
import gc

def pytest_configure(config):
    config.add_cleanup(lambda: print("settled", gc.get_freeze_count() > 0))
"""
GARBAGE = """
class Broken:
    def __init__(self):
        self.me = self

    def __del__(self):
        raise ValueError("told at the end")

def test_garbage():
    Broken()
"""


def test_garbage_of_tests_is_told_and_nothing_stays_frozen(tmp_path: Path) -> None:
    """At the end garbage is looked for once among all that was imported, not again and again."""
    (tmp_path / "conftest.py").write_text(ENDING)
    (tmp_path / "test_garbage.py").write_text(GARBAGE)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    given = [
        "-s",
        "-p",
        "hil.plugin",
        "--board=all",
        f"--db=sqlite:///{tmp_path}/results.db",
        "test_garbage.py",
    ]
    program = f"import gc, pytest; pytest.main({given!r}); print('frozen', gc.get_freeze_count())"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    told = ended.stdout + ended.stderr
    assert "settled True" in told, told
    assert "PytestUnraisableExceptionWarning" in told
    assert "told at the end" in told
    assert "frozen 0" in told
