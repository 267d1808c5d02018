"""Two runs, images or sessions beside each other: what changed, what is behind it, what is not compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from component_tree import nodes, words
from hil.errors import StoreError
from hil.measure.memory import SymbolUse
from hil.measure.profile import ClassCost, FunctionClass, PathCost, Profile
from hil.models.vectors import load_vectors, vectors_path
from hil.values import Method, Precision, Samples
from hil_dashboards.app import render
from hil_dashboards.choices.compare import ALL, CompareChoice, parse_compare
from hil_dashboards.reading.compare import ImagesData, Nothing, RunsData, read_compare
from hil_db import baselines
from hil_db.baselines import Baseline
from hil_db.histories import Case
from hil_db.records import SessionRecord
from hil_db.store import Store

DIGITS = Case("qemu", "kind_a", "fastgrnn_digits", "q15")
OF_CASE = "&".join(f"{name}={held}" for name, held in DIGITS._asdict().items())
COUNT = 40


def session(bench: Any, day: int, slower: int = 0, **more: Any) -> SessionRecord:
    """One of the digits; ``slower`` cycles stand in one function, and bytes in its symbol."""
    told = {"model": "fastgrnn_digits", **more}
    record: SessionRecord = bench.session(
        day,
        bench.cost(1000 + slower),
        bench.flash(5000.0 + slower),
        bench.estimate(2000.0 + slower),
        bench.vectors(COUNT),
        profile=profile(slower),
        **told,
    )
    cycles = np.full(COUNT, 2000, np.uint32)
    cycles[: COUNT // 2] += 2 * slower
    cycles[7] += slower
    labels = load_vectors("fastgrnn_digits", Precision.Q15).labels
    assert labels is not None
    predicted = labels[:COUNT].astype(np.uint16)
    if slower:
        predicted[3] = (predicted[3] + 1) % 10
    path = vectors_path("fastgrnn_digits")
    assert record.manifest is not None
    sha = hashlib.sha256(f"{told} {slower}".encode()).hexdigest()
    return replace(
        record,
        manifest=replace(record.manifest, sha256=sha),
        vectors_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        samples=(
            Samples("latency_cycles", cycles, "cycles", Method.ESTIMATED, "cycle-model-1"),
            Samples("predicted", predicted, "1", Method.COUNTED, "labels"),
        ),
        symbols=(
            SymbolUse("weights", ".rodata", 3000, 0),
            SymbolUse("step", ".text", 2000 + slower, 0),
            *((SymbolUse("helper", ".text", 64, 0),) if slower else (SymbolUse("old", ".text", 32, 0),)),
        ),
    )


def profile(slower: int) -> Profile:
    own = 1500 + slower
    return Profile(
        "cycle-model-1",
        10,
        (PathCost(("run",), 10, 1000, 5000), PathCost(("run", "step"), 10, 9000, 10 * own)),
        (ClassCost("alu", 1000, 5000), ClassCost("load", 9000, 10 * own)),
        (FunctionClass("run", "alu", 5000), FunctionClass("step", "load", 10 * own)),
    )


@pytest.fixture
def two(bench: Any) -> Any:
    """In the second the digits are slower, one image failed, one is new and one is gone."""
    bench.run(
        session(bench, 1),
        bench.session(1, bench.cost(500), model="gone"),
        bench.session(1, bench.cost(500), model="broken"),
        bench.session(1, bench.cost(500, "timer"), model="other"),
        git_branch="main",
    )
    bench.run(
        session(bench, 2, 200),
        bench.session(2, bench.cost(500), model="fresh"),
        bench.session(2, model="broken", error="no frame in 2.0 s"),
        bench.session(2, bench.cost(500, "plugin"), model="other", board="qemu"),
        git_branch="main",
    )
    return bench


def page(url: str, query: str = "") -> str:
    return words(render(url, "here", "/compare", query))


def rows(url: str, query: str = "", place: int = 0) -> list[dict[str, Any]]:
    """Those of one of the page's grids, be it drawn at once or later."""
    grids = []
    for node in nodes(render(url, "here", "/compare", query)):
        told = node.to_plotly_json()["props"]
        if "rowData" in told:
            grids.append(told["rowData"])
        elif "rowData" in (later := told.get("data-deferred", "")):
            grids.append(json.loads(later)["props"]["rowData"])
    return list(grids[place])


def of(url: str, query: str) -> RunsData | ImagesData | Nothing:
    return read_compare(url, parse_compare(query))


@pytest.mark.parametrize(
    "choice",
    [
        CompareChoice(),
        CompareChoice(1, 2, show=ALL, metric="flash_bytes", boards=("a&b", "c")),
        CompareChoice(1, 2, Case("a b", "k", "m#é", "q7"), vectors="latency_us"),
        CompareChoice(first=3, second=4),
        CompareChoice(baseline="release 1"),
    ],
)
def test_a_choice_is_in_its_address(choice: CompareChoice) -> None:
    assert parse_compare(choice.href().partition("?")[2]) == choice
    assert choice.swapped().swapped() == replace(choice, baseline=None)


def test_the_newest_run_is_compared_with_the_one_before_the_worst_first(two: Any) -> None:
    found = [(row["word"], row["name"], row["metric"]) for row in rows(two.url)]
    assert found == [
        ("worse", "fastgrnn_digits q15", "Instructions"),
        ("worse", "fastgrnn_digits q15", "Cycles"),
        ("worse", "fastgrnn_digits q15", "Flash"),
        ("no data", "broken q15", "all"),
        ("no data", "gone q15", "all"),
        ("not comparable", "other q15", "Instructions"),
        ("new", "fresh q15", "all"),
    ]
    told = {(row["name"], row["metric"]): row for row in rows(two.url)}
    assert told["fastgrnn_digits q15", "Instructions"]["change"]["text"] == "+20 %"
    assert told["other q15", "Instructions"]["change"] is None
    assert "by timer before" in told["other q15", "Instructions"]["reason"]
    assert told["gone q15", "all"]["reason"] == "was not run this time"
    assert "no frame in 2.0 s" in told["broken q15", "all"]["reason"]
    assert told["fresh q15", "all"]["reason"] == "was not in run 1"
    assert "5 images: 1 regression" in page(two.url)


def test_the_verdicts_may_be_chosen_by_outcome_metric_and_board(two: Any) -> None:
    assert {row["word"] for row in rows(two.url, "show=regression")} == {"worse"}
    assert [row["word"] for row in rows(two.url, "show=unchanged")] == ["unchanged"]
    assert [row["metric"] for row in rows(two.url, "metric=flash_bytes")] == ["Flash"]
    assert len(rows(two.url, "show=all")) == len(rows(two.url)) + 1
    assert "Ignored, as nothing of it is compared: elsewhere, no_such." in page(
        two.url, "board=elsewhere&metric=no_such"
    )
    assert rows(two.url, "board=elsewhere") == rows(two.url)
    assert "Nothing to show" in page(two.url, "show=improvement")
    assert rows(two.url, "show=no+such") == rows(two.url)


def test_a_change_whose_noise_is_not_known_is_told_as_not_judged(bench: Any) -> None:
    for day, seconds in ((1, 2.0), (2, 2.5)):
        bench.run(bench.session(day, bench.stream(seconds)))
    assert "Nothing to show" in page(bench.url)
    (row,) = rows(bench.url, "show=not+judged")
    assert (row["sign"], row["word"], row["change"]["text"]) == ("?", "not judged", "+25 %")
    assert "Nothing to show" in page(bench.url, "show=no+data")


def test_two_runs_are_chosen_and_swapped(two: Any) -> None:
    data = of(two.url, "before=2&after=1")
    assert isinstance(data, RunsData)
    assert (data.now and data.now.id, data.before and data.before.id) == (1, 2)
    better = rows(two.url, "before=2&after=1&show=improvement")
    assert [row["change"]["text"] for row in better] == ["−16.7 %", "−9.09 %", "−3.85 %"]


def test_a_named_baseline_is_what_is_compared_with(two: Any) -> None:
    third = two.run(two.session(3, two.cost(900), model="other"))
    data = of(two.url, "after=1")
    assert isinstance(data, RunsData)
    assert data.now is not None
    with Store.open(two.url) as store:
        baselines.add(store, Baseline("release", data.now.uid or "", "ann", data.now.started, "what we ship"))
    assert third == 3
    for query in ("", "baseline=release"):
        data = of(two.url, query)
        assert isinstance(data, RunsData)
        assert (data.now and data.now.id, data.before and data.before.id) == (3, 1)


def test_what_makes_no_sense_is_told_in_a_line(two: Any) -> None:
    told = page(two.url, "before=77&after=99")
    assert "There is no run 77." in told
    assert "There is no run 99." in told
    assert "Run 2 is not compared with itself." in page(two.url, "before=2&after=2")
    assert "No run is called 'nightly'." in page(two.url, "baseline=nightly")
    assert "There is no session 99" in page(two.url, "first=1&second=99")
    assert "Neither run 2 nor run 1 has a session of nowhere" in page(
        two.url, OF_CASE.replace("qemu", "nowhere")
    )
    assert "has no session" not in page(two.url, "first=-1&second=" + quote("'; DROP TABLE run"))


def test_the_first_run_alone_and_none_at_all(bench: Any) -> None:
    assert "no results" in page(bench.url).lower()
    bench.run(bench.session(1, bench.cost(1000)))
    assert "Nothing to compare with yet" in page(bench.url)
    assert "Nothing to compare with yet" in page(bench.url, OF_CASE)


def test_an_image_is_told_with_all_that_is_behind_it(two: Any) -> None:
    query = f"before=1&after=2&{OF_CASE}"
    told = page(two.url, query)
    assert "fastgrnn_digits q15, before and now" in told
    assert "step 1,500 → 1,700 cycles an inference" in told
    assert "Flash of all symbols: 5,032 → 5,264 B (+232 B); symbols: 1 grew, 1 new, 1 gone." in told
    assert "20 of 40 vectors changed" in told
    sessions, metrics, vectors, classes, symbols, functions = (rows(two.url, query, at) for at in range(6))
    assert [row["run"] for row in sessions] == ["1", "2"]
    assert [(row["metric"], row["change"]["text"]) for row in metrics if row["word"] == "worse"] == [
        ("Instructions", "+20 %"),
        ("Cycles", "+10 %"),
        ("Flash", "+4 %"),
    ]
    assert metrics[0]["series"] == (
        "/series?metric=instructions&model=fastgrnn_digits&board=qemu&precision=q15"
    )
    assert (vectors[0]["vector"]["number"], vectors[0]["change"]["text"]) == (7, "+600 (+30 %)")
    assert [(row["vector"]["number"], row["became"]) for row in classes] == [(3, "became wrong")]
    assert [(row["symbol"], row["word"], row["change"]["text"]) for row in symbols] == [
        ("step", "grew", "+200 B (+10 %)"),
        ("helper", "new", "+64 B"),
        ("old", "gone", "−32 B"),
    ]
    assert [(row["function"], row["word"], row["class"]) for row in functions] == [
        ("step", "more", "load +200"),
        ("run", "same", ""),
    ]


def test_an_image_that_one_run_has_alone_says_why_nothing_is_compared(two: Any) -> None:
    for model, why in (("gone", "was not run this time"), ("fresh", "was not in run 1")):
        told = page(two.url, f"before=1&after=2&{OF_CASE.replace('fastgrnn_digits', model)}")
        assert "Not compared" in told
        assert why in told


def test_sessions_of_two_models_are_shown_side_by_side_with_what_the_rules_forbid(two: Any) -> None:
    data = of(two.url, "first=1&second=2")
    assert isinstance(data, ImagesData)
    told = page(two.url, "first=1&second=2")
    assert "gone q15 against fastgrnn_digits q15" in told
    (instructions,) = [row for row in rows(two.url, "first=1&second=2", 1) if row["metric"] == "Instructions"]
    assert (instructions["word"], instructions["change"]) == ("not comparable", None)
    assert instructions["reason"] == "over other vectors"
    assert (instructions["before"]["text"], instructions["now"]["text"]) == ("1,000", "500")


def test_profiles_over_other_vectors_stand_beside_each_other(two: Any) -> None:
    other = session(two, 3, 100, board="desk")
    two.run(replace(other, vectors_sha256="d" * 64))
    told = page(two.url, "first=1&second=9")
    assert "fastgrnn_digits q15 on desk against fastgrnn_digits q15 on qemu" in told
    assert "Not compared: over other vectors." in told
    assert "Before: 2,000 cycles an inference" in told
    assert "Now: 2,100 cycles an inference" in told
    assert "They ran other vectors." in told
    assert "Cycles: not compared, over other vectors." in told


def test_what_is_stored_of_one_side_alone_is_told(two: Any) -> None:
    two.change("UPDATE image SET symbols = NULL WHERE id = (SELECT image_id FROM session WHERE id = 1)")
    for table in ("profile_path", "profile_class", "profile"):
        two.change(f"DELETE FROM {table} WHERE session_id = 1")
    two.change("DELETE FROM sample WHERE session_id = 1")
    told = page(two.url, f"before=1&after=2&{OF_CASE}")
    assert "The symbols of the image before are not stored" in told
    assert "No profile of the session before is stored" in told
    assert "No values of single vectors are stored of both." in told
    assert "The classes of single vectors are not stored of both." in told


def test_a_damaged_blob_is_an_error_with_its_evidence(two: Any) -> None:
    two.change("UPDATE sample SET blob = x'00' WHERE session_id = 1 AND metric = 'predicted'")
    told = page(two.url, f"before=1&after=2&{OF_CASE}")
    assert "blob of predicted in" in told
    assert "is damaged" in told


@pytest.mark.parametrize("column", ["git_branch", "git_commit", "uid", "host", "origin"])
def test_a_run_whose_texts_are_none_is_damage_with_its_evidence(two: Any, column: str) -> None:
    two.change(f"UPDATE run SET {column} = x'00ff' WHERE id = 2")
    for query in ("", "before=1&after=2", "first=1&second=5"):
        with pytest.raises(StoreError, match="run 2"):
            read_compare(two.url, parse_compare(query))
