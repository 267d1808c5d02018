"""Pages as trees of components, the app's answers, and serving it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dash import dcc
from dash.development.base_component import Component

from hil.errors import HilError, StoreError
from hil.values import Method
from hil_dashboards.app import create_app, render
from hil_dashboards.choice import parse_search
from hil_dashboards.pages.series import plot_height
from hil_dashboards.serve import serve


def nodes(tree: Any) -> Iterator[Component]:
    if isinstance(tree, Component):
        yield tree
        yield from nodes(getattr(tree, "children", None))
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from nodes(part)


def words(tree: Any) -> str:
    if isinstance(tree, Component):
        return words(getattr(tree, "children", None))
    if isinstance(tree, list | tuple):
        return " ".join(filter(None, map(words, tree)))
    return "" if tree is None else str(tree)


def of_class(tree: Any, name: str) -> list[Component]:
    return [node for node in nodes(tree) if name in str(getattr(node, "className", "")).split()]


def page(bench: Any, path: str = "/", search: str = "") -> Component:
    return render(bench.url, "/somewhere/results.db", path, search)


def test_cell_shows_value_unit_method_technique_run_and_date(bench: Any) -> None:
    bench.run(bench.session(1, bench.flash(12_304)))
    (cell,) = of_class(page(bench), "cell")
    assert words(cell) == "12,304 B counted elf run 1 · 2026-11-01"


def test_cell_leads_to_its_series(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), board="a b", model="m&n"))
    (cell,) = of_class(page(bench), "cell")
    assert isinstance(cell, dcc.Link)
    choice = parse_search(cell.href.removeprefix("/series"))
    assert (choice.metric, choice.model, choice.board, choice.precision) == (
        "instructions",
        ("m&n",),
        ("a b",),
        ("q15",),
    )


def test_failed_session_is_shown_with_its_error_and_the_run_of_the_values(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    bench.run(bench.session(2, error="qemu: the firmware hung"))
    shown = page(bench)
    (failure,) = of_class(shown, "failure")
    assert "Run 2 failed" in words(failure)
    assert "qemu: the firmware hung" in words(failure)
    assert "from run 1." in words(failure)
    assert words(of_class(shown, "older")) == "run 1 · 2026-11-01"


def test_quick_look_is_marked(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.vectors(540)))
    bench.run(bench.session(2, bench.cost(90), bench.vectors(30)))
    assert words(of_class(page(bench), "partial")) == "only 30 vectors"


def test_disagreement_with_the_golden_reference_stands_out(bench: Any) -> None:
    bench.run(bench.session(1, bench.golden(0.9)))
    assert words(of_class(page(bench), "wrong")).startswith("90.00 %")


def test_legend_explains_every_method(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    told = words(of_class(page(bench), "legend"))
    assert all(str(method) in told for method in Method)


def test_bar_tells_the_newest_run(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), dirty=True)
    told = words(of_class(page(bench), "run-note"))
    assert told == "Run 1 finished 2026-11-01 03:00 UTC cccccccccc + changes"


def test_series_page_has_a_plot_a_table_and_links_that_change_one_thing(bench: Any) -> None:
    for day, value in ((1, 100), (2, 90)):
        bench.run(bench.session(day, bench.cost(value), bench.flash(10)))
    shown = page(bench, "/series", "?metric=instructions&precision=q15")
    (graph,) = (node for node in nodes(shown) if isinstance(node, dcc.Graph))
    assert list(graph.figure.data[0].y) == [100, 90]
    (table,) = of_class(shown, "values")
    assert "−10 (−10 %)" in words(table)
    pills = {words(pill): pill.href for pill in of_class(shown, "pill")}
    assert pills["flash_bytes"] == "/series?metric=flash_bytes&precision=q15"
    assert pills["digits"] == "/series?metric=instructions&model=digits&precision=q15"
    assert pills["q15"] == "/series?metric=instructions"
    assert [words(pill) for pill in of_class(shown, "on")] == ["instructions", "all", "all", "q15", "200"]


def test_series_table_tells_failures(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), bench.session(1, model="other", error="no probe"))
    assert words(of_class(page(bench, "/series"), "lost")) == "failed: no probe"


def test_series_of_nothing_says_so_and_lets_go_of_an_unknown_name(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    shown = page(bench, "/series", "?metric=instructions&board=gone")
    assert "Nothing to plot" in words(shown)
    assert "/series?metric=instructions" in [pill.href for pill in of_class(shown, "on")]


@pytest.mark.parametrize("path", ["/", "/series", "/series/"])
def test_missing_database_says_what_to_run_and_works_once_it_is_there(
    url: str, path: str, request: pytest.FixtureRequest
) -> None:
    before = render(url, "results.db", path, "")
    assert "No results yet" in words(before)
    assert "pytest --board=all" in words(before)
    bench = request.getfixturevalue("bench")
    assert "No results yet" in words(page(bench, path)), "a database without a session"
    bench.begin(datetime(2026, 11, 1, tzinfo=UTC))
    assert "No results yet" in words(page(bench, path)), "a run without a session"
    bench.run(bench.session(1, bench.cost(100)))
    assert "digits" in words(page(bench, path))


def test_second_run_is_there_at_the_next_load(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    assert "100" in words(of_class(page(bench), "cell"))
    bench.run(bench.session(2, bench.cost(90)))
    assert words(of_class(page(bench), "number")) == "90"


def test_unreadable_database_tells_cause_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"this is no database " * 100)
    told = words(render(f"sqlite:///{path}", str(path), "/", ""))
    assert "The results cannot be read" in told
    assert "is not a database" in told
    assert "--db" in told


def test_unknown_address(bench: Any) -> None:
    assert "/nowhere" in words(page(bench, "/nowhere"))


def test_app_needs_a_database_url() -> None:
    with pytest.raises(StoreError):
        create_app("results.db")


def test_app_answers_with_a_policy_and_asks_nothing_of_other_hosts(url: str) -> None:
    client = create_app(url).server.test_client()
    answer = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "https://" not in answer.text
    assert client.get("/assets/style.css").status_code == 200


def test_port_in_use_is_one_line_with_a_remedy(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HilError, match="--port") as caught:
            serve(url, "127.0.0.1", port)
    assert str(port) in caught.value.what


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no.such.host.invalid", 8050)])
def test_impossible_address_is_one_line(url: str, host: str, port: int) -> None:
    with pytest.raises(HilError):
        serve(url, host, port)


def test_a_plot_of_many_lines_keeps_the_room_of_its_values() -> None:
    few, many = plot_height(3), plot_height(36)
    assert many - few == plot_height(36 + 33) - many > 11 * 15  # eleven rows of names more, and again
