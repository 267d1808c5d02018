"""The pytest plug-in: `pytest --board=…` runs the bench, stores what it measured and prints the table.

Fixtures for tests of your own: ``board`` (an open board), ``session`` (that board running one image, after
the handshake) and ``bench`` (measures the session over the model's vectors and records it in the run).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest

from hil.collecting import collecting_later
from hil.errors import HilError
from hil.lab import BoardSpec

if TYPE_CHECKING:
    from hil.bench.boards import Boards
    from hil.bench.case import Bench
    from hil.bench.plan import Case
    from hil.bench.run import BenchRun
    from hil.board import Board
    from hil.session import Session

_SUITE = Path(__file__).resolve().parent / "suite" / "bench.py"
_RUN = pytest.StashKey["BenchRun"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The bench's options."""
    group = parser.getgroup("hil", "hardware-in-the-loop lab")
    group.addoption("--board", metavar="all|NAME[,NAME]", help="run the bench on these boards of the lab")
    group.addoption(
        "--model", metavar="GLOB[,GLOB]", help="only images whose model, or model/precision, matches"
    )
    group.addoption(
        "--models-dir",
        type=Path,
        metavar="DIR",
        help="models of your own beside those of the lab, one folder each",
    )
    group.addoption(
        "--vectors",
        type=_count,
        metavar="N|all",
        help="only the first N vectors, or all (default: as many as the model's description says)",
    )
    group.addoption(
        "--hang-after",
        type=_seconds,
        metavar="SECONDS",
        help="how long a board may be silent before it hangs (default: many times its model's cost, "
        "at least 10; 60 for your own C)",
    )
    group.addoption(
        "--lab", type=Path, metavar="FILE", help="the lab file (default: the lab is one QEMU board)"
    )
    group.addoption("--db", metavar="URL", help="the database (default: SQLite in the user's data folder)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _count(text: str) -> int:
    if text == "all":
        return sys.maxsize
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(text)
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    """With --board and no path, the suite is all that runs."""
    if config.getoption("--board") is None:
        return
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(_SUITE)]
    with collecting_later():
        _the_run(config)  # a wrong --board, --model, --lab or --db ends here, before anything is opened


def _the_run(config: pytest.Config) -> BenchRun:
    """The run of this invocation: made once, by the options; UsageError when they name what is not there."""
    from hil.bench.run import BenchRun, Options  # pyocd and numpy are slow to import: not in every pytest

    run = config.stash.get(_RUN, None)
    if run is None:
        options = Options(
            boards=config.getoption("--board") or "all",
            models=config.getoption("--model"),
            vectors=config.getoption("--vectors"),
            lab=config.getoption("--lab"),
            db=config.getoption("--db"),
            models_dir=_from(config, config.getoption("--models-dir")),
            folder=config.invocation_params.dir,
            command=" ".join(["pytest", *config.invocation_params.args]),
            hang_after_s=config.getoption("--hang-after"),
        )
        try:
            run = BenchRun(options)
            if config.getoption("--board") is not None and not config.option.collectonly:
                for case in run.cases:
                    run.ready(case)
                run.prepare()
        except HilError as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[_RUN] = run
    return run


def _from(config: pytest.Config, folder: Path | None) -> Path | None:
    return None if folder is None else config.invocation_params.dir / folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with a session runs once per board and image, one with only a board once per board."""
    if "hil_target" not in metafunc.fixturenames:
        return
    run = _the_run(metafunc.config)
    if "session" in metafunc.fixturenames:
        targets: list[Case | BoardSpec] = list(run.cases)
        names = [case.id for case in run.cases]
    else:
        targets, names = list(run.specs), [spec.name for spec in run.specs]
    metafunc.parametrize("hil_target", targets, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def hil_target(request: pytest.FixtureRequest) -> Case | BoardSpec:
    """What the test was parametrised with: a case, or a board alone."""
    target: Case | BoardSpec = request.param
    return target


@pytest.fixture(scope="session")
def _hil_boards() -> Iterator[Boards]:
    from hil.bench.boards import Boards

    with Boards() as boards:
        yield boards


@pytest.fixture(scope="session")
def board(hil_target: Case | BoardSpec, _hil_boards: Boards) -> Board:
    """An open board of the lab; it stays open until the last test is done."""
    return _hil_boards.lease(hil_target if isinstance(hil_target, BoardSpec) else hil_target.board)


@pytest.fixture(scope="session")
def session(
    hil_target: Case, board: Board, _hil_boards: Boards, request: pytest.FixtureRequest
) -> Iterator[Session]:
    """The board running one image, flashed, verified, started and after its handshake."""
    run = _the_run(request.config)
    with run.session(hil_target, _hil_boards.lease(hil_target.board)) as opened:
        yield opened


@pytest.fixture
def bench(
    hil_target: Case,
    session: Session,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> Bench:
    """Measures the session; what it finds is stored, and stands in the table and in JUnit's properties."""
    from hil.bench.case import Bench

    return Bench(_the_run(request.config), hil_target, session, record_property, _Screen(request.config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """An error that the lab raised on purpose is told in its one line, without a traceback."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, HilError):
        report.longrepr = str(call.excinfo.value)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """Close the run in the database, saying how it ended."""
    run = session.config.stash.get(_RUN, None)
    if run is not None:
        run.finish(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED, failed=bool(exitstatus))
        if not run.complete:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of the run, where it was stored, and probes that are attached but in no lab file."""
    run = config.stash.get(_RUN, None)
    if run is None:
        return
    from hil.bench.table import table_lines

    lines = [*table_lines(run.rows), *run.notes, *_closing(run)]
    if lines:
        terminalreporter.section("hardware-in-the-loop bench", "=")
        for line in lines:
            terminalreporter.write_line(line)


def _closing(run: BenchRun) -> list[str]:
    from hil.bench.probes import unlisted_probes

    lines = run.stored_lines()
    if run.lab.path is None and run.rows:
        lines += unlisted_probes()
    return lines


class _Screen:
    """The terminal, past pytest's capture, for the progress line."""

    def __init__(self, config: pytest.Config) -> None:
        self.out: TextIO = sys.__stdout__ if sys.__stdout__ is not None else sys.stdout
        self._capture = config.pluginmanager.getplugin("capturemanager")

    def uncaptured(self) -> AbstractContextManager[None]:
        """Text written inside goes to the terminal."""
        if self._capture is None:
            return nullcontext()
        lifted: AbstractContextManager[None] = self._capture.global_and_fixture_disabled()
        return lifted
