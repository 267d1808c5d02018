"""The fixtures: ``hil_board``, ``hil_session`` and ``hil_bench``, and their short names.

The suite uses the long names alone, so that a user may have fixtures of the short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from hil.errors import LabError
from hil.lab.boards import BoardSpec
from hil.pytest_plugin.options import refuse_workers, the_run
from hil.pytest_plugin.order import ahead_of

if TYPE_CHECKING:
    from hil.bench.case import Bench
    from hil.bench.plan import Case
    from hil.bench.sessions import Sessions
    from hil.board import Board
    from hil.session import Session

_FAILED = pytest.StashKey[bool]()
_LEGACY = ("xunit1", "legacy")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with a session runs once per board and image, one with only a board once per board."""
    if "hil_target" not in metafunc.fixturenames:
        return
    refused = refuse_workers(metafunc.config)
    if refused is not None:
        raise pytest.Collector.CollectError(refused)
    run = the_run(metafunc.config)
    if {"hil_session", "hil_bench"} & set(metafunc.fixturenames):
        targets: list[Case | BoardSpec] = list(run.cases)
        names = [case.id for case in run.cases]
    else:
        targets, names = list(run.specs), [spec.name for spec in run.specs]
    metafunc.parametrize("hil_target", targets, ids=names, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, an expected failure included, until its fixtures are torn down."""
    if call.when != "teardown":
        error = call.excinfo.value if call.excinfo is not None else None
        item.stash[_FAILED] = error is not None and not isinstance(error, pytest.skip.Exception)
    return (yield)


@pytest.fixture(scope="session")
def hil_target(request: pytest.FixtureRequest) -> Case | BoardSpec:
    """What the test was parametrised with: a case, or a board alone."""
    target: Case | BoardSpec | None = getattr(request, "param", None)
    if target is None:
        raise LabError(
            "this test cannot be run on boards",
            evidence="pytest repeats neither methods of unittest classes nor tests that call getfixturevalue",
            remedy="make it a function, or a method of a plain class, with the fixture as its argument",
        )
    return target


@pytest.fixture(scope="session")
def _hil_sessions(request: pytest.FixtureRequest) -> Iterator[Sessions]:
    from hil.bench.sessions import Sessions

    run, ahead = the_run(request.config), ahead_of(request.config)
    with run.boards, ahead, Sessions(run, ahead.show) as sessions:
        yield sessions


@pytest.fixture
def _hil_lent(
    hil_target: Case | BoardSpec, _hil_sessions: Sessions, request: pytest.FixtureRequest
) -> Iterator[Sessions]:
    """The sessions, for one test: when it fails, its board is opened anew for the next one or a retry.

    What the test held is let go at its end where boards still have to measure for others.
    """
    spec = hil_target if isinstance(hil_target, BoardSpec) else hil_target.board
    yield _hil_sessions
    if request.node.stash.get(_FAILED, False):
        _hil_sessions.discard(spec)
    if ahead_of(request.config).working(spec.name):
        _hil_sessions.give_back(spec.name)


@pytest.fixture
def hil_board(hil_target: Case | BoardSpec, _hil_lent: Sessions) -> Board:
    """An open board of the lab; it stays open until the last test is done, unless one fails."""
    if isinstance(hil_target, BoardSpec):
        return _hil_lent.board(hil_target)
    return _hil_lent.lease(hil_target).session.board


@pytest.fixture
def hil_session(hil_target: Case, _hil_lent: Sessions) -> Session:
    """The board running one image, flashed, verified, started and after its handshake."""
    return _hil_lent.lease(hil_target).session


@pytest.fixture
def hil_bench(hil_target: Case, _hil_lent: Sessions, request: pytest.FixtureRequest) -> Bench:
    """Measures the session; what it finds is stored, and stands in the table and in JUnit's properties."""
    from hil.bench.case import Bench

    run, ahead = the_run(request.config), ahead_of(request.config)
    if ahead.has(request.node):
        ahead.begin()  # not before: fixtures of a wider scope may switch boards on
    return Bench(run, hil_target, _hil_lent, ahead, request.node, _recorder(request))


def _recorder(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Properties of the suite, named by test and metric: in JUnit's schemas a test has none.

    They are the test's own where there is no such file, or where its format was chosen to have them.
    """
    if not request.config.getoption("xmlpath", None) or request.config.getini("junit_family") in _LEGACY:
        of_test: Callable[[str, object], None] = request.getfixturevalue("record_property")
        return of_test
    of_suite: Callable[[str, object], None] = request.getfixturevalue("record_testsuite_property")

    def record(name: str, value: object) -> None:
        of_suite(f"{request.node.nodeid} {name}", value)

    return record


@pytest.fixture
def board(hil_board: Board) -> Board:
    """``hil_board``."""
    return hil_board


@pytest.fixture
def session(hil_session: Session) -> Session:
    """``hil_session``."""
    return hil_session


@pytest.fixture
def bench(hil_bench: Bench) -> Bench:
    """``hil_bench``."""
    return hil_bench
