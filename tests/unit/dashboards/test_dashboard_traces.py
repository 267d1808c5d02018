"""The page of a power trace: what it shows, and what it says where there is nothing to show."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dash.development.base_component import Component

from component_tree import nodes, words
from hil.power.base import Break, Flaw
from hil.power.emulated.faults import Damage, Fault
from hil.values import Measure, Method
from hil_dashboards.app import create_app, render
from hil_dashboards.choices.trace import TraceChoice, parse_trace
from hil_dashboards.reading.phases import phases
from hil_dashboards.reading.samples import Seen, Shown, points, seen
from hil_db import engine, shelf
from hil_db.pruning import Limits, prune
from hil_db.traced import chosen
from power_passes import clipped_pass, power_pass, power_trace
from power_probes import VOLTS

MODEL = "ppk2 model of STM32L475 currents"


def energy(value: float = 12.5) -> Measure:
    return Measure("energy_per_inference", value, "uJ", Method.MODELLED, MODEL, band=(value - 1, value + 1))


@pytest.fixture
def traced(bench: Any) -> Any:
    """Run 1 has a session with two passes, of which the second has a window that does not count."""
    passes = (power_pass(0), clipped_pass(1, 2))
    bench.run(replace(bench.session(1, energy(), bench.flash(10)), passes=passes))
    return bench


def page(bench: Any, search: str) -> Component:
    return render(bench.url, "/somewhere/results.db", "/trace", search)


def plotted(tree: Component) -> dict[str, Any]:
    """What the plot is given."""
    (box,) = [node for node in nodes(tree) if getattr(node, "className", "") == "trace-plot"]
    held: dict[str, Any] = json.loads(getattr(box, "data-trace"))
    return held


def samples(bench: Any, query: str) -> tuple[int, dict[str, Any]]:
    answer = create_app(bench.url).server.test_client().get(f"/samples?{query}")
    return answer.status_code, json.loads(answer.data)


def folder(bench: Any) -> Path:
    kept = shelf.of(engine.parse(bench.url)).traces
    assert kept is not None
    return kept.folder


def test_few_points_keep_every_peak_and_stay_in_order() -> None:
    current = np.full(100_000, 4.0, np.float32)
    current[[17, 54_321, 99_999]] = (9.0, -1.0, 8.0)
    found = points(Seen(1e5, current, (), whole=True), 0.0, 1.0, 500)
    assert len(found.seconds) == len(found.current_ma) <= 500
    assert found.seconds == sorted(found.seconds)
    told = dict(zip(found.seconds, found.current_ma, strict=True))
    assert (told[0.00017], told[0.54321], told[0.99999]) == (9.0, -1.0, 8.0)
    assert (found.begin, found.end) == (0.0, 0.99999)


def test_a_short_stretch_is_shown_sample_by_sample() -> None:
    current = np.arange(1000, dtype=np.float32)
    found = points(Seen(1000.0, current, (), whole=True), 0.1, 0.2, 500)
    assert found.seconds[:2] == [0.1, 0.101]
    assert found.current_ma == [float(one) for one in range(100, 201)]


@pytest.mark.parametrize("most", [40, 1000])
def test_the_line_breaks_where_samples_are_missing(most: int) -> None:
    current = np.full(1000, 3.0, np.float32)
    current[400:410] = np.nan
    current[990:] = np.nan
    found = points(Seen(1000.0, current, ()), 0.0, 1.0, most)
    (gap,) = [place for place, value in enumerate(found.current_ma) if value is None]
    assert found.seconds[gap] < 0.4
    assert found.seconds[gap + 1] > 0.409
    assert found.seconds[-1] <= 0.989


@pytest.mark.parametrize(("begin", "end"), [(2.0, 3.0), (0.5, 0.5), (0.9, 0.1)])
def test_a_stretch_beside_the_trace_is_the_whole(begin: float, end: float) -> None:
    found = points(Seen(100.0, np.ones(100, np.float32), (), whole=True), begin, end)
    assert (found.begin, found.end) == (0.0, 0.99)


def test_a_trace_without_one_good_sample_has_no_points() -> None:
    found = points(Seen(100.0, np.full(100, np.nan, np.float32), ()), 0.0, 1.0)
    assert (found.seconds, found.current_ma) == ([], [])


def test_what_is_wrong_is_told_in_order_and_not_without_end() -> None:
    lossy = power_trace(fault=Fault(Damage.LOSE, 7_000, 3))
    assert seen(lossy).wrong[0].startswith("0.07 s: samples are lost (")
    clipped = power_trace(fault=Fault(Damage.CLIP, 20_000, 50))
    assert seen(clipped).wrong == ("0.2 s: the current is beyond what the probe measures (50 samples)",)
    many = replace(lossy, breaks=tuple(Break(at, Flaw.LOST, "counter") for at in range(0, 60_000, 1000)))
    assert len(seen(many).wrong) == 21
    assert seen(many).wrong[-1] == "and more after it"


def test_the_traces_looked_at_last_are_held_and_no_others() -> None:
    shown, loaded = Shown(most=5_000_000), []

    def load(seed: int) -> Any:
        loaded.append(seed)
        return power_trace(seed)

    for seed in (0, 1, 0, 1):
        shown.get(str(seed), lambda seed=seed: load(seed))
    assert loaded == [0, 1]
    small = Shown(most=300_000)  # one of them takes 240,000 B
    for seed in (0, 1, 0):
        small.get(str(seed), lambda seed=seed: load(seed))
    assert loaded == [0, 1, 0, 1, 0]


def test_phases_add_up_to_the_whole(traced: Any) -> None:
    with chosen(traced.url, "latest") as (_, passes):
        first, second = passes
    trace = power_trace(0)
    found = {phase.name: phase for phase in phases(first, seen(trace))}
    assert list(found) == ["idle", "windows that count (4)", "the rest", "all"]
    meant = float(np.sum(trace.current_a, dtype=np.float64)) * VOLTS / trace.rate_hz * 1e3
    assert found["all"].energy_mj == pytest.approx(meant, rel=1e-6)
    parts = [found[name].energy_mj or 0.0 for name in list(found)[:3]]
    assert sum(parts) == pytest.approx(found["all"].energy_mj, rel=1e-9)
    assert found["the rest"].seconds == pytest.approx(0.1)
    windows = found["windows that count (4)"]
    assert windows.each_uj == pytest.approx((windows.energy_mj or 0.0) * 1e3 / 28)
    assert windows.power_mw == pytest.approx((windows.energy_mj or 0.0) / 0.4)
    bare = {phase.name: phase.energy_mj for phase in phases(second, None)}
    assert bare["windows that count (3)"] is not None
    assert bare["windows that do not (1)"] is None
    assert bare["idle"] is bare["all"] is bare["the rest"] is None


def test_phases_are_at_the_volts_that_a_probe_measured(traced: Any) -> None:
    with chosen(traced.url, "latest") as (_, passes):
        one = passes[0]
    trace = power_trace(0)
    measured = replace(trace, voltage_v=np.linspace(VOLTS, VOLTS - 1, len(trace), dtype=np.float32))
    found = {phase.name: phase.energy_mj for phase in phases(one, seen(measured))}
    assert one.idle is not None
    assert found["idle"] == pytest.approx(measured.energy_j(*one.idle) * 1e3, rel=1e-6)
    assert found["all"] == pytest.approx(measured.energy_j(0, len(trace)) * 1e3, rel=1e-6)


def test_the_page_shows_windows_figures_method_and_how_to_have_the_file(traced: Any) -> None:
    told = page(traced, "?session=1&pass=1")
    said = words(told)
    for part in (
        "digits q15 on qemu (kind_a)",
        "12.5 µJ",
        "modelled",
        MODEL,
        "hil power trace --session 1 --pass 1 --out trace.csv",
        "3 of 4 count",
        "windows that do not (1)",
        "✗ Window 3 does not count: the current is beyond what the probe measures (20 of 10,000 samples).",
        "0.33 s: the current is beyond what the probe measures (20 samples)",
    ):
        assert part in said, part
    held = plotted(told)
    assert held["seconds"] == pytest.approx(0.6)
    assert held["idle"] == [0.0, 0.1]
    assert [one["why"] is None for one in held["windows"]] == [True, True, False, True]
    assert held["windows"][0]["from"] == pytest.approx(0.1)
    assert None in held["points"]["y"]


def test_the_matrix_leads_to_the_trace_of_what_a_probe_saw(traced: Any) -> None:
    traced.run(traced.session(2, traced.flash(10), model="other"))
    tree = render(traced.url, "/somewhere/results.db", "/", "")
    (grid,) = [node for node in nodes(tree) if hasattr(node, "rowData")]
    assert {row["model"]: row["traced"] for row in grid.rowData} == {"digits": True, "other": False}
    newest = "?board=qemu&kind=kind_a&model=digits&precision=q15"
    assert "Run 1 , session 1 ," in words(page(traced, newest))
    traced.run(replace(traced.session(3, energy()), passes=(power_pass(5),)))
    assert "Run 3 , session 3 ," in words(page(traced, newest))
    links = [getattr(node, "href", "") for node in nodes(page(traced, newest))]
    assert "/trace?session=1&pass=0" in links
    assert {"/run?run=3", "/session?session=3", f"/compare?before=1&after=3&{newest[1:]}"} <= {*links}


def test_a_part_of_a_trace_is_in_the_address(traced: Any) -> None:
    held = plotted(page(traced, "?session=1&pass=0&from=0.2&to=0.3"))
    assert held["points"]["from"] == pytest.approx(0.2)
    assert held["points"]["to"] == pytest.approx(0.3, abs=2e-5)
    choice = TraceChoice(1, 0).part(0.2, 0.3)
    assert parse_trace(choice.href().partition("?")[2]) == choice


def test_samples_of_a_stretch(traced: Any) -> None:
    status, whole = samples(traced, "session=1&pass=0&points=500")
    assert status == 200
    assert len(whole["t"]) == len(whole["y"]) <= 500
    status, part = samples(traced, "session=1&pass=0&from=0.1&to=0.2")
    assert (part["from"], part["to"]) == (pytest.approx(0.1), pytest.approx(0.2, abs=2e-5))
    assert samples(traced, "session=1&pass=7") == (404, {"why": "no power probe saw this session"})
    assert samples(traced, "session=99") == (404, {"why": "no power probe saw this session"})


@pytest.mark.parametrize(
    "query",
    [
        "session=1&pass=0&from=nan&to=inf",
        "session=1&pass=0&from=-1&to=1e309",
        "session=1&pass=0&from=0.3&to=0.1",
        "session=1%20OR%201=1&pass=0",
        "session=../../etc/passwd",
        "session=%00",
        "session=9999999999999999999",
        "points=999999999",
        "session=1&pass=0&points=-5",
        "session=١&pass=٠",
    ],
)
def test_nonsense_in_the_address_shows_the_whole_or_says_what_is_missing(traced: Any, query: str) -> None:
    status, told = samples(traced, query)
    assert status in (200, 404)
    assert "why" in told or (told["from"] == 0.0 and len(told["t"]) <= 8_000)
    assert "Power trace" in words(page(traced, f"?{query}"))


@pytest.mark.parametrize("how", ["missing", "damaged", "pruned"])
def test_a_trace_that_is_gone_is_told_and_its_windows_stay(bench: Any, how: str) -> None:
    # Another trace than other tests look at: what was looked at last is held.
    passes = (power_pass({"missing": 20, "damaged": 21, "pruned": 22}[how]),)
    bench.run(replace(bench.session(1, energy()), passes=passes))
    if how == "missing":
        shutil.rmtree(folder(bench))
    elif how == "damaged":
        (file,) = folder(bench).rglob("*.parquet")
        file.write_bytes(file.read_bytes()[:-100])
    else:
        prune(bench.url, Limits(traces_only=True), really=True)
    said = words(page(bench, "?session=1&pass=0"))
    why = {
        "missing": "is missing; restore",
        "damaged": "is damaged: its SHA-256",
        "pruned": "it was pruned on",
    }
    assert "The trace of pass 0 cannot be shown:" in said
    assert why[how] in said
    assert "4 of 4 count" in said
    assert "windows that count (4)" in said
    status, told = samples(bench, "session=1&pass=0")
    assert (status, why[how] in told["why"]) == (404, True)


def test_sessions_without_a_trace_say_so(bench: Any) -> None:
    bench.run(bench.session(1, bench.flash(10)))
    assert "No power probe saw this session" in words(page(bench, "?session=1"))
    assert "There is no session 7" in words(page(bench, "?session=7"))
    assert "A trace is of one session." in words(page(bench, ""))
    said = words(page(bench, "?board=qemu&kind=kind_a&model=digits&precision=q15"))
    assert "No power probe saw a session of digits q15 on qemu" in said


def test_a_pass_without_windows_says_why(bench: Any) -> None:
    one = power_pass(0)
    why = "logic input 0 never changes: wire it to the board's sync pin"
    bare = replace(one, windows=replace(one.windows, windows=(), missing=why))
    bench.run(replace(bench.session(1, bench.flash(10)), passes=(bare,)))
    said = words(page(bench, "?session=1&pass=0"))
    assert why in said
    assert "The session has no figure of energy" in said
