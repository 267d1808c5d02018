"""A run in progress tells the database how far it is, and measures on when that refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hil.bench.telling import Telling
from hil_db.histories import Case
from hil_db.progress import Ended, Progress, Told, read
from hil_db.records import RunInfo
from hil_db.store import Store

PLAN = (Case("qemu", "qemu_mps2_an386", "m", "q15"),)
INFO = RunInfo(datetime(2026, 11, 24, 3, tzinfo=UTC), "pytest --board=all", uid="a" * 32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        yield opened


def told(store: Store) -> list[Told]:
    with store.engine.connect() as connection:
        return read(connection)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_is_told_again_and_again_until_the_run_ends(store: Store) -> None:
    ended: list[Ended] = []
    telling = Telling(store.url, INFO, lambda: Progress(PLAN, {}, (), tuple(ended)), 0.01)
    telling.begin()
    until(lambda: [one.progress.ended for one in told(store)] == [()])
    ended.append(Ended(0, 1.0, "finished"))
    until(lambda: [len(one.progress.ended) for one in told(store)] == [1])
    telling.close()
    assert (told(store), telling.refused) == ([], None)


def test_it_looks_in_a_thread_of_its_own(store: Store) -> None:
    seen: list[threading.Thread] = []

    def look() -> Progress:
        seen.append(threading.current_thread())
        return Progress(PLAN)

    telling = Telling(store.url, INFO, look, 0.01)
    telling.begin()
    until(lambda: bool(seen))
    telling.close()
    assert threading.main_thread() not in seen
    assert not any(one.is_alive() for one in seen)


def test_a_refusal_is_kept_until_the_database_takes_it_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil_db.progress.BUSY_S", 0.05)
    telling = Telling(store.url, INFO, lambda: Progress(PLAN), 0.01)
    with store.writing():
        telling.begin()
        until(lambda: telling.refused is not None)
    until(lambda: telling.refused is None)
    telling.close()
    assert told(store) == []


def test_a_database_that_is_gone_is_a_refusal(tmp_path: Path, store: Store) -> None:
    url = store.url.set(database=str(tmp_path / "gone" / "results.db"))
    telling = Telling(url, INFO, lambda: Progress(PLAN))
    telling.begin()
    telling.close()
    assert telling.refused is not None
    assert not (tmp_path / "gone").exists()


def test_a_system_without_threads_only_keeps_it_from_being_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    telling = Telling(store.url, INFO, lambda: Progress(PLAN))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        telling.begin()
    telling.close()
    assert telling.refused is not None


def test_where_few_files_may_be_open_nothing_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.bench.telling.crowded", lambda: True)
    telling = Telling(store.url, INFO, lambda: Progress(PLAN))
    before = threading.active_count()
    telling.begin()
    assert threading.active_count() == before
    telling.close()
    assert telling.refused is None
