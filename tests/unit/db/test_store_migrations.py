"""The migrations make what the schema says, all or nothing, and only in a database of our own."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, select, text
from sqlalchemy.exc import OperationalError

from hil.errors import StoreError
from hil_db import MIGRATIONS, engine
from hil_db.migrate import REVISIONS, upgrade
from hil_db.schema import MEASURE, METADATA, RUN, SESSION, VERSION_TABLE
from hil_db.scripts import config, run_back, run_to_head
from hil_db.store import Store

BREAKS = """
import sqlalchemy as sa
from alembic import op

revision = "broken"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("extra", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("run", sa.Column("note", sa.Text(), nullable=True))
    op.execute("UPDATE run SET command = 'lost'")
    op.execute("INSERT INTO no_such_table VALUES (1)")
"""


def dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as raw:
        return list(raw.iterdump())


def rows(path: Path, uids: bool) -> list[str]:
    """What the file's tables hold."""
    lines = sorted(line for line in dump(path) if line.startswith("INSERT"))
    return lines if uids else [re.sub(r"'[0-9a-f]{32}'", "UID", line) for line in lines]


def migrated(url: str) -> Engine:
    """An empty database that every script has run on, one after the other."""
    writer = engine.writer(engine.parse(url))
    with writer.begin() as connection:
        run_to_head(connection)
    return writer


@pytest.mark.parametrize("made_by", ["scripts", "schema"])
def test_the_migrations_make_what_the_schema_says(url: str, made_by: str) -> None:
    if made_by == "schema":
        Store.open(url).engine.dispose()
    made = migrated(url) if made_by == "scripts" else engine.writer(engine.parse(url))
    with made.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_heads() == (REVISIONS[-1],)
    made.dispose()


def shape(made: Engine) -> dict[str, object]:
    """Of each table all that counts, to the columns' order and the constraints' names."""
    looked = inspect(made)
    return {
        table: (
            [(column["name"], str(column["type"])) for column in looked.get_columns(table)],
            looked.get_pk_constraint(table),
            sorted(map(repr, looked.get_foreign_keys(table))),
            sorted(map(repr, looked.get_indexes(table))),
            sorted(map(repr, looked.get_unique_constraints(table))),
        )
        for table in looked.get_table_names()
    }


def test_a_new_database_is_what_the_scripts_make(tmp_path: Path) -> None:
    scripts = migrated(f"sqlite:///{tmp_path}/scripts.db")
    with Store.open(f"sqlite:///{tmp_path}/schema.db") as store:
        assert shape(store.engine) == shape(scripts)
    scripts.dispose()


def test_the_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_a_database_that_is_new_or_up_to_date_needs_no_alembic(url: str) -> None:
    program = "import sys; sys.modules['alembic'] = None\nfrom hil_db.store import Store\n"
    for opened in ("open", "open", "open_read_only"):
        subprocess.run([sys.executable, "-c", f"{program}Store.{opened}({url!r})"], check=True)


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1


def test_opening_again_changes_nothing(url: str, seed: Callable[[], int], tmp_path: Path) -> None:
    seed()
    before = dump(tmp_path / "results.db")
    for _ in range(2):
        with Store.open(url):
            pass
    assert dump(tmp_path / "results.db") == before


@pytest.mark.parametrize(
    "start",
    [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()],
)
def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(
    url: str, tmp_path: Path, seed: Callable[[], int], start: str
) -> None:
    seed()
    path = tmp_path / "results.db"
    has_uids = start >= "0004"
    before = rows(path, has_uids)
    writer = engine.writer(engine.parse(url))
    before_shape = shape(writer)
    with writer.begin() as connection:
        run_back(connection, start)
    writer.dispose()
    with Store.open(url) as store:
        assert shape(store.engine) == before_shape
    assert rows(path, has_uids) == before


def test_old_runs_and_sessions_get_a_uid_the_same_in_every_copy(
    url: str, tmp_path: Path, store: Store, seed: Callable[[], int]
) -> None:
    seed(), seed()
    with store.engine.begin() as connection:
        run_back(connection, "0003")
    store.engine.dispose()
    shutil.copy(tmp_path / "results.db", tmp_path / "copy.db")
    found = []
    for name in ("results.db", "copy.db"):
        with Store.open(f"sqlite:///{tmp_path}/{name}") as opened, opened.engine.connect() as connection:
            found.append([connection.scalars(select(table.c.uid)).all() for table in (RUN, SESSION)])
    assert found[0] == found[1]
    uids = [uid for table in found[0] for uid in table]
    assert len(set(uids)) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", str(uid)) for uid in uids)


def test_a_migration_that_fails_leaves_nothing(url: str, tmp_path: Path, seed: Callable[[], int]) -> None:
    seed()
    path = tmp_path / "results.db"
    scripts = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "broken.py").write_text(BREAKS.format(head=REVISIONS[-1]))
    before = dump(path)
    parsed = engine.parse(url)
    writer = engine.writer(parsed)
    with pytest.raises(OperationalError, match="no_such_table"):
        upgrade(writer, parsed, scripts, (*REVISIONS, "broken"))
    writer.dispose()
    assert dump(path) == before
    with Store.open(url) as store, store.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM run")) == 1


def test_a_new_database_that_cannot_be_made_whole_is_not_made(url: str, tmp_path: Path) -> None:
    parsed = engine.parse(url)
    writer = engine.writer(parsed)

    @event.listens_for(writer, "before_cursor_execute")
    def _refuse(*call: object) -> None:
        if "CREATE TABLE profile_path" in str(call[2]):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        upgrade(writer, parsed)
    writer.dispose()
    with sqlite3.connect(tmp_path / "results.db") as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == []
    raw.close()
    Store.open(url).engine.dispose()


@pytest.mark.parametrize("heads", [["9999"], ["0001", "9999"]])
@pytest.mark.parametrize("opened", [Store.open, Store.open_read_only])
def test_a_newer_schema_is_left_alone(
    url: str, tmp_path: Path, seed: Callable[[], int], opened: Callable[[str], Store], heads: list[str]
) -> None:
    seed()
    path = tmp_path / "results.db"
    with sqlite3.connect(path) as raw:
        raw.execute(f"DELETE FROM {VERSION_TABLE}")
        raw.executemany(f"INSERT INTO {VERSION_TABLE} VALUES (?)", [(head,) for head in heads])
    before = dump(path)
    with pytest.raises(StoreError) as caught:
        opened(url)
    assert str(path) in caught.value.what
    assert "newer version" in caught.value.what
    assert "9999" in str(caught.value.evidence)
    assert "upgrade the lab" in str(caught.value.remedy)
    assert dump(path) == before


@pytest.mark.parametrize("opened", [Store.open, Store.open_read_only])
def test_another_programs_database_is_left_alone(tmp_path: Path, opened: Callable[[str], Store]) -> None:
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE run (distance REAL)")
    before = dump(path)
    with pytest.raises(StoreError, match=r"photos\.db belongs to another program \(it holds run\)"):
        opened(f"sqlite:///{path}")
    assert dump(path) == before


def test_an_empty_file_becomes_a_database(url: str, tmp_path: Path, seed: Callable[[], int]) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with pytest.raises(StoreError, match=r"empty\.db has no results of this version"):
        Store.open_read_only(f"sqlite:///{path}")
    assert path.stat().st_size == 0
    with Store.open(f"sqlite:///{path}"):
        pass
    with Store.open_read_only(f"sqlite:///{path}"):
        pass


def test_values_of_an_older_database_have_no_band_and_no_conditions(
    url: str, seed: Callable[[], int]
) -> None:
    seed()
    writer = engine.writer(engine.parse(url))
    with writer.begin() as connection:
        run_back(connection, "0002")
    writer.dispose()
    with Store.open(url) as store, store.engine.connect() as connection:
        held = connection.execute(select(MEASURE.c.low, MEASURE.c.high, MEASURE.c.conditions)).all()
        assert [tuple(row) for row in held] == [(None, None, {})] * 3
        with pytest.raises(KeyError):
            store.read_profile(1)


def test_passwords_of_an_older_database_are_masked_and_gone_from_the_file(
    url: str, tmp_path: Path, store: Store, seed: Callable[[], int]
) -> None:
    seed()
    store.engine.dispose()  # the last connection takes the log into the file
    path = tmp_path / "results.db"
    writer = engine.writer(engine.parse(url))
    with writer.begin() as connection:
        run_back(connection, "0003")
        told = "pytest --db=postgresql://bob:s3cret@host/lab"
        connection.execute(text("UPDATE run SET command = :told"), {"told": told})
        connection.execute(text("UPDATE session SET error = 'cannot use host=h password=s3cret'"))
    writer.dispose()
    assert b"s3cret" in path.read_bytes()
    with Store.open(url):
        pass
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT command FROM run").fetchall() == [(told.replace("s3cret", "***"),)]
        assert raw.execute("SELECT error FROM session").fetchall() == [("cannot use host=h password=***",)]
    raw.close()
    assert [held for held in tmp_path.iterdir() if b"s3cret" in held.read_bytes()] == []
