"""What is kept of the newest sessions and values is what the rows say, whatever order they come in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from hil.measure.profile import Profile
from hil.values import Measure, Method
from hil_db import newest
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.schema import NEWEST_SESSION, NEWEST_VALUE, SESSION
from hil_db.store import Store
from hil_db.transfer import copy_runs
from postgres_server import running_server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    if request.param == "sqlite":
        yield url
        return
    with running_server() as server:
        yield server.new_database()


def kept(engine: Engine) -> list[set[tuple[object, ...]]]:
    with engine.connect() as connection:
        return [
            {tuple(row) for row in connection.execute(select(table))}
            for table in (NEWEST_SESSION, NEWEST_VALUE)
        ]


def of_runs(engine: Engine) -> dict[int, int]:
    with engine.connect() as connection:
        return {row.id: row.run_id for row in connection.execute(select(SESSION.c.id, SESSION.c.run_id))}


def test_the_newest_are_what_the_rows_say(
    store: Store, info: RunInfo, record: SessionRecord, profile: Profile, tmp_path: Path
) -> None:
    chosen = random.Random(7)
    for number in range(6):
        trial = "hil bisect v1 main --model m --metric accuracy"
        run = store.begin_run(info if number % 3 else replace(info, command=trial))
        for _ in range(6):
            metrics = chosen.sample(["vectors", "accuracy", "instructions"], chosen.randrange(4))
            measures = [
                Measure(metric, chosen.randrange(1, 540), "1", Method.COUNTED, technique)
                for metric in metrics
                for technique in ("a", "b")
            ]
            store.save_session(
                run,
                replace(
                    record,
                    board=chosen.choice(["qemu", "nucleo-1"]),
                    started=record.started + timedelta(hours=chosen.randrange(6)),
                    status=chosen.choice([Status.FINISHED, Status.FINISHED, Status.FAILED]),
                    measures=tuple(measures),
                    profile=profile if chosen.random() < 0.1 else None,
                ),
            )
    noted = kept(store.engine)
    assert all(noted)
    trials = {session for session, number in of_runs(store.engine).items() if number in (1, 4)}
    assert not trials & {row[5] for row in noted[0]}
    with store.engine.begin() as connection:
        newest.rebuild(connection)
    assert kept(store.engine) == noted
    with Store.open(f"sqlite:///{tmp_path}/copy.db") as target:
        copy_runs(store, target)
        copied = kept(target.engine)
        with target.engine.begin() as connection:
            newest.rebuild(connection)
        assert kept(target.engine) == copied
    assert [len(table) for table in copied] == [len(table) for table in noted]
