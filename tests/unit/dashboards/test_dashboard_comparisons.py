"""The comparison that several pages show is made once, and anew when what it rests on changed."""

from __future__ import annotations

from typing import Any

import pytest

from hil.thresholds import Thresholds
from hil_dashboards.reading import comparisons
from hil_dashboards.reading.comparisons import baseline_for, comparison
from hil_dashboards.reading.database import reading
from hil_db import engine
from hil_db.comparing import Comparison, compare
from hil_db.pruning import Limits, prune
from hil_db.references import baseline_run


def compared(url: str, now: int, before: int) -> Comparison:
    with reading(url) as connection:
        place = engine.parse(url)
        runs = [baseline_run(connection, str(one), place) for one in (now, before)]
        return comparison(connection, runs[0], runs[1], Thresholds(), place)


def test_it_is_made_once_until_what_it_rests_on_changes(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    bench.run(bench.session(3, bench.cost(1200)))
    first = compared(bench.url, 2, 1)
    assert compared(bench.url, 2, 1) is first
    bench.run(bench.session(4, bench.cost(1300)))
    assert compared(bench.url, 2, 1) is first, "a newer run is nothing to it"
    bench.run(bench.session(2, bench.cost(1100)))
    again = compared(bench.url, 2, 1)
    assert again is not first, "an older one is part of its history"
    assert compared(bench.url, 1, 2) is not again


def test_other_runs_under_the_same_numbers_are_compared_anew(bench: Any) -> None:
    for cost in (1000, 1200):
        bench.run(bench.session(1, bench.cost(cost)))
    first = compared(bench.url, 2, 1)
    prune(bench.url, Limits(runs=0), really=True)  # SQLite then gives their numbers again
    for cost in (1300, 1400):
        bench.run(bench.session(1, bench.cost(cost)))
    again = compared(bench.url, 2, 1)
    assert again.now.uid != first.now.uid
    assert [verdict.after.value for verdict in again.cases[0].verdicts if verdict.after] == [1400]


def test_a_page_waits_for_no_comparison_that_somebody_else_makes(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "_PATIENCE_S", 0.0)
    for cost in (1000, 1200):
        bench.run(bench.session(1, bench.cost(cost)))
    place = engine.parse(bench.url)
    with reading(bench.url) as connection:
        now, before = (baseline_run(connection, str(one), place) for one in (2, 1))
        with comparisons._making:
            assert comparisons.at_hand(connection, now, before, Thresholds(), place) is None
        assert comparisons.at_hand(connection, now, before, Thresholds(), place) is not None


def test_only_the_last_few_are_kept(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counting(*told: Any) -> Comparison:
        made.append(told[1].id)
        return compare(*told)

    monkeypatch.setattr(comparisons, "compare", counting)
    for day in range(1, 8):
        bench.run(bench.session(day, bench.cost(1000 + day)))
    for now in (2, 3, 4, 5, 6, 6, 2):
        compared(bench.url, now, 1)
    assert made == [2, 3, 4, 5, 6, 2]


def test_the_run_before_is_what_is_compared_with_where_nothing_is_named(bench: Any) -> None:
    for day in (1, 2):
        bench.run(bench.session(day, bench.cost(1000)))
    with reading(bench.url) as connection:
        place = engine.parse(bench.url)
        now = baseline_run(connection, "2", place)
        found = baseline_for(connection, "relaese", now, place)
        assert (found.run and found.run.id, found.ignored, found.why) == (1, "relaese", None)
        first = baseline_for(connection, None, baseline_run(connection, "1", place), place)
        assert first.run is not None
        assert first.run.id == 2
