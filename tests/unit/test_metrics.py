"""One place names the metrics: whatever records one, or tells of one, means one of these."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hil import metrics
from hil.metrics import METRICS, TIERS, Better, Metric, lookup
from hil.values import Measure, Method, Samples

PROJECT = Path(__file__).parents[2]
SOURCES = [PROJECT / "hil", PROJECT / "db" / "hil_db", PROJECT / "dashboards" / "hil_dashboards"]
REGISTRY = PROJECT / "hil" / "metrics.py"


def _named(call: ast.Call) -> ast.expr | None:
    """The name that a call makes a measure or samples of; None when it makes neither."""
    if not isinstance(call.func, ast.Name) or call.func.id not in ("Measure", "Samples"):
        return None
    return call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "metric")


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in (path for folder in SOURCES for path in folder.rglob("*.py") if path != REGISTRY):
        text = path.read_text(encoding="utf-8")
        if "Measure(" in text or "Samples(" in text:
            yield from ((path, node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))


def test_no_code_but_the_registry_spells_the_metric_that_it_records() -> None:
    names = [(path, named) for path, call in _calls() if (named := _named(call)) is not None]
    assert names, "or this looks in the wrong places"
    spelt = [
        f"{path.relative_to(PROJECT)}:{named.lineno}"
        for path, named in names
        if any(isinstance(part, ast.Constant) for part in ast.walk(named))
    ]
    assert spelt == []


def _readme_names() -> list[str]:
    """The metrics in the table of the README that tells what the figures are."""
    section = (PROJECT / "README.md").read_text(encoding="utf-8").partition("## What the figures are")[2]
    table = section.partition("\n\n")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    return [name for row in rows for name in re.split(r",\s*", row.split("|")[1].strip())]


def test_the_readme_tells_what_each_metric_is_and_of_no_other() -> None:
    tiers = {f"…{tier.suffix}" for tier in TIERS}
    told = _readme_names()
    assert len(told) == len(set(told))
    assert set(told) == set(METRICS) | tiers


def test_every_metric_is_registered_under_its_own_name_and_constant() -> None:
    constants = {name.lower(): held for name, held in vars(metrics).items() if isinstance(held, Metric)}
    assert constants == dict(METRICS)


@pytest.mark.parametrize(
    ("ending", "unit"), [("_bytes", "B"), ("_s", "s"), ("_us", "us"), ("_cycles", "cycles")]
)
def test_a_name_that_tells_its_unit_tells_the_right_one(ending: str, unit: str) -> None:
    units = {metric.unit for name, metric in METRICS.items() if name.endswith(ending)}
    assert units == {unit}


def test_titles_and_columns_are_told_apart() -> None:
    every = [*METRICS.values(), *(tier.of(metric) for tier in TIERS for metric in METRICS.values())]
    assert len({metric.title for metric in every}) == len(every)
    columns = [metric.column for metric in every if metric.column is not None]
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("latency_us", "Latency"),
        ("latency_cycles", "Cycles"),
        ("instructions_both", "Instructions, both tiers"),
        ("latency_cycles_lower", "Cycles, lower tier alone"),
        ("connect_s", "Connect"),
        ("heap_bytes", "Heap"),
        ("wake_rate", "Wake rate"),
        ("wake_rate_both", "Wake rate both"),
        ("", ""),
    ],
)
def test_titles(name: str, title: str) -> None:
    assert lookup(name).title == title


def test_a_tier_is_as_its_metric_but_for_its_name() -> None:
    both = lookup("instructions_both")
    assert (both.name, both.unit, both.better, both.column) == (
        "instructions_both", "instructions", Better.LOWER, None,
    )  # fmt: skip
    assert both.finer("timer") == ("plugin",)
    assert lookup("latency_us_lower").whole_from == metrics.LATENCY_US.whole_from


def test_of_a_users_own_metric_nothing_is_claimed() -> None:
    own = lookup("wake_rate")
    assert own == Metric("wake_rate", "", "Wake rate")
    assert (own.better, own.exact, own.techniques, own.share, own.of_vectors) == (
        None, frozenset(), (), False, True,
    )  # fmt: skip


def test_only_techniques_behind_it_are_finer_than_one() -> None:
    assert metrics.STACK_BYTES.finer("painted") == ("tracked",)
    assert metrics.STACK_BYTES.finer("tracked") == ()
    assert metrics.STACK_BYTES.finer("tracked-at-least") == ()
    assert metrics.ACCURACY.finer("labels") == ()


def test_what_the_host_times_or_a_line_loses_is_never_exact() -> None:
    noisy = {name for name, metric in METRICS.items() if not metric.exact}
    assert noisy == {name for name in METRICS if name.endswith("_s") or name.startswith("link_")}


def test_measures_and_samples_have_the_metrics_name_and_unit() -> None:
    band, conditions = (1.0, 3.0), {"wait_states": 0.0}
    made = metrics.LATENCY_US.measure(2.0, Method.ESTIMATED, "model", 0.5, band, conditions)
    assert made == Measure("latency_us", 2.0, "us", Method.ESTIMATED, "model", 0.5, band, conditions)
    values = np.arange(3)
    samples = metrics.LATENCY_US.samples(values, Method.ESTIMATED, "model", 0.5)
    assert vars(samples) == vars(Samples("latency_us", values, "us", Method.ESTIMATED, "model", 0.5))
