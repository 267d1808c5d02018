"""The page of trade-offs: who dominates whom, arrows since a baseline, what fits a budget."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from component_tree import grids, words
from hil.metrics import (
    ACCURACY,
    CURRENT_IDLE,
    ENERGY_PER_INFERENCE,
    FLASH_BYTES,
    LATENCY_US,
    POWER_AVG,
    RAM_BYTES,
    STACK_BYTES,
)
from hil.values import Measure, Method, Precision
from hil_dashboards.app import render, written
from hil_dashboards.choices.pareto import Budget, ParetoChoice, Way, parse_pareto
from hil_dashboards.figures.pareto import Axis, Mark, pareto_figure
from hil_dashboards.reading.pareto import ParetoData, read_pareto
from hil_dashboards.tradeoff import Fit, fits, life, placed
from hil_db import baselines
from hil_db.baselines import Baseline
from hil_db.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CONDITIONS = {"supply_v": 3.0, "gain_share": 0.01}


def figures(
    latency: float, accuracy: float, flash: float = 10_000, ram: float = 4_000, energy: float | None = 100
) -> tuple[Measure, ...]:
    """Of an image that takes so many us, bytes and uJ."""
    found = [
        LATENCY_US.measure(latency, Method.MEASURED, "dwt"),
        ACCURACY.measure(accuracy, Method.COUNTED, "labels"),
        FLASH_BYTES.measure(flash, Method.COUNTED, "elf"),
        RAM_BYTES.measure(ram, Method.COUNTED, "elf"),
        STACK_BYTES.measure(1_000, Method.MEASURED, "painted"),
        Measure("vectors", 540.0, "1", Method.COUNTED, "link"),
    ]
    if energy is not None:
        found += [
            ENERGY_PER_INFERENCE.measure(
                energy, Method.MEASURED, "ppk2", band=(energy * 0.9, energy * 1.1), conditions=CONDITIONS
            ),
            CURRENT_IDLE.measure(0.1, Method.MEASURED, "ppk2", conditions=CONDITIONS),
            POWER_AVG.measure(10.0, Method.MEASURED, "ppk2", conditions=CONDITIONS),
        ]
    return tuple(found)


@pytest.fixture
def lab(bench: Any) -> Any:
    """Three images of one board, of which `slow` is dominated by both others; one that never had a value."""
    for day, fast in ((1, 1_500), (2, 1_000)):
        bench.run(
            bench.session(day, *figures(fast, 0.90, 8_000), model="fast"),
            bench.session(day, *figures(4_000, 0.99, 20_000), model="good"),
            bench.session(day, *figures(5_000, 0.90, 30_000, energy=None), model="slow"),
            bench.session(day, model="large", error="qemu: the image does not fit, by 12 KB"),
            git_branch="main",
        )
    return bench


def read(url: str, query: str = "") -> ParetoData:
    return read_pareto(url, parse_pareto(query))


def page(url: str, query: str = "") -> str:
    return words(render(url, "place", "/pareto", query))


def dominated(data: ParetoData) -> dict[str, list[str]]:
    return {one.image.name: [other.name for other in one.by] for one in placed(data)}


def test_what_another_is_better_than_is_dominated(lab: Any) -> None:
    data = read(lab.url)
    assert (data.choice.x, data.choice.y, data.choice.size) == ("latency_us", "accuracy", "flash_bytes")
    assert dominated(data) == {"fast/q15": [], "good/q15": [], "slow/q15": ["fast/q15", "good/q15"]}
    told = page(lab.url)
    assert "2 of 3 are " in told
    lacking = "Latency by dwt (measured) and Accuracy by labels (counted)"
    assert f"Not drawn, as no value of {lacking} is stored: large/q15." in told


def test_axes_are_chosen_and_the_third_may_count_too(lab: Any) -> None:
    data = read(lab.url, "?x=flash_bytes&y=latency_us&size=none")
    assert dominated(data) == {
        "fast/q15": [],
        "good/q15": ["fast/q15"],
        "slow/q15": ["fast/q15", "good/q15"],
    }
    three = read(lab.url, "?x=flash_bytes&y=latency_us&size=accuracy&front=all")
    assert dominated(three) == {"fast/q15": [], "good/q15": [], "slow/q15": ["fast/q15", "good/q15"]}


def test_models_and_precisions_are_chosen(lab: Any) -> None:
    assert [image.name for image in read(lab.url, "?model=good&model=slow").images] == [
        "good/q15",
        "slow/q15",
    ]
    data = read(lab.url, "?precision=q99&model=none")
    assert (len(data.images), data.ignored) == (4, ["none", "q99"])


def test_arrows_come_from_the_run_before_and_only_of_what_is_another_session(lab: Any) -> None:
    data = read(lab.url)
    assert data.before is not None
    assert data.before.id == 1
    tree = render(lab.url, "place", "/pareto", "")
    (grid,) = grids(tree)
    moved = {row["image"]: row["moved"] for row in grid.rowData}
    assert moved == {
        "fast/q15": "Latency −500 (−33 %)",
        "good/q15": "no change",
        "slow/q15": "no change",
        "large/q15": "not in run 1",
    }
    assert "Arrows lead from run 1 " in page(lab.url)
    none = read(lab.url, "?baseline=none")
    assert (none.before, none.alone) == (None, None)


def test_a_baseline_by_name_and_one_that_is_none(lab: Any) -> None:
    with Store.open(lab.url) as store:
        uid = read(lab.url).before
        assert uid is not None
        baselines.add(store, Baseline("release", uid.uid, "ann", NOW, "what we ship"))
    named = read(lab.url, "?baseline=release")
    assert named.before is not None
    assert named.before.id == 1
    assert read(lab.url, "?baseline=relaese").ignored == ["relaese"]


def test_what_was_taken_over_fewer_vectors_is_no_move(bench: Any) -> None:
    first = bench.session(1, *figures(1_500, 0.9))
    few = [replace(one, value=8.0) if one.metric == "vectors" else one for one in figures(1_000, 0.8)]
    bench.run(first, git_branch="main")
    bench.run(bench.session(2, *few), git_branch="main")
    data = read(bench.url)
    (image,) = data.images
    assert data.held_before(image, "latency_us") is None
    assert data.held_before(image, "flash_bytes") is not None


def test_one_technique_a_metric_and_what_has_none_of_it_is_told(bench: Any) -> None:
    estimated = LATENCY_US.measure(900.0, Method.ESTIMATED, "cycle-model-2")
    bench.run(
        bench.session(1, *figures(1_000, 0.9), model="a"),
        bench.session(1, *figures(1_200, 0.95), estimated, model="b"),
    )
    usual = read(bench.url)
    assert usual.by["latency_us"] == Way("measured", "dwt")
    other = read(bench.url, "?by=latency_us:estimated:cycle-model-2")
    assert dominated(other) == {"b/q15": []}
    assert "Not drawn, as no value of Latency by cycle-model-2 (estimated) is stored: a/q15." in page(
        bench.url, "?by=latency_us:estimated:cycle-model-2"
    )
    assert read(bench.url, "?by=latency_us:guessed:thumb").ignored == ["latency_us:guessed:thumb"]


def test_conditions_that_differ_are_told(bench: Any) -> None:
    def at(volts: float) -> Measure:
        return ENERGY_PER_INFERENCE.measure(9.0, Method.MEASURED, "ppk2", conditions={"supply_v": volts})

    bench.run(
        bench.session(1, *figures(1_000, 0.9, energy=None), at(3.0), model="a"),
        bench.session(1, *figures(1_000, 0.9, energy=None), at(3.3), model="b"),
    )
    told = page(bench.url, "?y=energy_per_inference")
    assert "Energy per inference was obtained under conditions that differ: supply v." in told


@pytest.mark.parametrize(
    ("budget", "fit", "why"),
    [
        ("flash_kb=20", Fit.FITS, ()),
        ("flash_kb=10", Fit.NOT, ("flash by 10 KB",)),
        ("ram_kb=4.5", Fit.NOT, ("RAM by 1 KB",)),  # 4,000 of data and 1,000 of stack
        ("ram_kb=5", Fit.FITS, ()),
        ("latency_ms=3.5", Fit.NOT, ("latency by 0.5 ms",)),
        ("latency_ms=4&flash_kb=1", Fit.NOT, ("flash by 19 KB",)),
    ],
)
def test_what_fits_a_budget(lab: Any, budget: str, fit: Fit, why: tuple[str, ...]) -> None:
    data = read(lab.url, f"?{budget}")
    good = next(image for image in data.images if image.case.model == "good")
    stands = fits(data, good)
    assert stands is not None
    assert (stands.fit, stands.why) == (fit, why)


def test_without_a_budget_nothing_is_judged(lab: Any) -> None:
    data = read(lab.url)
    assert [fits(data, image) for image in data.images] == [None] * 4


BATTERY = "per_hour=60&capacity_mah=220&battery_v=3"


def test_a_battery_lasts_as_the_command_says(lab: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from hil.cli import main

    battery = ["--per-hour=60", "--capacity-mah=220", "--battery-v=3"]
    assert main(["power", "budget", *battery, f"--db={lab.url}", "--model=good"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "good/q15" in line)
    data = read(lab.url, f"?{BATTERY}")
    good = next(image for image in data.images if image.case.model == "good")
    found = life(data, good)
    assert found is not None
    assert re.search(rf" {re.escape(found.text)} ", line), (found, line)
    assert found.least is not None
    assert found.most is not None
    assert found.least < (found.hours or 0.0) < found.most


@pytest.mark.parametrize(
    ("query", "image", "fit", "why"),
    [
        ("life_days=10", "good", Fit.FITS, ()),
        ("life_days=400", "good", Fit.NOT, ("battery",)),
        ("life_days=10", "slow", Fit.UNKNOWN, ("battery life: no energy was measured",)),
        ("per_hour=999999", "good", Fit.NOT, ("it infers 360,000 times an hour at most",)),
        ("life_days=10", "large", Fit.NOT, ("its board is too small",)),
    ],
)
def test_whether_a_battery_lasts_long_enough(
    lab: Any, query: str, image: str, fit: Fit, why: tuple[str, ...]
) -> None:
    query = query if "per_hour" in query else f"{query}&per_hour=60"
    data = read(lab.url, f"?{query}&capacity_mah=220&battery_v=3")
    found = fits(data, next(one for one in data.images if one.case.model == image))
    assert found is not None
    assert found.fit is fit
    assert [one.startswith(other) for one, other in zip(found.why, why, strict=True)] == [True] * len(why)


def test_half_a_battery_is_told_to_be_none(lab: Any) -> None:
    assert "A battery's life needs its capacity, its voltage, and inferences an hour." in page(
        lab.url, "?life_days=5"
    )


@pytest.mark.parametrize(
    "choice",
    [
        ParetoChoice(),
        ParetoChoice("nucleo", "kind", "flash_bytes", "accuracy", "none", "", "main"),
        ParetoChoice(by=(("latency_us", Way("measured", "dwt")), ("a", Way("b", "c:d")))),
        ParetoChoice(model=("a", "b&c"), precision=("q7",), size="flash_bytes", front="all"),
        ParetoChoice(budget=Budget(64, 0.5, 1.25, 365, 60, 220, 3.3, 0.000_001)),
    ],
)
def test_a_choice_survives_its_address(choice: ParetoChoice) -> None:
    assert parse_pareto(choice.href().partition("?")[2]) == choice


@pytest.mark.parametrize(
    "query",
    [
        "?x=nosuch&y=<b>&size=;drop&front=x&board=nope&kind=nope&baseline=nope&by=a&by=a:b&by=:::",
        "?flash_kb=-1&ram_kb=nan&latency_ms=1e9&life_days=inf&per_hour=0&capacity_mah=x&battery_v=9999999999",
        "?model=%00&precision=%00&x=%00",
    ],
)
def test_nonsense_is_dropped_or_told(lab: Any, query: str) -> None:
    data = read(lab.url, query)
    assert data.choice.budget == Budget()
    assert data.choice.x == "latency_us"
    assert "Trade-offs" in page(lab.url, query)


def test_a_database_without_results_says_so(bench: Any) -> None:
    assert "Trade-offs" not in page(bench.url)


def test_a_value_that_is_none_is_told(lab: Any) -> None:
    lab.change("UPDATE measure SET value = 'much' WHERE metric = 'latency_us'")
    assert "cannot be read" in page(lab.url)


LESS, MORE = Axis("latency_us", "Latency", "measured, dwt", False), Axis("accuracy", "A", "counted", True)


def mark(x: float, y: float, place: int | None, **other: Any) -> Mark:
    return Mark(
        **{"precision": "q15", "size": None, "hover": "", "address": "/", "fits": None, **other},
        x=x,
        y=y,
        place=place,
    )


def named(figure: dict[str, Any]) -> dict[str, Any]:
    return {trace["name"]: trace for trace in figure["data"]}


def test_the_front_is_drawn_as_what_can_be_had() -> None:
    marks = [mark(1.0, 0.9, 1), mark(4.0, 0.99, 2), mark(5.0, 0.9, None)]
    found = named(pareto_figure(LESS, MORE, marks, True))
    line = found["Pareto front"]
    assert (line["x"], line["y"], line["line"]["shape"]) == ([1.0, 4.0], [0.9, 0.99], "hv")
    assert sorted(found["q15"]["marker"]["symbol"]) == ["circle", "circle", "circle-open"]
    assert {"on the front", "dominated"} < set(found)
    assert "Pareto front" not in named(pareto_figure(LESS, MORE, marks, False))


def test_what_does_not_fit_is_crossed_out_and_larger_ones_lie_below() -> None:
    marks = [
        mark(1.0, 0.9, 1, fits=False, size=10.0, precision="q7"),
        mark(2.0, 0.95, 2, fits=True, size=400.0),
        mark(2.0, 0.95, 2, size=20.0),
    ]
    found = named(pareto_figure(LESS, MORE, marks, True))
    assert found["q7"]["marker"]["symbol"] == ["diamond-x-open"]
    assert found["q15"]["marker"]["size"][0] == 32
    assert found["q15"]["marker"]["size"][0] > found["q15"]["marker"]["size"][1]


def test_arrows_are_of_what_moved_far_enough_to_be_seen() -> None:
    marks = [
        mark(1.0, 0.9, 1, before=(2.0, 0.9), hover_before="then"),
        mark(5.0, 0.99, 2, before=(5.000_1, 0.99)),
    ]
    arrows = named(pareto_figure(LESS, MORE, marks, True))["since the baseline"]
    assert (arrows["x"], arrows["y"]) == ([2.0, 1.0, None], [0.9, 0.9, None])
    assert arrows["hovertext"][0] == "then"


def test_values_far_apart_are_on_a_logarithmic_axis() -> None:
    layout = pareto_figure(LESS, MORE, [mark(1.0, 0.9, 1), mark(100.0, 0.99, 2)], True)["layout"]
    assert (layout["xaxis"]["type"], "type" in layout["yaxis"]) == ("log", False)


def test_names_from_the_database_are_no_markup(bench: Any) -> None:
    bench.run(bench.session(1, *figures(1_000, 0.9), model="<b>&", precision=Precision.Q7))
    told = written(render(bench.url, "place", "/pareto", ""))
    assert "&lt;b&gt;&amp;/q7" in told
