"""The page of a session: all that is stored of it, and a line for what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from dash.development.base_component import Component

from component_tree import nodes, words
from hil.metrics import LATENCY_CYCLES
from hil.values import Method
from hil_dashboards.app import render
from hil_dashboards.choices.session import SessionChoice, parse_session
from logged_sessions import LOGGED, MISTAKEN, SLOWEST, TECHNIQUE, bare, full
from session_records import BEGAN


def page(bench: Any, search: str = "?session=1") -> Component:
    return render(bench.url, "results.db", "/session", search)


def parts(tree: Component) -> dict[str, Component]:
    """The cards of the page, by their titles."""
    found: dict[str, Component] = {}
    for node in nodes(tree):
        if getattr(node, "className", "") and "card" in str(node.className).split():
            title = next((one for one in nodes(node) if type(one).__name__ == "H2" or _leads(one)), None)
            if title is not None:
                first = title.children[0] if isinstance(title.children, list) else title.children
                found[str(first)] = node
    return found


def _leads(node: Component) -> bool:
    return type(node).__name__ == "Span" and getattr(node, "className", "") == "strong"


def attribute(tree: Component, name: str) -> list[Any]:
    """The JSON that elements have in an attribute, as the browser gets it."""
    held = [node.to_plotly_json()["props"].get(name) for node in nodes(tree)]
    return [json.loads(one) for one in held if one is not None]


def rows(tree: Component) -> list[dict[str, Any]]:
    """Of the grid in a card that is drawn later."""
    (grid,) = [one for one in attribute(tree, "data-deferred") if one["type"] == "AgGrid"]
    found: list[dict[str, Any]] = grid["props"]["rowData"]
    return found


def hrefs(tree: Component) -> list[str]:
    return [str(node.href) for node in nodes(tree) if getattr(node, "href", None)]


@pytest.fixture
def told(bench: Any) -> Component:
    """Of the second of three sessions of a case, each in a run of its own."""
    for day in (0, 1, 2):
        shift = timedelta(days=day)
        one = full()
        bench.run(replace(one, started=one.started + shift, finished=one.finished + shift))
    return page(bench, "?session=2")


def test_it_says_what_it_is_of_and_leads_on(told: Component) -> None:
    head = words(told)
    assert "Session 2 finished fastgrnn_digits q15 on qemu (qemu_mps2_an386)" in head
    assert {
        "/run?run=2", "/session?session=1", "/session?session=3", "/compare?first=1&second=2",
        "/trace?session=2&pass=0", "/how-to-read#techniques",
        "/profile?board=qemu&kind=qemu_mps2_an386&model=fastgrnn_digits&precision=q15&run=2",
    } <= set(hrefs(told))  # fmt: skip


def test_the_first_and_the_last_lead_one_way(bench: Any, told: Component) -> None:
    first, last = (words(page(bench, f"?session={number}")) for number in (1, 3))
    assert ("Session before" in first, "Session after" in first) == (False, True)
    assert ("Session before" in last, "Session after" in last) == (True, False)


def test_a_trial_is_no_neighbour(bench: Any) -> None:
    bench.run(full())
    later = replace(full(), started=BEGAN + timedelta(days=1))
    bench.run(later, command="hil bisect cycles")
    assert "Session after" not in words(page(bench))


def test_every_measure_has_its_unit_and_how_it_was_obtained(told: Component) -> None:
    (grid,) = [node for node in nodes(parts(told)["Measures"]) if type(node).__name__ == "AgGrid"]
    held = {row["title"]: row for row in grid.rowData}
    assert len(held) == len(full().measures)
    assert held["Accuracy"]["value"]["text"] == "100.00"
    assert (held["Accuracy"]["unit"], held["Accuracy"]["obtained"]) == ("%", "counted labels")
    assert (held["Stream"]["unit"], held["Stream"]["obtained"]) == ("s", "measured host-clock")
    assert held["Frames lost"]["conditions"] == "link uart"
    assert held["Cycles"]["href"].startswith("/series?metric=latency_cycles")


def test_samples_are_drawn_and_the_slowest_vector_is_named(told: Component) -> None:
    samples = parts(told)["Samples"]
    (drawn,) = attribute(samples, "data-chart")
    assert (drawn["kind"], drawn["x"], drawn["y"]) == ("bars", "cycles", "vectors")
    assert sum(point[2] for point in drawn["points"]) == 100
    assert drawn["told"][-1] == "2,000 cycles: 1 vector"
    slowest = rows(samples)[0]
    assert (slowest["place"]["number"], slowest["value"]["text"]) == (SLOWEST, "2,000")
    assert slowest["label"]["text"].endswith("✓")
    assert "estimated cycle-model-2" in words(samples)


@pytest.mark.parametrize(
    ("search", "kind", "said"),
    [
        ("&plot=quantiles", "line", "99 % of the vectors: at most 1,006 cycles"),
        ("&plot=order", "dots", "vector 42: 2,000 cycles"),
        ("&metric=latency_us&plot=order", "dots", "vector 42: 80 µs"),
        (f"&metric=energy_per_inference&technique={TECHNIQUE.replace(' ', '+')}", "bars", "154 µJ: 1 repeat"),
        ("&metric=nonsense&technique=x&plot=pie", "bars", "2,000 cycles: 1 vector"),
        ("&metric=%00&memory=%27", "bars", "2,000 cycles: 1 vector"),
    ],
)
def test_other_samples_and_plots_are_in_the_address(
    bench: Any, told: Component, search: str, kind: str, said: str
) -> None:
    (drawn,) = attribute(parts(page(bench, f"?session=2{search}"))["Samples"], "data-chart")
    assert drawn["kind"] == kind
    assert said in drawn["told"]


def test_samples_that_are_all_the_same_are_a_sentence(bench: Any) -> None:
    same = LATENCY_CYCLES.samples(np.full(540, 28_822), Method.ESTIMATED, "cycle-model-2")
    bench.run(replace(full(), samples=(same,)))
    samples = parts(page(bench))["Samples"]
    assert "All of 540 vectors: 28,822 cycles estimated cycle-model-2" in words(samples)
    assert attribute(samples, "data-chart") == []


def test_phases_add_up_to_the_session(told: Component) -> None:
    phases = rows(parts(told)["Phases"])
    assert [row["name"] for row in phases] == [
        "1 Connect", "2 Handshake", "3 Stream", "4 Rest: attempts before, meters, closing",
    ]  # fmt: skip
    assert sum(row["seconds"]["number"] for row in phases) == pytest.approx(9.0)
    assert {row["obtained"] for row in phases} == {"measured host-clock"}


def test_which_class_was_taken_for_which(told: Component) -> None:
    matrix = parts(told)["Confusion matrix"]
    held = rows(matrix)
    assert "98 of 100 vectors right, 98.00 %" in words(matrix)
    mistaken = [
        (int(row["own"]), other, cell["number"])
        for row in held
        for other in range(10)
        if (cell := row[f"as{other}"])["kind"] == "mistaken"
    ]
    assert sum(count for *_, count in mistaken) == len(MISTAKEN)
    assert all(other == (own + 1) % 10 for own, other, _ in mistaken)
    assert sum(row["all"]["number"] for row in held) == 100


def test_labels_that_are_not_at_hand_are_told(bench: Any) -> None:
    bench.run(replace(full(), vectors_sha256="0" * 64, inputs_sha256="1" * 64))
    matrix = words(parts(page(bench))["Confusion matrix"])
    assert "The labels are not at hand" in matrix
    assert "Vectors taken for each class: " in matrix


@pytest.mark.parametrize(("memory", "symbols"), [("flash", ["weights", "run"]), ("ram", ["arena"])])
def test_memory_by_symbol(bench: Any, told: Component, memory: str, symbols: list[str]) -> None:
    card = parts(page(bench, f"?session=2&memory={memory}"))["Memory map"]
    assert [row["name"] for row in rows(card)] == symbols
    (figure,) = [one for one in attribute(card, "data-deferred") if one["type"] == "Graph"]
    assert figure["props"]["figure"]["data"][0]["type"] == "treemap"
    assert "counted elf" in words(card)


def test_where_cycles_go(told: Component) -> None:
    card = parts(told)["Where cycles go"]
    (figure,) = attribute(card, "data-deferred")
    assert figure["props"]["figure"]["data"][0]["labels"] == ["inference", "step"]
    assert "1,000 cycles per inference, the mean over 10 inferences, estimated cycle-model-2" in words(card)


def test_energy_of_windows(told: Component) -> None:
    card = parts(told)["Power"]
    (drawn,) = attribute(card, "data-chart")
    wrong = [point[3] for point in drawn["points"]]
    assert (len(wrong), wrong.count(True)) == (8, 1)
    assert "does not count: " in drawn["told"][wrong.index(True)]
    assert f"153.4 µJ modelled {TECHNIQUE}" in words(card)


def test_incidents_provenance_and_log(told: Component) -> None:
    cards = parts(told)
    (grid,) = [node for node in nodes(cards["Link and recovery"]) if type(node).__name__ == "AgGrid"]
    (incident,) = grid.rowData
    assert (incident["kind"], incident["action"], incident["held"]["text"]) == (
        "stopped answering", "reset", "2.5 s",
    )  # fmt: skip
    assert "2 frames lost ; link uart," in words(cards["Link and recovery"]).replace("lost;", "lost ;")
    provenance = words(cards["Provenance"])
    assert "Command pytest --board=all" in provenance
    assert "qemu 7.2.22" in provenance
    assert f"modelled {TECHNIQUE} : Energy per inference" in provenance
    assert "Windows of what a power probe saw." in provenance
    assert "counted labels : Accuracy The board's answers against the labels of the vectors." in provenance
    log = words(cards["Log"]).splitlines()
    assert [line.partition(" s  ")[2] for line in log[-3:]] == list(LOGGED)
    assert "03:00:00.250    +0.150 s  streaming" in log[-2]


def test_what_is_not_there_is_a_line_each(bench: Any) -> None:
    bench.run(bare())
    tree = page(bench)
    assert attribute(tree, "data-deferred") == attribute(tree, "data-chart") == []
    told = {title: words(card) for title, card in parts(tree).items()}
    assert told["It failed"] == "It failed qemu: no answer ( halted )"
    for title in (
        "Measures", "Samples", "Phases", "Confusion matrix", "Memory map", "Where cycles go", "Power", "Log",
    ):  # fmt: skip
        assert told[title].startswith(title)
        assert len(told[title]) < 120


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("", "names one"),
        ("?session=99", "There is no session 99: it was pruned, or is of another database."),
        ("?session=0", "There is no session 0: "),
        ("?session=-1", "names one"),
        ("?session=1%27+OR+1=1", "names one"),
        ("?session=99999999999999999999", "names one"),
    ],
)
def test_an_address_of_no_session(bench: Any, search: str, told: str) -> None:
    bench.run(full())
    tree = page(bench, search)
    assert told in words(tree)
    assert "/runs" in hrefs(tree)


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ("UPDATE sample SET blob = x'00' WHERE metric = 'latency_cycles'", "Samples"),
        ("UPDATE sample SET blob = x'00' WHERE metric = 'predicted'", "Confusion matrix"),
        ("UPDATE image SET symbols = x'00'", "Memory map"),
        ("UPDATE profile SET regions = 0", "Where cycles go"),
        ("UPDATE session_log SET blob = x'00'", "Log"),
    ],
)
def test_what_is_damaged_hides_nothing_else(bench: Any, change: str, title: str) -> None:
    bench.run(full())
    bench.change(change)
    tree = page(bench)
    assert "cannot be read" in words(parts(tree)[title])
    assert words(tree).count("cannot be read") == 1
    assert len(parts(tree)) >= 9


def test_a_choice_comes_back_from_its_address() -> None:
    choice = SessionChoice(12, "latency_us", "dwt & more", "order", "ram")
    assert parse_session(choice.href().partition("?")[2]) == choice
    assert SessionChoice(12).href() == "/session?session=12"
