"""How boards fare: by what is stored, and by what the lab file says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hil.errors import LabError
from hil.measure.changes import LEAST_HISTORY
from hil.values import Measure, Method
from hil_dashboards.app import render
from hil_dashboards.reading.boards import INCIDENTS_MOST, State, _paces, read_boards
from hil_dashboards.reading.database import reading
from hil_db.records import Incident
from hil_db.store import Store

LAB = """
[boards.desk-1]
kind = "nucleo_f439zi"
probe = "A"
serial = "/dev/ttyACM0"
quarantine = { reason = "bent pin", since = 2026-11-26 }

[boards.desk-2]
kind = "nucleo_f439zi"
probe = "B"
serial = "/dev/ttyACM1"
"""


def reference(seconds: float) -> Measure:
    return Measure("reference_s", seconds, "s", Method.MEASURED, "host-clock")


def told(url: str, lab: Path | None = None) -> dict[str, tuple[State, str]]:
    return {one.name: (one.state, one.why) for one in read_boards(url, lab).boards}


def test_a_board_stands_as_its_newest_sessions_ended(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1), board="gone"), bench.session(1, bench.cost(1), board="good"))
    bench.run(
        bench.session(2, bench.cost(1), board="good"),
        bench.session(2, bench.cost(1), board="good", model="vowels"),
        bench.session(2, bench.cost(1), board="bad"),
        bench.session(2, board="bad", model="vowels", error="no frame"),
    )
    assert told(bench.url) == {
        "good": (State.RAN, "2 images finished"),
        "bad": (State.FAILED, "1 of 2 images did not finish"),
        "gone": (State.AWAY, "not in run 2"),
    }


def test_the_lab_file_tells_of_quarantine_and_of_boards_that_never_ran(bench: Any, tmp_path: Path) -> None:
    bench.run(bench.session(1, bench.cost(1)))
    lab = tmp_path / "lab.toml"
    lab.write_text(LAB)
    found = told(bench.url, lab)
    assert found["desk-1"] == (State.QUARANTINED, "since 2026-11-26: bent pin")
    assert found["desk-2"][0] is State.NEVER
    assert found["qemu"][0] is State.RAN
    page = str(render(bench.url, "here", "/boards", "", lab=lab))
    assert "bent pin" in page
    lab.write_text("boards = 5")
    with pytest.raises(LabError):
        read_boards(bench.url, lab)
    assert "lab.toml" in str(render(bench.url, "here", "/boards", "", lab=lab)), "a page says what is wrong"


def test_incidents_are_the_newest_first_and_counted_by_board(bench: Any) -> None:
    run = bench.run(bench.session(1, bench.cost(1)))
    times = [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (1, 2)]
    with Store.open(bench.url) as store:
        store.save_incidents(run, [Incident("qemu", "hang", "reset", time, "seen", 3.4) for time in times])
    data = read_boards(bench.url, None)
    assert [one.time for one in data.incidents] == times[::-1]
    assert [one.incidents for one in data.boards] == [2]


def test_incidents_of_one_board_do_not_hide_how_many_others_had(bench: Any) -> None:
    run = bench.run(bench.session(1, bench.cost(1)), bench.session(1, bench.cost(1), board="bad"))
    first = datetime(2026, 11, 1, tzinfo=UTC)
    befell = [Incident("qemu", "hang", "reset", first)]
    befell += [
        Incident("bad", "hang", "reset", first + timedelta(seconds=place + 1))
        for place in range(INCIDENTS_MOST + 5)
    ]
    with Store.open(bench.url) as store:
        store.save_incidents(run, befell)
    data = read_boards(bench.url, None)
    assert {one.name: one.incidents for one in data.boards} == {"qemu": 1, "bad": INCIDENTS_MOST + 5}
    assert len(data.incidents) == INCIDENTS_MOST


def test_a_pace_is_a_value_for_each_run_and_tells_when_it_changed(bench: Any) -> None:
    runs = LEAST_HISTORY + 4
    for day in range(1, runs + 1):
        level = 0.02 if day <= runs // 2 else 0.03
        sessions = [
            bench.session(day, reference(level + 1e-5 * (day % 3) + more), model=model)
            for model, more in (("a", 0.0), ("b", 2e-5), ("c", 5.0))  # the last is an outlier
        ]
        bench.run(*sessions)
    (one,) = read_boards(bench.url, None).boards
    assert one.pace is not None
    assert len(one.pace.seconds) == runs
    assert max(one.pace.seconds) < 0.04
    assert one.pace.changes is not None
    assert [one.pace.runs[change.index] for change in one.pace.changes] == [runs // 2 + 1]
    page = str(render(bench.url, "here", "/boards", ""))
    assert re.search(rf"\+(49\.9|50\.0) % since run {runs // 2 + 1}\b", page)


def test_a_short_pace_tells_nothing_yet(bench: Any) -> None:
    bench.run(bench.session(1, reference(0.02)))
    (one,) = read_boards(bench.url, None).boards
    assert one.pace is not None
    assert one.pace.changes is None
    assert f"1 of {LEAST_HISTORY} runs it takes" in str(render(bench.url, "here", "/boards", ""))


def test_a_pace_is_of_the_images_that_ran_last(bench: Any) -> None:
    took = (0.02, 9.0, 9.0, 0.02, 0.02, 0.03, 0.03, 0.03)  # two more than are looked at
    for day in (1, 2):
        bench.run(*(bench.session(day, reference(each), model=str(place)) for place, each in enumerate(took)))
    bench.run(bench.session(3, reference(0.04), model="0"))
    (one,) = read_boards(bench.url, None).boards
    assert one.pace is not None
    assert one.pace.seconds == pytest.approx((0.025, 0.025, 0.04))


def test_a_pace_costs_no_look_at_all_values_ever_stored(bench: Any) -> None:
    bench.run(bench.session(1, reference(0.02)))
    asked: list[tuple[str, Any]] = []
    with reading(bench.url) as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
            asked.append((statement, given))

        assert _paces(connection, {1})
        plan = [
            row[-1]
            for statement, given in asked[:]
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        ]
    of_measures = [line for line in plan if "measure" in line]
    assert of_measures
    assert all("session_id=?" in line for line in of_measures), plan


def test_without_results_the_page_says_so(bench: Any) -> None:
    assert "No results yet" in str(render(bench.url, "here", "/boards", ""))
