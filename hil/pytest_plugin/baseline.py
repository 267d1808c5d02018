"""--baseline: the test of an image that got worse fails, naming the metric and who did it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from hil.errors import HilError
from hil.pytest_plugin.options import option

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hil.bench.plan import Case
    from hil.bench.run import BenchRun
    from hil.thresholds import Thresholds
    from hil_db.comparing import Compared
    from hil_db.explaining import Why
    from hil_db.histories import Case as Compares
    from hil_db.references import StoredRun
    from hil_db.store import Store

_GATE = pytest.StashKey["Gate"]()
_LONGEST = 3  # so many metrics does a failure name


class WorseError(HilError):
    """An image is worse than it was in the run that it is compared with."""


class Gate:
    """What this run is compared with, known before anything is flashed."""

    def __init__(self, run: BenchRun, name: str) -> None:
        from hil.thresholds import load_thresholds
        from hil_db.references import baseline_run

        self._run = run
        self._thresholds: Thresholds = load_thresholds(run.options.lab, run.options.folder)
        with _reading(self._store) as connection:
            self._before: StoredRun = baseline_run(connection, name, self._store.url)
        self._seen: dict[Compares, Compared] = {}
        self._now: StoredRun | None = None

    @property
    def _store(self) -> Store:
        return self._run.prepare().store

    def compare(self, case: Case) -> None:
        """WorseError when what was stored of a case in this run is; nothing when nothing was stored."""
        from hil_db.comparing import compare
        from hil_db.explaining import explain
        from hil_db.histories import Case as Compares
        from hil_db.references import checked_run

        recorder = self._run.prepare()
        if recorder.run_id is None or not recorder.complete:
            return  # what is not stored is told, and fails the run
        only = Compares(case.board.name, case.board.kind.name, case.model, case.precision)
        url = self._store.url
        with _reading(self._store) as connection:
            now = checked_run(connection, str(recorder.run_id), url)
            found = compare(connection, now, self._before, self._thresholds, url, only)
            reasons = explain(connection, found, url)
        self._now = now
        for one in found.cases:
            if one.now is not None:
                self._seen[one.case] = one
                self._judge(one, reasons.get(one.case, ()))

    def _judge(self, one: Compared, reasons: tuple[Why, ...]) -> None:
        from hil.gate.result import told
        from hil.gate.wording import one_line, why_lines
        from hil.measure.verdicts import Outcome
        from hil_db.comparing import outcome_of

        worse = [verdict for verdict in told(one) if outcome_of(verdict) is Outcome.REGRESSION]
        if not worse:
            return
        named = [one_line(verdict) for verdict in worse[:_LONGEST]]
        if len(worse) > _LONGEST:
            named.append(f"and {len(worse) - _LONGEST} more")
        raise WorseError(
            f"{one.case.model}/{one.case.precision} is worse than in {self._before.told}: {', '.join(named)}",
            board=one.case.board,
            evidence="; ".join(line for why in reasons for line in why_lines(why)) or None,
        )

    def lines(self) -> list[str]:
        """How the images came out, and of those that were not compared, why."""
        from hil.gate.wording import not_compared, summary
        from hil_db.comparing import Comparison

        if self._now is None:
            return []
        found = Comparison(self._now, self._before, tuple(self._seen.values()))
        return [f"against {self._before.told}: {summary(found)}", *not_compared(found)]


@contextmanager
def _reading(store: Store) -> Iterator[Connection]:
    from hil_db import engine

    with engine.explained(store.url), engine.looking(store.engine).connect() as connection:
        yield connection


def prepare(config: pytest.Config, run: BenchRun) -> None:
    """Find the run that --baseline names, where it is given; HilError when there is none such."""
    name = option(config, "baseline")
    if name is not None:
        config.stash[_GATE] = Gate(run, name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A test that passed fails when what it measured got worse."""
    yield
    gate = item.config.stash.get(_GATE, None)
    if gate is not None and "hil_bench" in getattr(item, "fixturenames", ()):
        gate.compare(item.callspec.params["hil_target"])  # type: ignore[attr-defined]


def lines(config: pytest.Config) -> list[str]:
    """What is said below the table; nothing without --baseline."""
    gate = config.stash.get(_GATE, None)
    return [] if gate is None else gate.lines()
