"""Pages while many ask: the same for all for a moment, and anew for whoever asks alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from hil_dashboards import app
from hil_dashboards.crowd import KEPT_S, MANY, Crowd
from hil_dashboards.serving.access import Person, Role
from hil_dashboards.views import Asked

PATIENCE_S = 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def among_many(crowd: Crowd, ask: Callable[[], str]) -> str:
    """What somebody is given while as many as there may be wait for pages of their own."""
    there, go = Barrier(MANY + 1), Event()

    def slow() -> str:
        there.wait(PATIENCE_S)
        go.wait(PATIENCE_S)
        return "another"

    with ThreadPoolExecutor(MANY) as others:
        for number in range(MANY):
            others.submit(crowd.page, f"other {number}", slow)
        there.wait(PATIENCE_S)
        try:
            return ask()
        finally:
            go.set()


def test_who_asks_alone_is_given_what_is_there_now(clock: Clock) -> None:
    crowd = Crowd(clock)
    assert [crowd.page("/", lambda text=text: text) for text in "ab"] == ["a", "b"]


def test_among_many_a_page_is_given_again_for_a_moment(clock: Clock) -> None:
    crowd = Crowd(clock)
    crowd.page("/", lambda: "before")
    clock.now += KEPT_S / 2
    assert among_many(crowd, lambda: crowd.page("/", lambda: "now")) == "before"
    assert (
        among_many(crowd, lambda: crowd.page("/series", lambda: "of another address")) == "of another address"
    )
    clock.now += KEPT_S
    assert among_many(crowd, lambda: crowd.page("/", lambda: "now")) == "now"


def test_what_somebody_decided_is_seen_at_once(clock: Clock) -> None:
    crowd = Crowd(clock)
    crowd.page("/", lambda: "before")
    crowd.forget()
    assert among_many(crowd, lambda: crowd.page("/", lambda: "decided")) == "decided"


def test_a_page_that_cannot_be_made_is_made_again(clock: Clock) -> None:
    crowd = Crowd(clock)

    def fails() -> str:
        raise ValueError("no page")

    with pytest.raises(ValueError, match="no page"):
        crowd.page("/", fails)
    assert among_many(crowd, lambda: crowd.page("/", lambda: "now")) == "now"


def test_pages_are_kept_within_bounds(clock: Clock) -> None:
    crowd = Crowd(clock)
    for number in range(300):
        crowd.page(number, lambda: "x" * (1 << 20))
    assert sum(len(one.text or "") for one in crowd._pages.values()) <= 34 << 20


def test_each_has_a_name_of_their_own_on_a_page_that_is_given_again(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    made: list[Person | None] = []

    def answer(path: str, asked: Asked) -> str:
        person = asked.person
        assert person is not None
        made.append(person)
        return json.dumps([person.name, person.guard])

    monkeypatch.setattr(app, "answer", answer)
    crowd = Crowd(clock)
    ann, bob = Person("ann", Role.READER, "1", True), Person('b"ö\\', Role.READER, "2", True)
    chief = Person("chief", Role.TRIAGE, "3", True)

    def page(person: Person) -> object:
        return json.loads(app.answered(crowd, "/", Asked(None, "here", "", person)))

    assert page(ann) == ["ann", "1"]
    assert among_many(crowd, lambda: json.dumps(page(bob))) == json.dumps(['b"ö\\', "2"])
    assert len(made) == 1, "given again"
    assert among_many(crowd, lambda: json.dumps(page(chief))) == json.dumps(["chief", "3"])
    assert len(made) == 2, "who may do more is given another page"
