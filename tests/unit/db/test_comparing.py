"""A run against another, as it is stored: what came out, and what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, update

from hil.errors import StoreError
from hil.measure.verdicts import Outcome, Verdict
from hil.measure.why import Part
from hil.metrics import LATENCY_CYCLES, LATENCY_US, REFERENCE_S
from hil.thresholds import Thresholds, load_thresholds
from hil.values import Measure, Method
from hil_db import codec
from hil_db.comparing import Compared, Comparison, compare, compare_sessions, outcome_of
from hil_db.explaining import Why, explain
from hil_db.histories import Case
from hil_db.incoming import import_database
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.references import baseline_run, checked_run, run_id
from hil_db.schema import IMAGE, MEASURE, PROFILE, PROFILE_CLASS, PROFILE_PATH, SAMPLE
from hil_db.store import Store
from postgres_server import running_server
from seeded import KIND, Planted, Seeded, make

RUNS = 40
LAST = RUNS - 1
SLOWER = Planted(
    LAST, "latency_cycles", 1.5, model="fastgrnn_model_01", precision="q15", function="vec_scale"
)
LARGER = Planted(LAST, "flash_bytes", 1.25, model="fastgrnn_model_00", precision="q7", function="tanh_table")
WRONGER = Planted(LAST, "accuracy", 0.9, model="fastgrnn_model_00", precision="q15")
LONGER = Planted(LAST - 9, "stream_s", 1.5, model="fastgrnn_model_00", precision="f32")
WANTED = Seeded(RUNS, 6, vectors=20, profiled=3, rebuilt=50, planted=(SLOWER, LARGER, WRONGER, LONGER))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('seeded')}/results.db"
        make(url, WANTED)
        yield url
        return
    with running_server() as server:
        url = server.new_database()
        make(url, WANTED)
        yield url


def compared(
    url: str,
    before: str = "latest",
    now: str = "latest",
    thresholds: Thresholds | None = None,
    only: Case | None = None,
) -> tuple[Comparison, dict[Case, tuple[Why, ...]]]:
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        run = checked_run(connection, now, store.url)
        baseline = baseline_run(connection, before, store.url, run)
        found = compare(connection, run, baseline, thresholds or Thresholds(), store.url, only)
        return found, explain(connection, found, store.url)


def case(model: str, precision: str) -> Case:
    return Case("qemu", KIND, model, precision)


def of(found: Comparison, wanted: Case) -> Compared:
    return next(one for one in found.cases if one.case == wanted)


def on(one: Compared, metric: str) -> Verdict:
    return next(verdict for verdict in one.verdicts if verdict.metric.name == metric)


def test_what_was_planted_is_found_and_nothing_else(seeded: str) -> None:
    found, _ = compared(seeded)
    assert (found.now.id, found.before.id) == (RUNS, RUNS - 1)
    changed = {
        (one.case.model, one.case.precision, verdict.metric.name)
        for one in found.cases
        for verdict in one.verdicts
        if outcome_of(verdict) not in (Outcome.UNCHANGED, Outcome.NO_DATA)
    }
    assert changed == {(one.model, one.precision, one.metric) for one in (SLOWER, LARGER, WRONGER)}
    assert found.count(Outcome.REGRESSION) == 3
    assert found.count(Outcome.UNCHANGED) == 3


def test_a_noisy_metric_is_told_by_the_change_points_between(seeded: str) -> None:
    slow = case("fastgrnn_model_00", "f32")
    before = on(of(compared(seeded, "25", only=slow)[0], slow), "stream_s")
    assert before.outcome is Outcome.REGRESSION
    assert before.share == pytest.approx(0.5, abs=0.05)
    assert "runs ago" in before.reason
    since = on(of(compared(seeded, str(RUNS - 5))[0], slow), "stream_s")
    assert since.outcome is Outcome.UNCHANGED


def test_only_one_case_is_the_same_case(seeded: str) -> None:
    wanted = case("fastgrnn_model_01", "q15")
    whole, (alone,) = of(compared(seeded)[0], wanted), compared(seeded, only=wanted)[0].cases
    told = [[(v.metric.name, v.outcome, v.share, v.reason) for v in one.verdicts] for one in (whole, alone)]
    assert told[0] == told[1]


def of_sessions(url: str, now: int, before: int) -> Comparison | None:
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        return compare_sessions(connection, now, before, Thresholds(), store.url)


def test_two_sessions_of_a_case_are_compared_as_their_runs_are(seeded: str) -> None:
    one = of(compared(seeded, "25")[0], case("fastgrnn_model_00", "f32"))
    assert one.now is not None
    assert one.before is not None
    found = of_sessions(seeded, one.now.session, one.before.session)
    assert found is not None
    assert (found.now.id, found.before and found.before.id) == (RUNS, 25)
    told = [
        [(v.metric.name, v.outcome, v.share, v.reason) for v in held.verdicts] for held in (*found.cases, one)
    ]
    assert told[0] == told[1]


def test_of_other_precisions_is_compared_what_the_rules_let_be(seeded: str) -> None:
    first = [of(compared(seeded)[0], case("fastgrnn_model_01", one)).now for one in ("f32", "q7")]
    assert first[0] is not None
    assert first[1] is not None
    found = of_sessions(seeded, first[1].session, first[0].session)
    assert found is not None
    (one,) = found.cases
    assert one.note is None
    flash, golden, stream = (on(one, name) for name in ("flash_bytes", "golden_exact", "stream_s"))
    assert flash.outcome is Outcome.REGRESSION
    assert flash.share == pytest.approx(2_000 / 30_000)
    assert golden.outcome is Outcome.NOT_COMPARABLE
    assert "bit-exact now, counted by within-1e-4 before" in golden.reason
    assert stream.outcome is Outcome.NO_DATA
    assert "noise is not known" in stream.reason
    assert of_sessions(seeded, first[1].session, 10**8) is None


def test_functions_symbols_and_vectors_are_behind_it(seeded: str) -> None:
    _, reasons = compared(seeded)
    (slower,) = reasons[case("fastgrnn_model_01", "q15")]
    assert (slower.metric, slower.unit, slower.parts[0].name) == ("latency_cycles", "cycles", "vec_scale")
    assert slower.parts[0].more == pytest.approx(sum(part.more for part in slower.parts))
    assert slower.classes[0].name == "multiply"
    (larger,) = reasons[case("fastgrnn_model_00", "q7")]
    assert larger.parts == (Part("tanh_table", 520, 520 + larger.parts[0].more),)
    (wronger,) = reasons[case("fastgrnn_model_00", "q15")]
    assert [one.vector for one in wronger.turned] == [0, 1]


def test_what_a_threshold_allows_is_unchanged(seeded: str, tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text('[[verdicts.threshold]]\nmetric = "flash_bytes"\nallow = "30 %"\n')
    found, reasons = compared(seeded, thresholds=load_thresholds(lab, tmp_path))
    larger = of(found, case("fastgrnn_model_00", "q7"))
    assert larger.outcome is Outcome.UNCHANGED
    assert on(larger, "flash_bytes").tolerated
    assert larger.case not in reasons


def test_nothing_is_explained_by_what_is_not_stored(seeded: str) -> None:
    with Store.open(seeded) as store, store.engine.begin() as connection:
        for table in (PROFILE_PATH, PROFILE_CLASS, PROFILE, SAMPLE):
            connection.execute(delete(table))
        connection.execute(update(IMAGE).values(symbols=None))
    _, reasons = compared(seeded)
    notes = {one.note for whys in reasons.values() for one in whys}
    assert len(notes) == 3
    assert None not in notes


Add = Callable[..., int]


@pytest.fixture
def add(store: Store, info: RunInfo, record: SessionRecord) -> Add:
    count = 0

    def one(*records: SessionRecord, **about: object) -> int:
        nonlocal count
        count += 1
        run = store.begin_run(replace(info, started=info.started + timedelta(days=count), **about))  # type: ignore[arg-type]
        for session in records or (record,):
            store.save_session(run, session)
        store.finish_run(run, Status.FINISHED)
        return run

    return one


def test_sessions_that_failed_or_were_not_run(url: str, add: Add, record: SessionRecord) -> None:
    others = [replace(record, board=f"desk-{number}") for number in range(4)]
    add(record, *others[:2])
    broken = replace(others[1], status=Status.FAILED, error="the link failed", measures=(), samples=())
    add(record, broken, replace(others[2], status=Status.FINISHED))
    found, _ = compared(url)
    told = {one.case.board: (one.outcome, one.reason) for one in found.cases}
    assert told["qemu"] == (Outcome.UNCHANGED, None)
    assert told["desk-0"] == (Outcome.NO_DATA, "was not run this time")
    assert told["desk-1"] == (Outcome.NO_DATA, "its session failed: the link failed")
    assert told["desk-2"] == (Outcome.NEW, "was not in run 1")


def test_what_a_board_never_had_room_for_is_not_compared(url: str, add: Add, record: SessionRecord) -> None:
    unfit = replace(record, status=Status.FAILED, error="does not fit, by 12 KB: …", measures=(), samples=())
    fitting = [replace(record, board="desk-0"), replace(record, board="desk-1")]
    add(unfit, *fitting)
    add(unfit, replace(unfit, board="desk-0"), fitting[1], replace(unfit, board="desk-2"))
    told = {one.case.board: (one.outcome, one.reason) for one in compared(url)[0].cases}
    assert told == {
        "desk-0": (Outcome.NO_DATA, "its session failed: does not fit, by 12 KB: …"),
        "desk-1": (Outcome.UNCHANGED, None),
    }


def test_of_several_sessions_the_last_that_finished_counts(url: str, add: Add, record: SessionRecord) -> None:
    def of_value(value: float, status: Status = Status.FINISHED) -> SessionRecord:
        first = replace(record.measures[0], value=value)
        return replace(record, measures=(first,), samples=(), status=status)

    add(of_value(0.5))
    add(of_value(0.9), of_value(0.5), of_value(0.1, Status.FAILED))
    (one,) = compared(url)[0].cases
    assert on(one, "accuracy").outcome is Outcome.UNCHANGED


def test_the_history_is_that_of_the_two_branches(url: str, add: Add, record: SessionRecord) -> None:
    def taking(seconds: float) -> SessionRecord:
        return replace(record, measures=(replace(record.measures[2], value=seconds),), samples=())

    for number in range(8):
        add(taking(5.0 + 0.01 * (number % 3)), git_branch="main")
        add(taking(90.0 + 30 * (number % 3)), git_branch="wild")
    add(taking(9.0), git_branch="topic")
    (one,) = compared(url, "main")[0].cases
    assert on(one, "stream_s").outcome is Outcome.REGRESSION
    (one,) = compared(url, "wild", "topic")[0].cases
    assert on(one, "stream_s").outcome is Outcome.UNCHANGED


def test_trials_of_old_commits_are_no_history(url: str, add: Add, record: SessionRecord) -> None:
    def taking(seconds: float) -> SessionRecord:
        return replace(record, measures=(replace(record.measures[2], value=seconds),), samples=())

    trial = {"command": "hil bisect v1 main --model m --metric stream_s", "git_branch": None}
    for number in range(8):
        add(taking(5.0 + 0.01 * (number % 3)), git_branch=None)
        add(taking(90.0 + 30 * (number % 3)), **trial)
    add(taking(9.0), git_branch=None)
    (one,) = compared(url)[0].cases
    assert on(one, "stream_s").outcome is Outcome.REGRESSION
    (one,) = compared(url, "2", "4")[0].cases  # trials may be compared by their numbers
    assert on(one, "stream_s").after is not None


def test_a_machine_that_got_slower_is_no_slower_image(url: str, add: Add, record: SessionRecord) -> None:
    def taking(seconds: float, slow: float) -> SessionRecord:
        stream = replace(record.measures[2], value=seconds * slow)
        reference = REFERENCE_S.measure(0.004 * slow, Method.MEASURED, "host-clock")
        return replace(record, measures=(stream, reference), samples=())

    for number in range(30):
        add(taking(5.0 + 0.01 * (number % 3), 1.0), git_branch="main")
    for number in range(6):
        add(taking(5.0 + 0.01 * (number % 3), 1.5), git_branch="main")
    (one,) = compared(url, "25")[0].cases
    assert on(one, "stream_s").outcome is Outcome.UNCHANGED
    for number in range(6):
        add(taking(8.0 + 0.01 * (number % 3), 1.5), git_branch="main")
    (one,) = compared(url, "25")[0].cases
    assert on(one, "stream_s").outcome is Outcome.REGRESSION
    assert on(one, "stream_s").share == pytest.approx(0.6, abs=0.01)


GOLDEN = Measure("golden_exact", 1.0, "1", Method.COUNTED, "bit-exact", 1 / 540)


def test_a_model_that_was_trained_anew_is_compared_over_the_same_vectors(
    url: str, add: Add, record: SessionRecord
) -> None:
    def trained(goldens: str, inputs: str | None, accuracy: float) -> SessionRecord:
        right = replace(record.measures[0], value=accuracy)
        measures = (right, *record.measures[1:], GOLDEN)
        return replace(record, vectors_sha256=goldens * 64, inputs_sha256=inputs, measures=measures)

    add(trained("1", None, 0.9))  # before inputs were told
    add(trained("1", "f" * 64, 0.9))
    add(trained("2", "f" * 64, 0.8))
    (one,) = compared(url, "2")[0].cases
    assert on(one, "accuracy").outcome is Outcome.REGRESSION
    assert on(one, "golden_exact").outcome is Outcome.UNCHANGED
    assert on(one, "instructions").outcome is Outcome.UNCHANGED
    assert one.note is not None
    assert "trained anew" in one.note
    (one,) = compared(url, "1", "2")[0].cases
    assert on(one, "accuracy").outcome is Outcome.UNCHANGED
    assert one.note is None
    (one,) = compared(url, "1", "3")[0].cases  # nothing tells that its inputs are the same
    assert on(one, "accuracy").outcome is Outcome.NOT_COMPARABLE
    add(trained("2", "e" * 64, 0.8))
    (one,) = compared(url, "2")[0].cases
    assert on(one, "accuracy").reason == "over other vectors"


def test_the_history_goes_on_over_what_was_trained_anew(url: str, add: Add, record: SessionRecord) -> None:
    def taking(seconds: float, goldens: str, inputs: str | None) -> SessionRecord:
        stream = replace(record.measures[2], value=seconds)
        over = {"vectors_sha256": goldens * 64, "inputs_sha256": inputs and inputs * 64}
        return replace(record, measures=(stream,), samples=(), **over)  # type: ignore[arg-type]

    over = (("1", None), ("1", "f"), ("2", "f"))  # before inputs were told, since then, trained anew
    for number in range(24):
        add(taking(5.0 + 0.01 * (number % 3), *over[number // 8]))
    for number in range(4):
        add(taking(9.0 + 0.01 * (number % 3), *over[2]))
    (one,) = compared(url, "18")[0].cases
    assert "runs ago" in on(one, "stream_s").reason, "28 runs are a long history"
    assert on(one, "stream_s").outcome is Outcome.REGRESSION


def lab(record: SessionRecord, seconds: float, probe: str | None = None) -> SessionRecord:
    return replace(
        record, measures=(*record.measures[:2], replace(record.measures[2], value=seconds)), probe=probe
    )


def test_an_imported_run_of_equal_board_names_is_another_labs(
    url: str, add: Add, record: SessionRecord, info: RunInfo, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.db"
    with Store.open(f"sqlite:///{theirs}") as store:
        run = store.begin_run(replace(info, host="far", git_branch="theirs"))
        store.save_session(run, lab(record, 50.0))
        store.finish_run(run, Status.FINISHED)
    for number in range(8):
        add(lab(record, 5.0 + 0.01 * (number % 3)))
    import_database(str(theirs), url)
    found, _ = compared(url, "theirs")
    (one,) = found.cases
    assert on(one, "instructions").outcome is Outcome.UNCHANGED, "what is exact is compared"
    assert on(one, "accuracy").outcome is Outcome.UNCHANGED
    assert on(one, "stream_s").outcome is Outcome.NOT_COMPARABLE
    assert on(one, "stream_s").reason == f"another lab: host bench-1 now, host far of {theirs} before"
    assert found.before is not None
    assert f"imported from {theirs}" in found.before.told
    # What is newest, and what a branch means, are own runs where there are some.
    with Store.open(f"sqlite:///{theirs}") as store:
        run = store.begin_run(
            replace(info, host="far", git_branch="main", started=info.started.replace(year=2030))
        )
        store.save_session(run, lab(record, 50.0))
        store.finish_run(run, Status.FINISHED)
    import_database(str(theirs), url)
    found, _ = compared(url, "7")
    assert found.now.origin is None
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        assert baseline_run(connection, "main", store.url).origin == str(theirs), (
            "nothing of ours is called so"
        )
        assert run_id(connection, "latest", store.url) == found.now.id
    # Own runs that came back, as from a backup, are no other lab's.
    mine = f"sqlite:///{tmp_path}/mine.db"
    import_database(url.removeprefix("sqlite:///"), mine, own=True)
    (one,) = compared(mine, "2", "8")[0].cases
    assert on(one, "stream_s").outcome is Outcome.UNCHANGED
    (one,) = compared(mine, "theirs", "8")[0].cases
    assert on(one, "stream_s").reason == f"another lab: host bench-1 now, host far of {theirs} before"


def test_what_another_board_of_the_name_measured_is_no_history(
    url: str, add: Add, record: SessionRecord
) -> None:
    for number in range(8):
        add(lab(record, 5.0 + 0.01 * (number % 3), "ours"))
        add(lab(record, 90.0 + 30 * (number % 3), "theirs"), host="far")
    add(lab(record, 9.0, "ours"))
    (one,) = compared(url, "15")[0].cases
    assert on(one, "stream_s").outcome is Outcome.REGRESSION
    (one,) = compared(url, "16")[0].cases
    assert (
        on(one, "stream_s").reason == "another board: probe ours on bench-1 now, probe theirs on far before"
    )
    assert on(one, "instructions").outcome is Outcome.UNCHANGED
    add(lab(record, 9.0, "ours"), host="new-name")  # the same board on another host is the same board
    (one,) = compared(url, "17")[0].cases
    assert on(one, "stream_s").outcome is Outcome.UNCHANGED


def costing(record: SessionRecord, cycles: list[float], image: int) -> SessionRecord:
    """A session of an image that takes these cycles, as a cycle model tells."""
    about = (Method.ESTIMATED, "cycle-model-2")
    assert record.manifest is not None
    return replace(
        record,
        manifest=replace(record.manifest, sha256=f"{image:064x}"),
        measures=(LATENCY_CYCLES.measure(float(np.median(cycles)), *about),),
        samples=(LATENCY_CYCLES.samples(np.array(cycles), *about),),
        profile=None,
    )


def test_an_exact_metric_is_compared_vector_by_vector(url: str, add: Add, record: SessionRecord) -> None:
    cycles = [1000.0 + 10 * place for place in range(20)]
    add(costing(record, cycles, 1))
    add(costing(record, [*cycles[:18], 4000.0, 5000.0], 2))
    verdict = on(compared(url)[0].cases[0], "latency_cycles")
    assert verdict.after == verdict.before, "the medians are equal"
    assert verdict.outcome is Outcome.REGRESSION
    assert verdict.reason.startswith("2 of 20 vectors changed")
    back = costing(record, [*cycles[:18], 4000.0, 5000.0], 3)
    add(replace(back, samples=(replace(back.samples[0], values=back.samples[0].values.astype(np.float32)),)))
    verdict = on(compared(url)[0].cases[0], "latency_cycles")
    assert (verdict.outcome, verdict.vectors) == (Outcome.UNCHANGED, None), (
        "packed otherwise, the same values"
    )


def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The blobs that are unpacked from now on."""
    seen: list[str] = []
    real = codec.unpack

    def unpack(*told: Any) -> np.ndarray:
        seen.append(told[-1])
        return real(*told)

    monkeypatch.setattr(codec, "unpack", unpack)
    return seen


def test_no_blob_is_unpacked_of_what_is_the_same(
    url: str, add: Add, record: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycles = [1000.0 + 10 * place for place in range(20)]
    for image in (1, 1, 2, 3):
        add(costing(record, cycles if image < 3 else [*cycles[:19], 9000.0], image))
    seen = unpacked(monkeypatch)
    compared(url, "1", "2")  # of the same image
    compared(url, "2", "3")  # of another, with the same values
    assert seen == []
    compared(url, "3", "4")
    assert len(seen) == 2


def measuring(record: SessionRecord, costs: np.ndarray, image: int, factor: float) -> SessionRecord:
    """A session of an image whose vectors cost this on a clock, as a whole ``factor`` times as much."""
    each = (costs * factor).astype(np.float32)
    about = (Method.MEASURED, "dwt")
    assert record.manifest is not None
    return replace(
        record,
        manifest=replace(record.manifest, sha256=f"{image:064x}"),
        measures=(LATENCY_US.measure(float(np.median(each)), *about),),
        samples=(LATENCY_US.samples(each, *about),),
        profile=None,
    )


@pytest.mark.parametrize("runs", [8, 40])
def test_a_measured_latency_is_compared_vector_by_vector(
    url: str, add: Add, record: SessionRecord, runs: int
) -> None:
    costs = np.random.default_rng(0).uniform(100, 5000, 60)
    random = np.random.default_rng(1)
    for _ in range(runs):
        add(measuring(record, costs, 1, random.lognormal(0, 0.002)))
    worse = np.where(np.arange(60) % 3 == 0, costs, costs * 1.04)  # two vectors of three
    add(measuring(record, worse, 2, random.lognormal(0, 0.002)))
    (one,) = compared(url)[0].cases
    verdict = on(one, "latency_us")
    assert verdict.outcome is Outcome.REGRESSION
    assert verdict.share == pytest.approx(0.04, abs=0.01)
    assert "vector by vector" in verdict.reason
    add(measuring(record, worse, 2, random.lognormal(0, 0.002)))
    (one,) = compared(url)[0].cases
    assert on(one, "latency_us").outcome is Outcome.UNCHANGED


def test_an_image_is_not_to_blame_for_what_its_board_does(url: str, add: Add, record: SessionRecord) -> None:
    costs = np.linspace(100, 5000, 60)
    for factor in (1.0, 1.001, 0.999, 1.0, 1.001, 0.999, 1.0, 1.3):
        add(measuring(record, costs, 1, factor))
    verdict = on(compared(url)[0].cases[0], "latency_us")
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert verdict.reason.startswith("+30.0% with the same image, so the board or its bench changed")


def test_a_damaged_blob_is_told_in_a_line(url: str, add: Add, store: Store, record: SessionRecord) -> None:
    for factor in (1.0, 1.1):
        add(measuring(record, np.linspace(100, 5000, 60), 1, factor))
    with store.engine.begin() as connection:
        connection.execute(update(SAMPLE).values(blob=b"none"))
    with pytest.raises(StoreError, match=r"a blob of latency_us in .* is damaged"):
        compared(url)


def test_what_is_stored_wrongly_is_told_in_a_line(url: str, add: Add, store: Store) -> None:
    add()
    add()
    with store.engine.begin() as connection:
        connection.execute(update(MEASURE).values(method="guessed"))
    with pytest.raises(StoreError, match=r"cannot be compared.*guessed"):
        compared(url)
