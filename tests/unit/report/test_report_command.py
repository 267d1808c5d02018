"""`hil report`: what it writes, and what it says when it cannot."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from energy_records import MODEL, measured
from hil.report.writing import write_report
from hil.values import Measure, Method
from hil_db.records import Incident, SessionRecord, Status
from postgres_server import running_server
from report_runs import BEGAN, Add, Say, Written, read, record
from seeded import Planted, Seeded, make


def test_a_report_tells_what_is_worse_and_why(add: Add, written: Written) -> None:
    add()
    add(record(1500, 6000))
    text = read(written("--baseline=1")).text
    for told in (
        "✗ Worse than run 1.",
        "1 image: 1 regression",
        "Cycles 1,000 → 1,500 (+50 %) estimated, cycle-model-2; wait states 0; expected within ±7 %",
        "step 1,000 -> 1,500 cycles an inference (+500, 100 % of the change)",
        "weights 5,000 -> 6,000 B (+1,000, 100 % of the change)",
        "pytest --board=all",
    ):
        assert told in text


def test_the_baseline_is_the_finished_run_before_on_the_branch(add: Add, written: Written) -> None:
    add(record(900))
    add(record(1000), git_branch="other")
    add(record(1100), status=Status.FAILED)
    add(record(1200))
    text = read(written()).text
    assert "Worse than run 1." in text
    assert "Cycles 900 → 1,200" in text


def test_a_first_run_has_nothing_to_compare_with(add: Add, written: Written) -> None:
    add()
    text = read(written()).text
    assert "Nothing to compare with. No finished run on the branch main began before run 1" in text
    assert "1,000" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--baseline=mian",), "did you mean 'main'?"),
        (("--run=7",), "there is no run '7'"),
        (("--run=mian",), "did you mean 'main'?"),
        (("--baseline=2",), "itself"),
        (("--db=sqlite:///none.db",), "there is no database"),
        (("--db=postgresql://a:secret@127.0.0.1:9/x",), "cannot be reached"),
        (("--lab=none.toml",), "cannot read none.toml"),
        (("--out=none/report.html",), "the report none/report.html cannot be written"),
        (("--out=.",), "the report . cannot be written"),
    ],
)
def test_what_goes_wrong_is_a_line(add: Add, say: Say, arguments: tuple[str, ...], said: str) -> None:
    add()
    add()
    code, out, err = say(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert "secret" not in err
    assert not list(Path().glob("*.html")) + list(Path().glob(".new*"))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE hil_schema_version SET version_num = '0001'", "schema 0001"),
        ("UPDATE hil_schema_version SET version_num = '9999'", "newer version"),
        ("DROP TABLE hil_schema_version", "belongs to another program"),
        ("UPDATE measure SET value = 'much'", "cannot be"),
        ("UPDATE measure SET conditions = '[1]'", "cannot be"),
    ],
)
def test_a_database_that_cannot_be_understood(
    add: Add, say: Say, tmp_path: Path, statement: str, said: str
) -> None:
    add()
    add()
    with sqlite3.connect(tmp_path / "results.db") as database:
        database.execute(statement)
    code, out, err = say()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


# Files can grow no larger than this: enough for what SQLite keeps beside a database.
_LIMITED = """
import resource, sys
from hil.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (33_000, 33_000))
sys.exit(main(["report", "--db", sys.argv[1], "--out", sys.argv[2]]))
"""


def test_an_older_file_stays_where_there_is_no_room_for_the_new_one(
    add: Add, url: str, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    add()
    command = [sys.executable, "-c", _LIMITED, url, str(out)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"the report {out} cannot be written (" in ended.stderr
    assert os.strerror(errno.EFBIG) in ended.stderr
    assert out.read_text() == "old"
    assert not list(tmp_path.glob(".new*"))


def test_an_older_file_is_replaced(add: Add, url: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    add()
    assert write_report(url, "latest", None, out) == out
    assert out.read_text().startswith("<!DOCTYPE html>")


def test_names_are_text_wherever_they_stand(add: Add, written: Written) -> None:
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\u202e'
    own = Measure(nasty[:60], 1.0, nasty[:30], Method.MODELLED, nasty[:30], conditions={nasty: nasty})
    names = {"board": nasty, "function": nasty.replace(";", ""), "model": nasty[:40], "symbol": nasty}
    about = {"git_branch": nasty, "command": nasty, "host": nasty[:200], "versions": {nasty: nasty}}
    about["git_commit"] = nasty[:64]
    for held in (record(1000, **names), record(1500, 6000, **names)):
        mishap = Incident(nasty, nasty[:60], nasty, BEGAN, nasty)
        hurt = replace(held, model="hurt", status=Status.FAILED, error=nasty, versions={nasty: nasty})
        add(replace(held, measures=(*held.measures, own), incidents=(mishap,)), hurt, **about)
    text = written("--baseline=1")
    tags = read(text)
    assert [about for name, about in tags.seen if name == "script"] == [
        {"type": "application/json", "id": "runs"},
        {},
    ]
    assert not [about for name, about in tags.seen if name == "img" or "onerror" in about]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert '"><script>alert(1)</script>' in tags.text


def test_it_asks_for_nothing_from_elsewhere(add: Add, written: Written) -> None:
    add()
    add(record(1500))
    tags = read(written())
    for name, about in tags.seen:
        for key in ("src", "href", "action", "data", "poster", "srcset"):
            held = about.get(key)
            assert held is None or held.startswith("#") or held == "data:,", (name, held)
    policy = next(about["content"] for name, about in tags.seen if about.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_links_and_heads_are_in_order(add: Add, written: Written) -> None:
    add()
    add(record(1500), record(board="other"))
    tags = read(written())
    ids = [about["id"] for _, about in tags.seen if "id" in about]
    assert len(ids) == len(set(ids))
    links = {about["href"] for name, about in tags.seen if name == "a"}
    assert {link[1:] for link in links if link} <= set(map(str, ids))
    heads = [int(name[1]) for name, _ in tags.seen if name in ("h1", "h2", "h3", "h4", "h5")]
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(heads))


def test_what_has_no_value_says_why(add: Add, written: Written) -> None:
    one = record()
    failed = replace(record(model="hung"), status=Status.FAILED, error="no frame in 2.0 s", measures=())
    large = replace(failed, model="large", error="the image is of 2,000,000 B and does not fit the board")
    other = replace(
        one, model="other", measures=(replace(one.measures[0], technique="cycle-model-1"), *one.measures[1:])
    )
    half = replace(record(model="half"), measures=one.measures[1:])
    add(
        one,
        record(model="half"),
        record(model="gone"),
        record(model="hung"),
        record(model="large"),
        replace(one, model="other"),
    )
    add(one, failed, large, half, other, record(model="fresh"))
    text = read(written()).text
    for told in (
        "Its session failed: no frame in 2.0 s",
        "does not fit",
        "No data: it was not run this time",
        "New: it was not in run 1",
        "not comparable",
        "= unchanged ∅ 1 no data",
        "= unchanged ≠ 1 not comparable",
        "Incomplete: what was measured is not worse than run 1.",
    ):
        assert told in text


def test_parts_that_are_not_stored_say_so(add: Add, written: Written) -> None:
    bare = replace(record(flash=5001), profile=None, symbols=())
    add()
    add(bare)
    text = read(written()).text
    assert "No profile was stored of this session" in text
    assert "The symbols of this image are not stored." in text
    add(record(1001))
    text = read(written("--baseline=2")).text
    assert "The baseline has no profile of this image." in text


def test_the_same_from_postgresql(tmp_path: Path) -> None:
    wanted = Seeded(25, 3, profiled=2, planted=(Planted(24, "latency_cycles", 1.2, precision="q15"),))
    texts = []
    with running_server() as server:
        for url in (f"sqlite:///{tmp_path}/results.db", server.new_database()):
            make(url, wanted)
            out = write_report(url, "latest", None, tmp_path / "report.html", folder=tmp_path)
            texts.append(read(out.read_text(encoding="utf-8")).text)
    one, other = (re.sub(r"Database .*? Written \S+ \S+", "", text) for text in texts)
    assert one == other
    assert "Worse than run 24." in one


def test_what_is_not_judged_yet_is_not_missing(add: Add, written: Written) -> None:
    one = record()
    add(one)
    add(replace(one, measures=(*one.measures[:3], replace(one.measures[3], value=2.6))))
    text = read(written()).text
    assert "✓ Not worse than run 1." in text
    assert "? not judged its noise is not known: fewer than 5 sessions repeat an image" in text


def test_modelled_and_measured_energy_are_apart(add: Add, written: Written) -> None:
    """In columns of their own, and in no series together."""

    def modelled(share: float = 1.0) -> SessionRecord:
        return measured(record(), share, method=Method.MODELLED, technique=MODEL)

    add(modelled())
    add(modelled(1.01), measured(record(board="desk"), 2.0))
    add(measured(record(), 3.0))
    text = read(written("--run=2", "--baseline=1")).text
    for way in ("modelled ppk2 model of STM32L475 currents", "measured ppk2"):
        assert f"Energy per inference, µJ {way}" in text
    told = "other method: measured by ppk2 now, modelled by ppk2 model of STM32L475 currents before"
    assert told in read(written("--run=3", "--baseline=2")).text
