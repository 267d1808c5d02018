"""Kept files of runs bent byte by byte and value by value: they are copied, or a StoreError says why not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from hil.errors import StoreError
from hil.image import Image, prebuilt_images
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Samples
from hil_db.kept import store_file
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

BEGAN = datetime(2026, 11, 24, 3, 0, 7, 250_000, UTC)
OTHER: tuple[Any, ...] = (
    *(
        None,
        -1,
        0,
        2**62,
        1.5,
        float("inf"),
        "",
        "x",
        "\0",
        "\x1b[31m",
        "finished",
        "2026-13-45",
        "2026-11-24",
    ),
    *("{", "[1]", '{"a": {}}', "[" * 100_000, b"", b"\xff\xfe", b"{}", b"text"),
)
PAGE = 4096
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"


def _kept(path: Path) -> bytes:
    record = SessionRecord(
        board="qemu",
        kind="qemu_mps2_an386",
        model="fastgrnn_digits",
        precision="q15",
        started=BEGAN,
        finished=BEGAN,
        status=Status.FINISHED,
        manifest=Image.load(prebuilt_images("qemu_mps2_an386")[0]).manifest,
        vectors_sha256="c" * 64,
        versions={"qemu": "7.2.22"},
        measures=(Measure("accuracy", 0.983, "1", Method.COUNTED, "labels", 1 / 540),),
        samples=(Samples("instructions", np.arange(50), "instructions", Method.COUNTED, "timer"),),
        profile=Profile("plugin", 1, (PathCost(("run",), 1, 2, 3),), (ClassCost("alu", 2, 3),)),
    )
    info = RunInfo(
        started=BEGAN,
        command="pytest",
        host="bench",
        pid=1,
        git_commit=None,
        git_dirty=None,
        lab_path=None,
        lab_sha256=None,
        versions={},
    )
    with Store.open(f"sqlite:///{path}", one_file=True) as store:
        number = store.begin_run(info)
        store.save_session(number, record)
        store.finish_run(number, Status.FINISHED)
    return path.read_bytes()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _kept(tmp_path_factory.mktemp("kept") / "kept.db")


def store(folder: Path, data: bytes | None = None) -> None:
    path, target = folder / "kept.db", folder / "target.db"
    if data is not None:
        path.write_bytes(data)
    for one in folder.glob("target.db*"):
        one.unlink()
    try:
        lines = store_file(path, f"sqlite:///{target}")
    except StoreError as error:
        line = str(error)
        line.encode()
        assert line.isprintable()
        assert len(line) < 7_000
    else:
        assert lines
        with Store.open_read_only(f"sqlite:///{target}") as stored, closing(sqlite3.connect(target)) as raw:
            for (number,) in raw.execute("SELECT id FROM session").fetchall():
                try:
                    stored.read_samples(number, "instructions")
                    stored.read_profile(number)
                except (KeyError, StoreError):
                    pass


@pytest.mark.parametrize(
    ("table", "column"), [("run", "versions"), ("image", "sections"), ("measure", "conditions")]
)
def test_values_nested_beyond_reason(kept: bytes, table: str, column: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_bytes(kept)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints=ON")
        raw.execute(f"UPDATE {table} SET {column} = ?", ("[" * 100_000,))
    with pytest.raises(StoreError, match="is damaged"):
        store_file(path, f"sqlite:///{tmp_path}/target.db")


@examples(12)
@given(data=st.data())
def test_a_kept_file_of_other_values(kept: bytes, data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_bytes(kept)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints=ON")
        tables = [name for (name,) in raw.execute(TABLES)]
        for _ in range(data.draw(st.integers(1, 3))):
            table = data.draw(st.sampled_from(tables))
            columns = [row[1] for row in raw.execute(f"PRAGMA table_info('{table}')")]
            column = data.draw(st.sampled_from(columns))
            value = data.draw(st.sampled_from(OTHER))
            try:
                raw.execute(f'UPDATE "{table}" SET "{column}" = ?', (value,))
            except sqlite3.Error:  # unique, not null, of a strict type
                continue
    store(tmp_path)


changes = st.tuples(st.integers(0, PAGE - 1), st.binary(min_size=1, max_size=8))


@examples(10)
@given(
    page=st.integers(0, 100),
    changes=st.lists(
        st.tuples(st.integers(0, PAGE - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6
    ),
    cut=st.one_of(st.none(), st.integers(0, 200_000)),
)
def test_a_damaged_kept_file(
    kept: bytes, page: int, changes: list[tuple[int, bytes]], cut: int | None, tmp_path: Path
) -> None:
    bent = bytearray(kept)
    start = page * PAGE % len(bent)
    for at, new in changes:
        bent[start + at : start + at + len(new)] = new
    store(tmp_path, bytes(bent[:cut]))
