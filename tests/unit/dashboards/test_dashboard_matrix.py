"""The matrix: what became of each value, how old it is, what is not there and why, what an address says."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from dash.development.base_component import Component
from dash_ag_grid import AgGrid
from sqlalchemy.dialects import sqlite

from component_tree import nodes, words
from hil.errors import HilError, StoreError
from hil.metrics import MATRIX
from hil.values import Method, Precision
from hil_dashboards import views
from hil_dashboards.app import create_app, render
from hil_dashboards.choices.matrix import MatrixChoice, Show, parse_matrix
from hil_dashboards.crowd import PATIENT
from hil_dashboards.pages.matrix import matrix_page
from hil_dashboards.reading import matrix, selects, verdicts
from hil_dashboards.reading.database import reading
from hil_dashboards.reading.keeping import AT_ONCE, Keeper
from hil_dashboards.reading.matrix import read_matrix
from hil_db.comparing import compare

JUDGED = "&judged=1"
BIG = "does not fit, by 13 KB: the image face/q15 is larger than the board's memory"


def page(bench: Any, search: str = "?", lab: Any = None) -> Component:
    return render(bench.url, "/somewhere/results.db", "/", search + JUDGED, lab=lab)


def grid(tree: Any) -> AgGrid:
    (found,) = (node for node in nodes(tree) if isinstance(node, AgGrid))
    return found


def table(tree: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """The cells that hold anything, by the name of their row and by their column's head."""
    made = grid(tree)
    heads = {one["field"]: one["headerName"] for one in made.columnDefs}
    return {
        " ".join([*([row["board"]] if "board" in row else []), row["model"], row["precision"]]): {
            heads[field]: cell for field, cell in row.items() if field.startswith("value") and cell
        }
        for row in made.rowData
    }


def marks(tree: Any) -> dict[str, list[tuple[str, str]]]:
    """The words and changes of each row's verdicts."""
    return {
        name: [tuple(cell["mark"][1:]) for cell in cells.values() if "mark" in cell]
        for name, cells in table(tree).items()
    }


# verdicts


def test_a_value_tells_what_became_of_it_since_the_baseline(bench: Any) -> None:
    one = {"model": "slow"}, {"model": "small"}, {"model": "same"}
    bench.run(*(bench.session(1, bench.cost(1000), **case) for case in one))
    costs = (1100, 900, 1000)
    bench.run(*(bench.session(2, bench.cost(cost), **case) for cost, case in zip(costs, one, strict=True)))
    told = page(bench)
    assert marks(told) == {
        "qemu same q15": [("unchanged", "")],
        "qemu slow q15": [("worse", "+10 %")],
        "qemu small q15": [("better", "−10 %")],
    }
    (cell,) = table(told)["qemu slow q15"].values()
    assert cell["told"][-1] == "worse since run 1, 1,000 then (+10 %): compared exactly"
    assert cell["compare"] == "/compare?before=1&after=2&board=qemu&kind=kind_a&model=slow&precision=q15"
    assert "against run 1 (" in words(told)


def test_a_value_is_compared_by_its_own_technique_alone(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    bench.run(bench.session(2, bench.cost(2000), bench.cost(1990, "plugin")))
    told = page(bench, "?ways=all")
    assert {head: cell["mark"][1] for head, cell in table(told)["qemu digits q15"].items()} == {
        "Instructions counted timer": "worse",
        "Instructions counted plugin": "new",
    }
    bench.run(bench.session(3, bench.cost(5, "plugin", Method.ESTIMATED)))
    assert marks(page(bench, "?baseline=1")) == {"qemu digits q15": [("not comparable", "")]}


def test_a_long_technique_takes_lines_of_a_head_and_not_the_room_of_columns(bench: Any) -> None:
    def head(model: str, technique: str) -> tuple[int, int]:
        """Pixels: the width of its column, and the height of the grid, which has one row."""
        bench.run(bench.session(1, bench.cost(1000, technique), model=model))
        made = grid(page(bench, f"?model={model}"))
        (width,) = (one["minWidth"] for one in made.columnDefs if one["field"] == "value0")
        return width, int(made.style["--rows"].removesuffix("px"))

    plain, low = head("first", "cycle-model-of-1x")
    wide, high = head("second", "cycle-model-of-1x of some currents")
    assert wide < 1.3 * plain
    assert high > low


def test_a_case_that_the_baseline_lacks_is_new_and_its_own_values_are_not_compared(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)), bench.session(1, bench.cost(1), model="kept"))
    bench.run(bench.session(2, bench.cost(1000)), bench.session(2, bench.cost(7), model="other"))
    told = page(bench)
    assert marks(told) == {
        "qemu digits q15": [("unchanged", "")],
        "qemu kept q15": [],
        "qemu other q15": [("new", "")],
    }
    (kept,) = table(told)["qemu kept q15"].values()
    assert "not compared: it is the baseline's own" in kept["told"]


def test_a_value_of_an_older_run_is_compared_too_and_says_how_old_it_is(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)), bench.session(1, bench.cost(1000), model="away"))
    bench.run(bench.session(2, bench.cost(1000)), bench.session(2, bench.cost(1500), model="away"))
    for day in (3, 4):
        bench.run(bench.session(day, bench.cost(1000)))
    told = page(bench, "?baseline=1")
    (away,), (fresh,) = (table(told)[f"qemu {model} q15"].values() for model in ("away", "digits"))
    assert (away["age"], away["mark"][1:]) == (2, ["worse", "+50 %"])
    assert "2 runs ago" in away["told"]
    assert "age" not in fresh


def test_a_run_that_goes_on_makes_nothing_old(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)), bench.session(1, bench.cost(1000), model="other"))
    bench.begin(bench.session(2).started, bench.session(2, bench.cost(1000)))
    held = read_matrix(bench.url)
    assert dict(held.ages) == {1: 0, 2: 0}


def test_the_baseline_is_the_one_that_is_asked_for(bench: Any) -> None:
    for day, cost in enumerate((1000, 1100, 1100), 1):
        bench.run(bench.session(day, bench.cost(cost)))
    assert marks(page(bench)) == {"qemu digits q15": [("unchanged", "")]}
    assert marks(page(bench, "?baseline=1")) == {"qemu digits q15": [("worse", "+10 %")]}
    told = page(bench, "?baseline=nobody")
    assert "Ignored, as nothing is stored of it: nobody" in words(told)
    assert marks(told) == {"qemu digits q15": [("unchanged", "")]}


def test_the_first_run_is_compared_with_nothing(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    told = page(bench)
    assert marks(told) == {"qemu digits q15": []}
    assert "nothing to compare with" in words(told)


def test_verdicts_are_those_of_the_chosen_metrics(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000), bench.flash(10)))
    bench.run(bench.session(2, bench.cost(1100), bench.flash(11)))
    held = read_matrix(bench.url, parse_matrix("?columns=flash_bytes"))
    assert [metric for verdicts in held.compared.found.values() for _, metric in verdicts] == ["flash_bytes"]


def test_a_change_is_told_in_few_letters_and_in_full_beside_them(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(10_000)))
    bench.run(bench.session(2, bench.cost(10_768)))
    (cell,) = table(page(bench))["qemu digits q15"].values()
    assert cell["mark"][2] == "+7.7 %"
    assert "+7.68 %" in cell["told"][-1]


# what is not there


def test_never_run_does_not_fit_failed_and_not_taken_are_told_apart(bench: Any) -> None:
    bench.run(
        bench.session(1, bench.cost(100), model="face"),
        bench.session(1, bench.cost(100), board="b", model="face", precision=Precision.Q7),
        bench.session(1, bench.cost(100), model="digits"),
        bench.session(1, bench.flash(100), board="b", model="digits"),
        bench.session(1, model="sounds", error="no frame in 2 s"),
        bench.session(1, board="b", model="face", error=BIG),
    )
    told = table(page(bench, "?metric=instructions"))
    states = {
        (name, head.split()[0]): cell.get("state", "value")
        for name, cells in told.items()
        for head, cell in cells.items()
    }
    assert states == {
        ("digits q15", "b"): "none",
        ("digits q15", "qemu"): "value",
        ("face q15", "b"): "fit",
        ("face q15", "qemu"): "value",
        ("face q7", "b"): "value",
        ("face q7", "qemu"): "never",
        ("sounds q15", "b"): "never",
        ("sounds q15", "qemu"): "failed",
    }
    fit = told["face q15"]["b counted timer"]
    assert (fit["text"], fit["told"], fit["href"]) == ("does not fit", [BIG], "/session?session=6")


def test_a_board_that_only_the_lab_file_names_never_ran(bench: Any, tmp_path: Any) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text('[boards.desk]\nkind = "qemu_mps2_an386"\n')
    bench.run(bench.session(1, bench.cost(100)))
    never = read_matrix(bench.url, lab=lab).never
    assert {case.board for case in never} == {"desk"}
    assert ("fastgrnn_digits", "q15") in {(case.model, case.precision) for case in never}
    rows = grid(page(bench, "?columns=usual&show=never", lab)).rowData
    assert len(rows) == len(never) > 3
    assert {row["board"] for row in rows} == {"desk"}


def test_a_value_says_that_the_newest_session_failed(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)), bench.session(1, bench.cost(100), board="b"))
    bench.run(bench.session(2, error="hung"), bench.session(2, bench.cost(100), board="b"))
    cell = table(page(bench, "?metric=instructions"))["digits q15"]["qemu counted timer"]
    assert (cell["text"], cell["failed"], cell["age"]) == ("100", "failed", 1)
    assert cell["told"][0] == "run 2 failed: hung"


# choices


def test_one_board_has_its_metrics_beside_each_other_and_several_one_metric(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.flash(10)))
    assert [*table(page(bench))["qemu digits q15"]] == ["Instructions counted timer", "Flash B counted elf"]
    bench.run(bench.session(2, bench.cost(90), board="b"))
    assert [*table(page(bench))["digits q15"]] == ["b counted timer", "qemu counted timer"]
    assert [*table(page(bench, "?metric=flash_bytes"))["digits q15"]] == ["b", "qemu counted elf"]
    assert [*table(page(bench, "?columns=flash_bytes"))] == ["b digits q15", "qemu digits q15"]
    assert [*table(page(bench, "?board=b"))] == ["b digits q15"], "of one board there is one metric no more"


def test_rows_are_filtered_by_name_and_by_what_they_are(bench: Any) -> None:
    bench.run(*(bench.session(1, bench.cost(100), model=model) for model in ("a", "b", "c")))
    bench.run(
        bench.session(2, bench.cost(150), model="a"),
        bench.session(2, bench.cost(50), model="b"),
        bench.session(2, model="c", error="hung"),
    )
    names = ("model=b&model=c", "precision=q15")
    searches = ("show=worse", "show=better", "show=failed", "show=stale", *names)
    shown = {search: [name.split()[1] for name in table(page(bench, f"?{search}"))] for search in searches}
    assert shown == {
        "show=worse": ["a"],
        "show=better": ["b"],
        "show=failed": ["c"],
        "show=stale": ["c"],
        "model=b&model=c": ["b", "c"],
        "precision=q15": ["a", "b", "c"],
    }
    counted = [words(one) for one in nodes(page(bench)) if "pill" in str(getattr(one, "className", ""))]
    assert {"✗ 1 worse", "✓ 1 better", "! 1 failed", "◷ 1 not in the newest run"} <= set(counted)


def test_the_order_is_in_the_address(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    orders = {one["field"]: one.get("sort") for one in grid(page(bench, "?sort=value0.desc")).columnDefs}
    assert orders["value0"] == "desc"
    assert [order for order in orders.values() if order] == ["desc"]


@pytest.mark.parametrize(
    "choice",
    [
        MatrixChoice(),
        MatrixChoice(metric="latency_us", baseline="release 1&2", board=("a b",), show=Show.WORSE),
        MatrixChoice(columns=("accuracy", "flash_bytes"), model=("m",), precision=("q7",), coarse=True),
        MatrixChoice(roomy=True, sort="value2.desc", show=Show.NEVER),
    ],
)
def test_a_choice_survives_its_address(choice: MatrixChoice) -> None:
    assert parse_matrix(choice.href().removeprefix("/")) == choice


@pytest.mark.parametrize("search", ["?show=odd&sort=a;b&rows=9&ways=some", "?sort=value0.up", "?metric=%00"])
def test_an_odd_address_chooses_nothing(search: str) -> None:
    assert parse_matrix(search) == MatrixChoice()


def test_names_that_nothing_is_stored_of_are_told(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    told = page(bench, "?metric=odd&model=nobody&columns=none&board=qemu")
    assert "Ignored, as nothing is stored of it: nobody odd" in words(told)
    assert [*table(told)] == ["qemu digits q15"]


# what is kept


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_newest_values_cost_no_look_at_all_values_ever_stored(bench: Any, count: int) -> None:
    statement = selects.newest_values([metric.name for metric in MATRIX][:count])
    sql = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}).string
    with reading(bench.url) as connection:
        plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    of_measures = [line for line in plan if "measure" in line]
    assert of_measures
    assert all("session_id=?" in line for line in of_measures), plan


def test_who_waits_for_comparisons_leaves_the_server_threads_for_others(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (1, 2):
        bench.run(bench.session(day, bench.cost(day), bench.flash(day), bench.golden(1.0)))
    monkeypatch.setattr(matrix, "_PATIENCE_S", 0.0)
    go, at_work = Event(), Counter[str]()

    def slow(*given: Any, **named: Any) -> Any:
        at_work["now"] += 1
        at_work["most"] = max(at_work["most"], at_work["now"])
        assert go.wait(600)
        at_work["now"] -= 1
        return compare(*given, **named)

    monkeypatch.setattr(verdicts, "compare", slow)
    client = create_app(bench.url).server
    metrics = ("instructions", "flash_bytes", "golden_exact")
    asked = [f"columns={one}&show={show}" for one in metrics for show in ("all", "worse", "better")]

    def ask(query: str) -> str:
        return client.test_client().get(f"/content/?{query}&judged=1", base_url="http://127.0.0.1").text

    with ThreadPoolExecutor(len(asked) + 1) as people:
        answers = [people.submit(ask, query) for query in [*asked, asked[0]]]
        try:
            done = as_completed(answers, timeout=120)
            early = [next(done).result() for _ in range(len(answers) - PATIENT)]
        finally:
            go.set()
    assert all('"data-pending"' in text for text in early)
    assert not any("No row is such" in text for text in early)
    assert at_work["most"] <= AT_ONCE
    assert sum('"data-pending"' not in answer.result() for answer in answers) <= PATIENT
    deadline = monotonic() + 120
    while '"data-pending"' in ask(asked[0]):  # who asks again is given them
        assert monotonic() < deadline


def test_what_takes_long_is_found_once_and_comes_later() -> None:
    kept, go, asked = Keeper[int](2), Event(), []

    def find() -> int:
        asked.append("once")
        assert go.wait(60)
        return 7

    assert kept.soon("a", find, 0.0) is None
    assert kept.soon("a", find, 0.0) is None
    go.set()
    assert kept.get("a", find) == kept.soon("a", find, 60.0) == 7
    assert asked == ["once"]


def test_who_asks_for_much_at_once_is_told_later() -> None:
    kept, go, began = Keeper[int](99), Event(), []

    def find() -> int:
        began.append("one")
        assert go.wait(60)
        return 7

    assert [kept.soon(key, find, 0.0) for key in range(50)] == [None] * 50
    go.set()
    assert len(began) <= AT_ONCE
    assert [kept.get(key, find) for key in range(50)] == [7] * 50
    deadline = monotonic() + 60
    while kept.soon(50, find, 60.0) is None:
        assert monotonic() < deadline


def test_what_no_thread_can_be_had_for_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    assert Keeper[int](2).soon("a", lambda: 7, 60.0) == 7


def test_what_could_not_be_found_is_told_and_looked_for_again() -> None:
    kept = Keeper[int](2)

    def fails() -> int:
        raise StoreError("it is locked")

    with pytest.raises(HilError, match="it is locked"):
        kept.soon("a", fails, 60.0)
    with pytest.raises(HilError, match="it is locked"):
        kept.get("a", fails)
    assert kept.get("a", lambda: 3) == 3


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    kept = Keeper[int](2)
    for key, value in (("a", 1), ("b", 2), ("a", 9), ("c", 3)):
        kept.get(key, lambda value=value: value)
    assert [kept.get(key, lambda: 0) for key in ("a", "c", "b")] == [1, 3, 0]


def test_what_is_not_to_be_kept_is_found_again() -> None:
    kept = Keeper[int](2)
    found = [kept.get("a", lambda value=value: value, keeps=lambda one: one > 1) for value in (1, 2, 3)]
    assert found == [1, 2, 2]


def test_a_page_is_made_once_until_anything_is_stored(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(views, "matrix_page", lambda *told: made.append(matrix_page(*told)) or made[-1])
    bench.run(bench.session(1, bench.cost(100)))
    first, again = page(bench), page(bench)
    assert len(made) == 1
    assert [*table(first)] == [*table(again)]
    page(bench, "?rows=roomy")
    bench.run(bench.session(2, bench.cost(90)))
    assert table(page(bench))["qemu digits q15"]["Instructions counted timer"]["text"] == "90"
    assert len(made) == 3


@pytest.mark.parametrize("which", ["qemu_mps2_an386", "nucleo_f439zi"])
def test_a_page_tells_of_an_image_that_was_built_since_it_was_made(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr("hil.image.firmware_dir", lambda: tmp_path)
    built = tmp_path / "prebuilt" / which
    lab = tmp_path / "lab.toml"
    probe = '\nprobe = "A"\nserial = "/dev/ttyACM0"' if which == "nucleo_f439zi" else ""
    lab.write_text(f'[boards.desk]\nkind = "{which}"{probe}\n')
    bench.run(bench.session(1, bench.cost(100)))

    def never() -> list[str]:
        tables = [
            one for one in nodes(page(bench, "?columns=usual&show=never", lab)) if isinstance(one, AgGrid)
        ]
        return [row["model"] for table in tables for row in table.rowData]

    assert never() == []
    built.mkdir(parents=True)
    for place in range(2):
        (built / f"new{place}-q15.elf").touch()
        assert never() == [f"new{one}" for one in range(place + 1)]
