"""Which tests boards measure ahead, and which test runs next: one whose board is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

from hil.pytest_plugin.options import run_if_any
from hil.pytest_plugin.screen import lines_of

if TYPE_CHECKING:
    from hil.bench.ahead import Ahead
    from hil.bench.plan import Case

_AHEAD = pytest.StashKey["Ahead"]()
_BENCH = "hil_bench"
_HOLDS_A_BOARD = {"hil_board", "hil_session"}


def ahead_of(config: pytest.Config) -> Ahead:
    """What boards run ahead in this pytest; nothing before tests were collected."""
    ahead = config.stash.get(_AHEAD, None)
    if ahead is None:
        ahead = config.stash[_AHEAD] = _make(config, [])
    return ahead


def ahead_if_any(config: pytest.Config) -> Ahead | None:
    """The same, where something was planned or asked for."""
    return config.stash.get(_AHEAD, None)


def plan_ahead(session: pytest.Session) -> None:
    """Choose what boards measure ahead of the tests that were collected."""
    only_set_up = session.config.getoption("setuponly", False) or session.config.getoption("setupplan", False)
    wanting = [] if only_set_up else [item for item in session.items if _wants_a_case(item)]
    items = [item for item in wanting if _leaves_boards_alone(item)]
    session.config.stash[_AHEAD] = _make(session.config, items, wanting)


def _make(config: pytest.Config, items: list[pytest.Item], wanting: Sequence[pytest.Item] = ()) -> Ahead:
    from hil.bench.ahead import Ahead
    from hil.bench.order import longest_first

    run = run_if_any(config)
    assert run is not None, "a board was asked for"
    lines = lines_of(config)
    run.say = lines.say
    others: dict[Hashable, Case] = {item: _case(item) for item in wanting if item not in items}
    return Ahead(run, lines, longest_first({item: _case(item) for item in items}, run.wanted), others)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Like pytest's own, but that among tests of one parent the next is one whose board is done."""
    ahead = ahead_if_any(session.config)
    failed = session.testsfailed and not session.config.option.continue_on_collection_errors
    if ahead is None or failed or session.config.option.collectonly:
        return None
    in_order = bool(session.config.getoption("stepwise", False))  # which remembers a place in the order
    if all(_needs_no_other(item) for item in session.items if ahead.has(item)):
        ahead.begin()
    remaining = deque(session.items)
    while remaining:
        item = remaining[0] if in_order else _next(remaining, ahead)
        remaining.remove(item)
        # Only its parents count: what is not torn down for one of them is not for another.
        nextitem = remaining[0] if remaining else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


def _next(remaining: deque[pytest.Item], ahead: Ahead) -> pytest.Item:
    """The first, or another with its parent when boards are still at work on the first's, and on its not."""
    first = remaining[0]
    if not ahead.has(first) or not ahead.begun:
        return first
    siblings = [item for item in remaining if item.parent is first.parent and ahead.has(item)]
    ahead.wait(siblings)
    return next(item for item in siblings if ahead.ready(item))


def _case(item: pytest.Item) -> Case:
    case: Case = item.callspec.params["hil_target"]  # type: ignore[attr-defined]
    return case


def _wants_a_case(item: pytest.Item) -> bool:
    """Whether it measures one, unless it is skipped."""
    wants = _BENCH in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")
    return wants and not any(item.iter_markers("skip"))


def _leaves_boards_alone(item: pytest.Item) -> bool:
    """Whether a test wants to have a case measured, and nothing that has to come before.

    It may be skipped, its own fixtures may prepare the board, or it asks for the session: then it is measured
    when its turn comes.
    """
    names = set(getattr(item, "fixturenames", ()))
    if _BENCH not in names or names & _HOLDS_A_BOARD or not isinstance(item, pytest.Function):
        return False
    if any(item.iter_markers("skip")) or any(item.iter_markers("skipif")):
        return False
    info: Any = item._fixtureinfo
    asked = {*info.argnames, *(name for mark in item.iter_markers("usefixtures") for name in mark.args)}
    if not all(_is_harmless(info.name2fixturedefs.get(name)) for name in asked):
        return False
    return "session" not in _names(item.function.__code__)


def _needs_no_other(item: pytest.Item) -> bool:
    """Whether no fixture but ours and pytest's own is set up with a test: another may switch boards on."""
    info: Any = item._fixtureinfo  # type: ignore[attr-defined]
    return all(_is_harmless(info.name2fixturedefs.get(name)) for name in info.names_closure)


def _is_harmless(definitions: Any) -> bool:
    """Whether a fixture is ours or pytest's own."""
    if not definitions:
        return True  # `request`
    module = str(getattr(definitions[-1].func, "__module__", ""))
    return module.startswith(("_pytest.", "hil.pytest_plugin."))


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*(_names(one) for one in inner))
