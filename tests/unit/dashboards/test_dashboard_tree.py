"""Pages as trees of components, the app's answers, and serving it."""

from __future__ import annotations

import socket
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dash import dcc
from dash.development.base_component import Component

from component_tree import grids, nodes, words
from hil.errors import HilError, StoreError
from hil.measure.profile import PathCost, Profile
from hil.metrics import ENERGY_PER_INFERENCE
from hil.values import Measure, Method
from hil_dashboards.app import create_app, render, written
from hil_dashboards.serve import serve
from hil_db.records import SessionRecord


def of_class(tree: Any, name: str) -> list[Component]:
    return [node for node in nodes(tree) if name in str(getattr(node, "className", "")).split()]


def rows_of(tree: Any, grid: int = 0) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = grids(tree)[grid].rowData
    return rows


def columns_of(tree: Any, grid: int = 0) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = grids(tree)[grid].columnDefs
    return columns


def table(tree: Any, grid: int = 0) -> list[list[str]]:
    """A grid's heads, then what its rows show."""

    def told(cell: Any) -> str:
        return "" if cell is None else str(cell["text"] if isinstance(cell, dict) else cell)

    columns = columns_of(tree, grid)
    rows = [[told(row.get(column["field"])) for column in columns] for row in rows_of(tree, grid)]
    return [[column["headerName"] for column in columns], *rows]


def heads(tree: Any) -> dict[str, str]:
    """What a grid's columns are called, by the field they show."""
    return {column["field"]: column["headerName"] for column in columns_of(tree)}


def figures(tree: Any, row: int = 0) -> dict[str, Any]:
    """The cells of a row that hold a value, by their columns' heads."""
    cells = rows_of(tree)[row]
    return {head: cells[field] for field, head in heads(tree).items() if field in cells and "value" in field}


def shown(cell: dict[str, Any]) -> str:
    return " ".join([cell["text"], *(note for _, note in cell.get("notes", ()))])


ROOMY = "?rows=roomy"


def page(bench: Any, path: str = "/", search: str = "") -> Component:
    return render(bench.url, "/somewhere/results.db", path, search)


def test_columns_name_metric_unit_method_and_technique_and_rows_run_and_date(bench: Any) -> None:
    bench.run(bench.session(1, bench.flash(12_304)))
    told = page(bench)
    assert {head: shown(cell) for head, cell in figures(told).items()} == {"Flash B counted elf": "12,304"}
    (row,) = rows_of(told)
    assert [row[name] for name in ("model", "precision", "run", "day")] == ["digits", "q15", 1, "2026-11-01"]


def test_value_of_an_older_run_than_its_row_says_so(bench: Any) -> None:
    bench.run(bench.session(1, bench.flash(10), bench.cost(100)))
    bench.run(bench.session(2, bench.cost(90)))
    told = figures(page(bench, search=ROOMY))
    assert {head: shown(cell) for head, cell in told.items()} == {
        "Instructions counted timer": "90",
        "Flash B counted elf": "10 run 1",
    }
    assert told["Flash B counted elf"]["from"][0] == "run 1, 2026-11-01 03:00 UTC"
    (row,) = rows_of(page(bench))
    assert row["from"][:2] == ("run 2, 2026-11-02 03:00 UTC", "commit cccccccccc")
    assert "from" not in told["Instructions counted timer"], "the row says it already"


def test_cell_shows_the_band_and_its_tooltip_what_the_value_holds_for(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(61_200)))
    (told,) = figures(page(bench, search=ROOMY)).items()
    head, cell = told
    assert (head, shown(cell)) == ("Cycles estimated cycle-model-1", "61,200 −3/+22 %")
    assert "expected 59,364 to 74,664 (−3/+22 %)" in cell["told"]
    assert "clock 25 MHz, wait states 0" in cell["told"]


def test_values_that_may_not_be_compared_stand_in_columns_of_their_own(bench: Any) -> None:
    painted = bench.stack(432, "painted", Method.MEASURED)
    bench.run(
        bench.session(1, painted, bench.stack(440, "tracked", Method.COUNTED), bench.estimate(100)),
        bench.session(1, bench.estimate(100, clock_hz=50e6), model="other"),
        bench.session(1, bench.estimate(90), painted, model="third"),
    )
    told = page(bench, search=ROOMY)
    assert [{head: shown(cell) for head, cell in figures(told, row).items()} for row in range(3)] == [
        {
            "Cycles estimated cycle-model-1 clock 25 MHz, wait states 0": "100 −3/+22 %",
            "Stack B counted tracked": "440",
            "Stack B measured painted": "432",
        },
        {"Cycles estimated cycle-model-1 clock 50 MHz, wait states 0": "100 −3/+22 %"},
        {
            "Cycles estimated cycle-model-1 clock 25 MHz, wait states 0": "90 −3/+22 %",
            "Stack B measured painted": "432",
        },
    ]


def test_a_coarser_technique_has_a_column_only_where_a_row_lacks_the_finer(bench: Any) -> None:
    """As in the table that ends a run."""
    tracked = bench.stack(440, "tracked", Method.COUNTED)
    painted = bench.stack(432, "painted", Method.MEASURED)
    bench.run(bench.session(1, painted, tracked, bench.cost(100), bench.cost(101, "plugin")))
    told = page(bench)
    assert list(figures(told)) == ["Instructions counted plugin", "Stack B counted tracked"]
    (beside,) = of_class(told, "beside")
    assert words(beside) == (
        "Stored beside them, and coarser: Instructions (counted, timer) ; Stack (measured, painted) ."
    )
    links = [link.href for link in of_class(beside, "more")]
    assert links == ["/series?metric=instructions", "/series?metric=stack_bytes"]
    bench.run(bench.session(2, bench.cost(90), model="other"))
    told = page(bench)
    assert sorted(shown(cell) for cell in figures(told, 0).values()) == ["100", "101", "440"]
    assert words(of_class(told, "beside")) == "Stored beside them, and coarser: Stack (measured, painted) ."
    bench.run(bench.session(3, painted, bench.cost(100)))
    told = page(bench)
    assert list(figures(told)) == ["Instructions counted timer", "Stack B measured painted"]
    assert not of_class(told, "beside")


def test_failed_session_is_shown_with_its_error_and_the_run_of_the_values(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    bench.run(bench.session(2, error="qemu: the firmware hung"))
    case, failed = rows_of(page(bench, search=ROOMY))
    assert case["status"] == "failed"
    assert failed["failure"] == {
        "what": "Run 2 failed",
        "why": ", 2026-11-02 03:00 UTC: qemu: the firmware hung",
        "kept": "The values above are from run 1.",
    }
    assert failed == {**case, "failure": failed["failure"]}, "sorting would part the two"
    assert [shown(cell) for cell in figures(page(bench, search=ROOMY)).values()] == ["100 run 1"]


def test_boards_are_named_where_there_are_several(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    assert "board" not in heads(page(bench))
    assert "qemu kind_a, 1 row" in words(page(bench))
    bench.run(bench.session(2, bench.cost(100), board="desk-1"))
    told = page(bench, search="?columns=usual")
    assert heads(told)["board"] == "Board"
    assert "2 boards 2 rows" in words(told)
    assert [row["board"] for row in rows_of(told)] == ["desk-1", "qemu"]


def test_quick_look_is_marked(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.vectors(540)))
    bench.run(bench.session(2, bench.cost(90), bench.vectors(30)))
    (cell,) = figures(page(bench, search=ROOMY)).values()
    assert cell["notes"] == [("partial", "30 vectors")]


def test_disagreement_with_the_golden_reference_stands_out(bench: Any) -> None:
    bench.run(bench.session(1, bench.golden(0.9)), bench.session(1, bench.golden(1.0), model="other"))
    told = page(bench)
    assert [next(iter(figures(told, row).values())).get("wrong", False) for row in range(2)] == [True, False]
    assert shown(figures(told)["Golden % counted bit-exact"]) == "90.00"


def test_legend_explains_every_method(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    told = words(of_class(page(bench), "legend"))
    assert all(str(method) in told for method in Method)


def test_bar_tells_the_newest_run(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), dirty=True)
    told = words(of_class(page(bench), "run-note"))
    assert told == "Run 1 finished 2026-11-01 03:00 UTC cccccccccc + changes"


CASE = "?board=qemu&kind=kind_a&model=digits&precision=q15"
NOT_KNOWN = "no commit: the repository at /a belongs to another user; if you trust it, run `git this`"
NOT_ALL = "not all that ran is in the commit: not or not wholly tracked by git: digits"


@pytest.mark.parametrize(("commit", "note"), [(None, NOT_KNOWN), ("c" * 40, NOT_ALL)])
def test_what_a_commit_does_not_tell_stands_on_every_page(
    bench: Any, profile: Profile, commit: str | None, note: str
) -> None:
    bench.run(bench.session(1, bench.cost(100), profile=profile), commit=commit, note=note)
    pages = [page(bench), page(bench, "/series"), page(bench, "/profile", CASE)]
    for shown in pages:
        (told,) = of_class(shown, "warning")
        assert words(told).replace(" .", ".") == f"Run 1: {note}.".replace("`", "")
    assert note in rows_of(pages[0])[0]["from"][1]
    assert rows_of(pages[1])[0]["note"] == note
    (graph,) = (node for node in nodes(pages[1]) if isinstance(node, dcc.Graph))
    assert note[:40] in graph.figure["data"][0]["hovertext"][0]
    assert note.replace("`", "") in words(of_class(pages[2], "summary")).replace(" ,", ",")
    bench.run(bench.session(2, bench.cost(100), model="other"))
    assert not of_class(page(bench), "warning"), "it is of another run"


DAMAGE = {
    "a date": "UPDATE session SET started = 'yesterday'",
    "a date that is a number": "UPDATE session SET started = 5",
    "a run's date": "UPDATE run SET started = '2026-99-99 00:00:00'",
    "a run's status": "UPDATE run SET status = 'odd'",
    "no JSON": "UPDATE measure SET conditions = '{'",
    "another JSON": "UPDATE measure SET conditions = '[1]'",
    "a null in JSON": """UPDATE measure SET conditions = '{"clock_hz": null}'""",
    "a word for a number": "UPDATE measure SET value = 'many'",
    "bytes for a number": "UPDATE measure SET low = x'00', high = x'01'",
    "a word for a count": "UPDATE profile_path SET cycles = 'many'",
    "no count at all": "UPDATE profile SET regions = 'many'",
    "a profile of nothing": "UPDATE profile SET regions = 0",
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_value_changed_by_hand_is_told_in_a_line(bench: Any, profile: Profile, change: str) -> None:
    bench.run(bench.session(1, bench.estimate(200), profile=profile))
    path = bench.url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    pages = [page(bench), page(bench, "/series"), page(bench, "/profile", CASE)]
    told = [words(of_class(shown, "notice")) for shown in (pages[2:] if "profile" in change else pages)]
    for said in told:
        assert "The results cannot be read" in said
        assert f"The database {path} is damaged" in said
        assert "a value in it cannot be read" in said
        assert "Restore a copy" in said


def test_series_page_has_a_plot_a_table_and_links_that_change_one_thing(bench: Any) -> None:
    for day, value in ((1, 100), (2, 90)):
        bench.run(bench.session(day, bench.cost(value), bench.flash(10)))
    shown = page(bench, "/series", "?metric=instructions&precision=q15")
    (graph,) = (node for node in nodes(shown) if isinstance(node, dcc.Graph))
    assert graph.figure["data"][0]["y"] == [100, 90]
    assert [row[3] for row in table(shown)] == ["Change", "−10 (−10 %)", ""]
    pills = {words(pill): pill.href for pill in of_class(shown, "pill")}
    assert pills["q15"] == "/series?metric=instructions"
    fields = (node.id for node in nodes(shown) if "chooser" in str(getattr(node, "id", "")))
    assert {one["chooser"]: (one["base"], one["chosen"]) for one in fields} == {
        "metric": ("/series?precision=q15", '["instructions"]'),
        "model": ("/series?metric=instructions&precision=q15", "[]"),
        "board": ("/series?metric=instructions&precision=q15", "[]"),
    }
    on = ["counted timer", "q15", "200", "linear"]
    assert [words(pill) for pill in of_class(shown, "on")] == on


def test_series_table_tells_failures(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), bench.session(1, model="other", error="no probe"))
    newest, _ = rows_of(page(bench, "/series"))
    assert newest["failure"]["what"] == "Run 1 failed"
    assert newest["failure"]["why"].endswith("other q15 on qemu: no probe")


def test_measured_and_estimated_values_share_neither_plot_nor_table(bench: Any) -> None:
    silicon = Measure("latency_cycles", 1100, "cycles", Method.MEASURED, "dwt", 1.0)
    bench.run(bench.session(1, bench.estimate(1000)), bench.session(1, silicon, board="desk"))
    bench.run(
        bench.session(2, bench.estimate(1010)),
        bench.session(2, board="desk", error="it hung"),
        bench.session(2, board="new", error="no probe"),
    )
    ways = {
        words(pill): pill.href for pill in of_class(page(bench, "/series", "?metric=latency_cycles"), "pill")
    }
    for way, values, boards in (
        ("measured dwt", [1100], ["new", "desk", "desk"]),
        ("estimated cycle-model-1", [1000, 1010], ["new", "qemu", "qemu"]),
    ):
        shown = page(bench, "/series", ways[way].removeprefix("/series"))
        (graph,) = (node.figure for node in nodes(shown) if isinstance(node, dcc.Graph))
        lines = [line for line in graph["data"] if line.get("legendgroup")]
        assert [value for line in lines for value in line["y"] if value is not None] == values
        told = table(shown, len(grids(shown)) - 1)
        assert [row[told[0].index("Board")] for row in told[1:]] == boards
        assert ("Band" in told[0]) is ("estimated" in way)


def test_modelled_and_measured_energy_share_neither_column_nor_plot_nor_table(bench: Any) -> None:
    def energy(value: float, method: Method, technique: str, volts: float = 3.3) -> Measure:
        about = (method, technique, value / 5000, (value * 0.99, value * 1.02), {"supply_v": volts})
        return ENERGY_PER_INFERENCE.measure(value, *about)

    def sessions(day: int) -> list[SessionRecord]:
        return [
            bench.session(day, energy(12.5 + day, Method.MODELLED, "ppk2 model of STM32L475 currents")),
            bench.session(day, energy(14.25 + day, Method.MEASURED, "ppk2"), board="desk"),
            bench.session(day, energy(10.75 + day, Method.MEASURED, "ppk2", 1.8), board="desk", model="low"),
        ]

    bench.run(*sessions(1))
    bench.run(*sessions(2))
    cells = {
        (row["board"], row["model"]): {
            field: cell["text"] for field, cell in row.items() if field.startswith("value")
        }
        for row in rows_of(page(bench, search="?columns=usual"))
    }
    assert [list(one.values()) for one in cells.values()] == [["16.25"], ["12.75"], ["14.5"]]
    assert len({field for one in cells.values() for field in one}) == 3, "other volts are another column, too"
    metric = "?metric=energy_per_inference"
    ways = {words(pill): pill.href for pill in of_class(page(bench, "/series", metric), "pill")}
    for way, board, count in (
        ("measured ppk2", "desk", 2),
        ("modelled ppk2 model of STM32L475 currents", "qemu", 1),
    ):
        shown = page(bench, "/series", ways[way].removeprefix("/series"))
        heads, *rows = table(shown, len(grids(shown)) - 1)
        assert {row[heads.index("Board")] for row in rows} == {board}
        (graph,) = (node.figure for node in nodes(shown) if isinstance(node, dcc.Graph))
        assert len([line for line in graph["data"] if line.get("legendgroup")]) == count


def test_series_table_shows_bands_where_there_are_some(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(61_200)), bench.session(1, model="other", error="no probe"))
    shown = page(bench, "/series", "?metric=latency_cycles")
    heads, lost, told = table(shown)
    assert heads[2:5] == ["Value", "Band", "Change"]
    assert told[2:5] == ["61,200", "−3/+22 %", ""]
    assert lost[2:5] == ["", "", ""]
    (card,) = of_class(shown, "all-values")
    assert words(card) == "Values, newest first estimated cycle-model-1"
    bench.run(bench.session(2, bench.cost(100)))
    assert "Band" not in table(page(bench, "/series", "?metric=instructions"))[0]


def test_matrix_knows_which_case_has_a_profile(bench: Any, profile: Profile) -> None:
    bench.run(
        bench.session(1, bench.cost(100), board="a b", model="m&n", profile=profile),
        bench.session(1, bench.cost(100), model="other"),
    )
    assert [row["profiled"] for row in rows_of(page(bench, search="?columns=usual"))] == [True, False]


def test_profile_page_shows_functions_and_classes_the_dearest_first(bench: Any, profile: Profile) -> None:
    bench.run(bench.session(1, bench.estimate(200), profile=profile))
    shown = page(bench, "/profile", CASE)
    assert [" ".join(row) for row in table(shown, 0)] == [
        "Function Own share Own cycles Total share Total cycles Calls Instructions",
        "tanh<16> 60.0 % 120 60.0 % 120 2.50 100",
        "step 30.0 % 60 90.0 % 180 8 40",
        "run 10.0 % 20 100.0 % 200 1 10",
    ]
    assert [" ".join(row) for row in table(shown, 1)] == [
        "Class Share Cycles Instructions Cycles each",
        "alu 55.0 % 110 100 1.10",
        "load 45.0 % 90 50 1.80",
    ]
    (summary,) = of_class(shown, "summary")
    told = words(summary)
    assert "200 cycles per inference, the mean over 10 inferences" in told
    assert "expected 194 to 244 (−3/+22 %) ; clock 25 MHz, wait states 0 estimated cycle-model-1" in told
    assert "hil export --profile folded --run 1" in told


def test_profile_page_takes_the_newest_that_finished_or_that_of_a_run(bench: Any, profile: Profile) -> None:
    dearer = replace(profile, regions=5)
    bench.run(bench.session(1, profile=profile))
    bench.run(bench.session(2, profile=dearer))
    bench.run(bench.session(3, profile=profile, error="hung"))
    bench.run(bench.session(4), bench.session(4, model="other", profile=profile))
    newest = page(bench, "/profile", CASE)
    assert "400 cycles per inference" in words(newest)
    pills = of_class(newest, "pill")
    assert [(words(pill), "on" in pill.className) for pill in pills] == [("2", True), ("1", False)]
    path, _, search = pills[1].href.partition("?")
    assert "200 cycles per inference" in words(page(bench, path, f"?{search}"))


def test_profile_page_leads_to_its_run_and_session_and_to_what_changed_since(
    bench: Any, profile: Profile
) -> None:
    for day in (1, 2):
        bench.run(bench.session(day, profile=profile))

    def links(search: str) -> dict[str, str]:
        (summary,) = of_class(page(bench, "/profile", search), "summary")
        return {words(link): link.href for link in of_class(summary, "more")}

    case = CASE.removeprefix("?")
    assert links(CASE) == {
        "Run 2": "/run?run=2",
        "session 2": "/session?session=2",
        f"commit {'c' * 10}": f"/compare?before=1&after=2&{case}",
    }
    assert links(f"{CASE}&run=1") == {"Run 1": "/run?run=1", "session 1": "/session?session=1"}


def test_profile_page_does_not_show_cycles_of_another_technique(bench: Any, profile: Profile) -> None:
    bench.run(bench.session(1, bench.estimate(12_345, "cycle-model-2"), profile=profile))
    told = words(of_class(page(bench, "/profile", CASE), "summary"))
    assert "12,345" not in told
    assert "Obtained by cycle-model-1" in told


def test_profile_page_shows_every_function(bench: Any, profile: Profile) -> None:
    paths = tuple(PathCost((f"f{n:03}",), 10, 100, 10 * (1000 - n)) for n in range(300))
    bench.run(bench.session(1, profile=replace(profile, paths=paths)))
    assert len(rows_of(page(bench, "/profile", CASE))) == 300


def test_pages_need_no_more_components_with_more_rows(bench: Any, profile: Profile) -> None:
    """Dash takes time that grows with the square of their number."""
    counts = []
    for day in range(1, 21):
        bench.run(bench.session(day, bench.cost(100 + day), profile=profile))
        if day in (13, 20):
            told = [page(bench), page(bench, "/series"), page(bench, "/profile", CASE)]
            counts.append([len(list(nodes(one))) for one in told])
    assert counts[0] == counts[1]


@pytest.mark.parametrize("search", ["", "?board=qemu&kind=kind_a&model=digits"])
def test_profile_page_of_nothing_in_particular_says_where_its_links_are(bench: Any, search: str) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    assert "The links to them stand in the matrix" in words(page(bench, "/profile", search))


@pytest.mark.parametrize("search", [CASE, CASE + "&run=7", CASE + "&run=x"])
def test_profile_page_without_a_profile_says_so(bench: Any, search: str) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    told = words(page(bench, "/profile", search))
    assert "No profile" in told
    assert "pytest --board=qemu" in told


def test_profile_page_of_a_run_without_one_offers_those_with_one(bench: Any, profile: Profile) -> None:
    bench.run(bench.session(1, profile=profile))
    bench.run(bench.session(2))
    shown = page(bench, "/profile", CASE + "&run=2")
    assert "No session of run 2 stored a profile of digits q15" in words(shown)
    assert [words(pill) for pill in of_class(shown, "pill")] == ["1"]


def test_series_of_nothing_says_so(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), bench.session(1, bench.flash(10), model="other"))
    assert "Nothing to plot" in words(page(bench, "/series", "?metric=instructions&model=other"))


def test_series_ignores_names_that_nothing_is_stored_of_and_says_so(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), bench.session(1, bench.cost(90), model="other"))
    shown = page(bench, "/series", "?metric=nothing&model=digits&model=gone&board=lost")
    assert [row["model"] for row in rows_of(shown)] == ["digits q15"]
    (told,) = of_class(shown, "ignored")
    assert words(told) == "Ignored, as nothing is stored of it: nothing , gone , lost ."
    assert not [pill.href for pill in of_class(shown, "pill") if "gone" in pill.href or "lost" in pill.href]
    assert not of_class(page(bench, "/series", "?model=digits"), "ignored")


def test_series_of_thousands_of_names_is_no_larger_than_another(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))

    def size(search: str) -> int:
        return len(written(page(bench, "/series", search)))

    unknown = "?" + "&".join(f"model=m{number}" for number in range(3000))
    assert size(unknown) < size("") + 2000
    assert size("?model=digits" * 1000) < size("?model=digits") + 2000
    assert size("?" + "&".join(["model=digits"] * 3000)) == size("?model=digits")
    assert size("?metric=" + "m" * 50_000) < size("") + 2000


@pytest.mark.parametrize("path", ["/series", "/profile"])
def test_a_number_of_thousands_of_digits_is_no_number(bench: Any, path: str) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    digits = "9" * 5000
    assert page(bench, path, f"?runs={digits}&run={digits}")


def test_a_long_name_is_not_repeated_in_full(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    name = "m" * 50_000
    for path, search in (
        ("/profile", f"?board={name}&kind={name}&model={name}&precision={name}"),
        (f"/{name}", ""),
    ):
        assert len(words(page(bench, path, search))) < 2000


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
    assert "digits" in str(page(bench, path))


def test_second_run_is_there_at_the_next_load(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    assert [shown(cell) for cell in figures(page(bench)).values()] == ["100"]
    bench.run(bench.session(2, bench.cost(90)))
    assert [shown(cell) for cell in figures(page(bench)).values()] == ["90"]


def test_unreadable_database_tells_cause_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(b"this is no database " * 100)
    told = words(render(f"sqlite:///{path}", str(path), "/", ""))
    assert "The results cannot be read" in told
    assert "is not a database" in told
    assert "--db" in told


def test_a_database_that_cannot_be_looked_for_is_told_in_a_line(tmp_path: Path) -> None:
    """A name that is too long stands for all that the system refuses: root may look into any folder."""
    path = tmp_path / ("a" * 300)
    told = words(render(f"sqlite:///{path}", str(path), "/", ""))
    assert "The results cannot be read" in told
    assert "cannot be opened" in told
    assert "--db" in told


def test_unknown_address(bench: Any) -> None:
    assert "/nowhere" in words(page(bench, "/nowhere"))


def test_app_needs_a_database_url() -> None:
    with pytest.raises(StoreError):
        create_app("results.db")


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
