"""The migrations make what the schema says, all or nothing, and only in a database of our own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from hil.errors import StoreError
from hil_db import engine, migrate
from hil_db.schema import VERSION_TABLE, Base, MeasureRow
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


def test_the_migrations_make_what_the_schema_says(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_heads() == (
            ScriptDirectory.from_config(migrate.config()).get_current_head(),
        )


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(migrate.config()).get_heads()) == 1


def test_opening_again_changes_nothing(url: str, seed: Callable[[], int], tmp_path: Path) -> None:
    seed()
    before = dump(tmp_path / "results.db")
    for _ in range(2):
        with Store.open(url):
            pass
    assert dump(tmp_path / "results.db") == before


@pytest.mark.parametrize(
    "start",
    [script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()],
)
def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(
    url: str, tmp_path: Path, seed: Callable[[], int], start: str
) -> None:
    seed()
    path = tmp_path / "results.db"
    before = dump(path)
    writer = engine.writer(engine.parse(url))
    with writer.begin() as connection:
        settings = migrate.config()
        settings.attributes["connection"] = connection
        command.downgrade(settings, start)
    writer.dispose()
    with Store.open(url):
        pass
    assert sorted(dump(path)) == sorted(before)


@pytest.mark.parametrize("fresh", [True, False])
def test_a_migration_that_fails_leaves_nothing(
    url: str, tmp_path: Path, seed: Callable[[], int], fresh: bool
) -> None:
    seed()
    path = tmp_path / ("fresh.db" if fresh else "results.db")
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    head = ScriptDirectory.from_config(migrate.config()).get_current_head()
    (scripts / "versions" / "broken.py").write_text(BREAKS.format(head=head))
    before = dump(path)
    parsed = engine.parse(f"sqlite:///{path}")
    writer = engine.writer(parsed)
    with pytest.raises(OperationalError, match="no_such_table"):
        migrate.upgrade(writer, parsed, migrate.config(scripts))
    writer.dispose()
    assert dump(path) == before
    with Store.open(str(parsed)) as store, store.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM run")) == (0 if fresh else 1)


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
        settings = migrate.config()
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0002")
    writer.dispose()
    with Store.open(url) as store, store.engine.connect() as connection:
        rows = connection.execute(select(MeasureRow.low, MeasureRow.high, MeasureRow.conditions)).all()
        assert [tuple(row) for row in rows] == [(None, None, {})] * 3
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
        settings = migrate.config()
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0003")
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
