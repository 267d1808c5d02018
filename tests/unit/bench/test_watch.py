"""What of a run works, has ended or waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hil.bench.attempt import Outcome
from hil.bench.ending import Ended as Signalled
from hil.bench.plan import Case
from hil.bench.progress import Bar
from hil.bench.watch import Doing, Watch
from hil.errors import ProbeError, TooLargeError
from hil.lab.file import load_lab
from hil_db.progress import Ended, Mishap, Working
from hil_db.records import Incident

NOW = datetime(2026, 11, 24, 3, 0, 7, tzinfo=UTC)
FIVE = timedelta(seconds=5)


def too_large() -> TooLargeError:
    found = TooLargeError("it is too large")
    found.over_bytes = 12 * 1024
    return found


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    monkeypatch.chdir(tmp_path)  # no lab file is found here
    (board,) = load_lab(None).boards
    return [Case(board, Path(f"m-{one}.elf")) for one in ("f32", "q15", "q7")]


@pytest.fixture
def doing() -> dict[str, Doing]:
    return {}


@pytest.fixture
def watch(cases: list[Case], doing: dict[str, Doing]) -> Watch[str]:
    return Watch(dict(zip("abc", cases, strict=True)), lambda: doing, lambda: {"qemu": 2}, lambda case: 30)


def outcome(case: Case, error: BaseException | None = None) -> Outcome:
    return Outcome(case, NOW, NOW + FIVE, error=error)


def test_at_first_everything_waits(watch: Watch[str]) -> None:
    found = watch.look()
    assert [one.told for one in found.plan] == ["qemu m/f32", "qemu m/q15", "qemu m/q7"]
    assert (found.boards, found.working, found.ended) == ({"qemu": 2}, (), ())
    assert found.vectors == (30, 30, 30)


def test_what_works_is_told_with_what_befell_it(watch: Watch[str], doing: dict[str, Doing]) -> None:
    bar = Bar("qemu m/q15")
    bar(12, 540)
    bar.also("energy, 1 to go")
    doing["b"] = Doing(bar, None, True, [Incident("qemu", "started again", "reset", NOW)])
    (one,) = watch.look().working
    assert replace(one, seconds=0, streaming_s=0) == Working(1, 12, 540, 0, 0, "energy, 1 to go", True)
    assert 0 <= one.streaming_s <= one.seconds
    assert watch.look().mishaps == (Mishap("qemu", "started again", "reset"),)


def test_what_has_ended_is_told_before_it_is_recorded(
    watch: Watch[str], doing: dict[str, Doing], cases: list[Case]
) -> None:
    doing["b"] = Doing(Bar("qemu m/q15"), outcome(cases[1]))
    watch.ended("a", outcome(cases[0], ProbeError("gone").at("qemu")))
    found = watch.look()
    assert set(found.ended) == {Ended(0, 5.0, "failed", "qemu: gone"), Ended(1, 5.0, "finished")}
    assert found.working == ()


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (Signalled("interrupted by Ctrl-C"), "interrupted", "Ended: interrupted by Ctrl-C"),
        (ValueError("no"), "failed", "ValueError: no"),
        (too_large(), "failed", "does not fit, by 12 KB"),
    ],
)
def test_how_it_ended(
    watch: Watch[str], cases: list[Case], error: BaseException, status: str, told: str
) -> None:
    watch.ended("a", outcome(cases[0], error))
    assert watch.look().ended == (Ended(0, 5.0, status, told),)


def test_a_test_that_fails_fails_what_it_measured(watch: Watch[str], cases: list[Case]) -> None:
    watch.ended("a", outcome(cases[0]))
    watch.ended("b", outcome(cases[1], ProbeError("gone")))
    for key in "abz":
        watch.failed(key, "AssertionError: wrong")
    assert watch.look().ended == (
        Ended(0, 5.0, "failed", "AssertionError: wrong"),
        Ended(1, 5.0, "failed", "gone"),
    )


def test_what_nobody_wants_any_more_is_skipped(watch: Watch[str], cases: list[Case]) -> None:
    watch.ended("a", outcome(cases[0]))
    for key in "abz":
        watch.skipped(key)
    assert watch.look().ended == (Ended(0, 5.0, "finished"), Ended(1, 0.0, "skipped"))


def test_what_is_measured_again_has_not_ended(
    watch: Watch[str], cases: list[Case], doing: dict[str, Doing]
) -> None:
    watch.ended("a", outcome(cases[0]))
    doing["a"] = Doing(Bar("qemu m/f32"))
    found = watch.look()
    assert ([one.place for one in found.working], found.ended) == ([0], ())


def test_what_nobody_had_planned_joins_the_plan(watch: Watch[str], cases: list[Case]) -> None:
    watch.begin("z", cases[2])
    watch.ended("z", outcome(cases[2]))
    found = watch.look()
    assert (len(found.plan), found.ended) == (4, (Ended(3, 5.0, "finished"),))
    assert len(found.vectors) == 4
