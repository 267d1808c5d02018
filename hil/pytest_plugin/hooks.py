"""What the plug-in does as pytest goes along: from its options to the table."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.collecting import collecting_later, settle, thaw
from hil.errors import HilError, refusal
from hil.escaping import escaped
from hil.parsing import PARSING
from hil.pytest_plugin import baseline, suite
from hil.pytest_plugin.options import add_options, refuse_workers, run_if_any, the_run, wanted
from hil.pytest_plugin.order import ahead_if_any, plan_ahead
from hil.pytest_plugin.screen import encoding, guard, has_failed, open_closed_streams

if TYPE_CHECKING:
    from hil.bench.run import BenchRun

_SESSION = pytest.StashKey[pytest.Session]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, None, None]:
    """The bench's options come last: a name that a conftest or another plug-in uses stays theirs."""
    if any(argument.startswith(("--board", "--hil-board")) for argument in args):
        open_closed_streams()  # before pytest captures them
        early_config.add_cleanup(thaw)  # the first to be added is the last to be called
    yield
    add_options(parser)


@pytest.hookimpl(trylast=True)  # once there is a terminal
def pytest_configure(config: pytest.Config) -> None:
    """With --board and no path, the suite is all that runs."""
    if wanted(config) and config.args_source is not pytest.Config.ArgsSource.ARGS:
        suite.choose(config)
    else:
        suite.locate(config)
    if not wanted(config):
        return
    guard(config)
    refused = refuse_workers(config)
    if refused is not None:
        raise pytest.UsageError(refused)
    with collecting_later():
        the_run(config)  # a wrong --board, --model or --lab ends here, before anything is opened


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The suite has an id of its own."""
    return suite.module_of(module_path, parent)


def pytest_itemcollected(item: pytest.Item) -> None:
    """The suite's tests lie where their ids say."""
    suite.name_place(item)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Open the database before anything is flashed, once it is known that something will be."""
    run = run_if_any(session.config)
    if run is None or session.config.option.collectonly:
        return
    run.planned = {item.nodeid for item in session.items if "hil_target" in getattr(item, "fixturenames", ())}
    if run.planned:
        session.config.add_cleanup(run.boards.close)
        _meet_boards(session, run)
        run.boards.open_ahead()
        try:
            with collecting_later():
                run.prepare()
                baseline.prepare(session.config, run)
                plan_ahead(session)
        except HilError as error:
            raise pytest.UsageError(str(error)) from None
        except OSError as error:
            raise pytest.UsageError(refusal(error)) from error


def _meet_boards(session: pytest.Session, run: BenchRun) -> None:
    """Skip the tests of boards that are left out; UsageError, a line each, when others cannot be used."""
    from hil.bench.run import NotReadyError

    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    try:
        left_out = run.meet(lambda line: None if reporter is None else reporter.write_line(escaped(line)))
    except NotReadyError as error:
        raise pytest.UsageError("\n".join(error.faults)) from None
    for item in session.items if left_out else ():
        target = getattr(getattr(item, "callspec", None), "params", {}).get("hil_target")
        board = getattr(target, "board", target)  # of a case, or the board itself
        if (why := left_out.get(str(getattr(board, "name", "")))) is not None:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """An error that the lab raised on purpose is told in its one line, without a traceback."""
    with PARSING:  # pytest parses the source of a test that failed, while boards read their next vectors
        report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, HilError):
        report.longrepr = str(call.excinfo.value)
    run = run_if_any(item.config)
    if run is not None and call.when == "teardown":
        run.reported.add(item.nodeid)
    ahead = ahead_if_any(item.config)
    if ahead is not None and call.when == "teardown":
        ahead.watch.skipped(item)
    elif ahead is not None and report.failed and call.excinfo is not None:
        ahead.watch.failed(item, call.excinfo.exconly(tryshort=True).partition("\n")[0])
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """Close the run in the database, saying how it ended; before the boards, whatever happens to those."""
    run = run_if_any(session.config)
    if run is not None:
        run.ending.over = True
        ahead = ahead_if_any(session.config)
        if ahead is not None:
            ahead.end()
        run.finish(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED, failed=bool(exitstatus))
        if not run.complete:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_sessionstart(session: pytest.Session) -> None:
    """Its exit code is settled when all has been printed."""
    session.config.stash[_SESSION] = session


@pytest.hookimpl(tryfirst=True)  # before pytest's own look for garbage
def pytest_unconfigure(config: pytest.Config) -> None:
    """What could not be printed fails the run, too."""
    if run_if_any(config) is not None:
        settle()
    session = config.stash.get(_SESSION, None)
    if session is not None and has_failed(config):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of the run, where it was stored, and probes that are attached but in no lab file."""
    run = run_if_any(config)
    if run is None:
        return
    from hil.bench.table import table_lines

    lines = [*table_lines(run.rows, encoding()), *run.notes, *baseline.lines(config), *_closing(run)]
    if lines:
        terminalreporter.section("hardware-in-the-loop bench", "=")
        for line in lines:
            terminalreporter.write_line(escaped(line))


def _closing(run: BenchRun) -> list[str]:
    from hil.bench.probes import unlisted_probes
    from hil.flash.process import ProbeProcess

    lines = run.stored_lines()
    if run.lab.path is None and run.rows:
        with ProbeProcess(run.nursery) as probes:
            lines += unlisted_probes(probes.attached)
    return lines
