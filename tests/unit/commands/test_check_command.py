"""`hil check`: its exit codes, and the forms of what it found."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hil import cli
from hil.metrics import HANDSHAKE_S, STREAM_S
from hil.values import Method
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store
from session_records import BEGAN, record

HOSTILE = "m|`<b>@all #1 \x1b[31m\n![x](http://e)"
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/results.db"


@pytest.fixture
def say(url: str, capsys: pytest.CaptureFixture[str]) -> Say:
    def run(*arguments: str, db: str = url) -> tuple[int, str, str]:
        code = cli.main(["check", f"--db={db}", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def add(url: str) -> Callable[..., int]:
    def one(*records: SessionRecord, status: Status = Status.FINISHED, **about: object) -> int:
        with Store.open(url) as store:
            info = RunInfo(BEGAN, "pytest", git_branch="main", git_commit="d" * 40)
            run = store.begin_run(replace(info, **about))  # type: ignore[arg-type]
            for session in records or (record(),):
                store.save_session(run, session)
            store.finish_run(run, status, BEGAN + timedelta(minutes=1))
        return run

    return one


Add = Callable[..., int]


@pytest.mark.parametrize(
    ("now", "options", "code"),
    [
        ((record(),), (), 0),
        ((record(1001),), (), 1),
        ((record(999),), (), 0),
        ((record(999),), ("--fail-on=improvement",), 1),
        ((record(1001),), ("--fail-on=never",), 0),
        ((record(1001),), ("--fail-on=no-data,new",), 0),
        ((record(board="other"),), (), 3),
        ((record(board="other"),), ("--fail-on=regression",), 0),
        ((record(), record(board="other")), (), 0),
        ((record(), record(board="other")), ("--fail-on=new",), 1),
        ((replace(record(), status=Status.FAILED, error="no answer"),), (), 3),
        ((replace(record(), status=Status.FAILED, error="no answer"),), ("--fail-on=regression",), 0),
        ((replace(record(), measures=record().measures[1:]),), (), 3),
        ((replace(record(1001), measures=record(1001).measures[:1]),), (), 1),
    ],
)
def test_the_exit_code(
    add: Add, say: Say, now: tuple[SessionRecord, ...], options: tuple[str, ...], code: int
) -> None:
    add()
    add(*now)
    for form in ("text", "json", "junit", "markdown"):
        got, out, err = say("--baseline=main", f"--format={form}", *options)
        assert (got, err) == (code, "")
        assert out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--baseline=mian",), "did you mean 'main'?"),
        (("--baseline=main", "--run=7"), "there is no run '7'"),
        (("--baseline=main", "--db=sqlite:///none.db"), "there is no database"),
        (("--baseline=main", "--db=postgresql://a:secret@127.0.0.1:9/x"), "cannot be reached"),
        (("--baseline=main", "--db=nonsense"), "is not a database URL"),
        (("--baseline=main", "--fail-on=regresion"), "did you mean 'regression'?"),
        (("--baseline=main", "--fail-on="), "--fail-on names nothing"),
        (("--baseline=main", "--fail-on=never,new"), "never stands alone"),
        (("--baseline=main", "--lab=none.toml"), "cannot read none.toml"),
        (("--baseline=main", "--lab=bad.toml"), "did you mean 'flash_bytes'?"),
        (("--baseline=2",), "itself"),
        ((), "--baseline"),
    ],
)
def test_what_goes_wrong_is_no_regression(
    add: Add, say: Say, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bad.toml").write_text('[[verdicts.threshold]]\nmetric = "flash_byte"\nallow = "1 %"\n')
    add()
    add()
    code, out, err = say(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "secret" not in err


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE hil_schema_version SET version_num = '0001'", "schema 0001"),
        ("UPDATE hil_schema_version SET version_num = '9999'", "newer version"),
        ("DROP TABLE hil_schema_version", "belongs to another program"),
    ],
)
def test_a_database_of_another_schema(add: Add, say: Say, tmp_path: Path, statement: str, said: str) -> None:
    add()
    add()
    with sqlite3.connect(tmp_path / "results.db") as database:
        database.execute(statement)
    code, out, err = say("--baseline=main")
    assert (code, out) == (2, "")
    assert said in err


def test_a_database_that_was_changed_by_hand_is_a_line(add: Add, say: Say, tmp_path: Path) -> None:
    add()
    add()
    with sqlite3.connect(tmp_path / "results.db") as database:
        database.execute("UPDATE measure SET conditions = '[1]'")
    code, out, err = say("--baseline=1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "the conditions of a" in err


def test_a_fault_of_its_own_is_no_regression(add: Add, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    add()
    add(record(1001))
    monkeypatch.setattr("hil.gate.checking.explain", broken)
    code, _, err = say("--baseline=main")
    assert code == 2
    assert "a fault of ours" in err


def test_the_code_is_that_of_the_verdict_when_the_reader_has_gone(add: Add, url: str, tmp_path: Path) -> None:
    add()
    add(record(1001))
    command = [sys.executable, "-m", "hil", "check", "--baseline=main", f"--db={url}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == 1


def test_thresholds_are_those_of_the_folder(add: Add, say: Say, tmp_path: Path) -> None:
    add()
    add(record(1009))
    text = '[[tool.hil.verdicts.threshold]]\nmetric = "latency_cycles"\nallow = "10 cycles"\n'
    assert say("--baseline=main")[0] == 1
    (tmp_path / "pyproject.toml").write_text(text)
    assert say("--baseline=main")[0] == 0


def test_the_text_names_metric_values_and_who_did_it(add: Add, say: Say) -> None:
    add(record(), record(board="fine"))
    add(record(1500, 6000, 2), record(board="fine"))
    _, out, _ = say("--baseline=main")
    assert max(map(len, out.splitlines())) <= 80
    assert out.index("REGRESSION  qemu m/q15") < out.index("2 images: 1 regression, 1 unchanged")
    for line in (
        "Cycles 1,000 -> 1,500 +50 % estimated, cycle-model-2",
        "step 1,000 -> 1,500 cycles an inference (+500, 100 % of the change)",
        "in step most by load instructions: +500 cycles an inference",
        "weights 5,000 -> 6,000 B (+1,000, 100 % of the change)",
        "1 vector changed class: 1 (1 -> 0)",
        "both runs are of one commit",
    ):
        assert line in " ".join(out.split())


def test_changes_that_are_in_no_commit_are_told(add: Add, say: Say) -> None:
    add()
    add(record(1500), git_dirty=True)
    assert "run 2 had changes that are in no commit" in say("--baseline=main")[1]


def test_markdown_is_a_line_when_all_is_fine(add: Add, say: Say) -> None:
    add()
    add()
    _, out, _ = say("--baseline=main", "--format=markdown")
    assert out.count("\n") == 1
    assert "1 image: 1 unchanged" in out


def test_markdown_tells_old_and_new_and_who(add: Add, say: Say) -> None:
    add()
    add(record(1500))
    _, out, _ = say("--baseline=main", "--format=markdown")
    row = "<code>qemu m/q15</code> | Cycles | 1,000 -> 1,500 | +50 % | <code>step +500 cycles</code> |"
    assert f"| **regression** | {row}" in out
    assert out.count("<details>") == out.count("</details>") == 3


@pytest.mark.parametrize("form", ["text", "json", "junit", "markdown"])
def test_names_that_steer_nothing(add: Add, say: Say, form: str) -> None:
    hostile = {"model": HOSTILE, "board": HOSTILE, "function": HOSTILE}
    add(record(**hostile), git_branch=HOSTILE)  # type: ignore[arg-type]
    add(record(1500, **hostile), git_branch=HOSTILE)  # type: ignore[arg-type]
    code, out, _ = say("--baseline=1", f"--format={form}")
    assert code == 1
    assert "\x1b" not in out
    if form == "json":
        assert json.loads(out)["images"][0]["model"] == HOSTILE
    if form == "junit":
        (case,) = ET.fromstring(out).iter("testcase")
        assert case.get("classname", "").startswith("m|`<b>@all")
    if form == "markdown":
        bare = re.sub("</?code>|&#[0-9]+;", "", out)
        for obeyed in ("|`", "<b>", "@all", "#1", "![x]", "http://", "m\n"):
            assert obeyed not in bare
        rows = [line for line in out.splitlines() if line.startswith("| **")]
        assert {line.count("|") for line in rows} == {7}


def test_runs_of_other_labs_say_so(add: Add, say: Say) -> None:
    add(lab_path="/lab/a.toml", lab_sha256="a" * 64)
    add(record(board="desk-1"), lab_path="/lab/b.toml", lab_sha256="b" * 64)
    code, out, _ = say("--baseline=main")
    assert code == 3
    assert "nothing of run 2 can be compared with run 1: boards desk-1 now, qemu before" in out
    assert "they are of other labs: /lab/b.toml now, /lab/a.toml before" in out


def test_another_lab_in_one_database_is_told(add: Add, say: Say) -> None:
    add(lab_path="/lab/a.toml", lab_sha256="a" * 64, host="here")
    add(lab_path="/lab/a.toml", lab_sha256="a" * 64, host="a-container")
    assert "another lab" not in say("--baseline=1")[1], "in CI every night has another host"
    add(lab_path="/lab/b.toml", lab_sha256="b" * 64, host="far")
    hosts = "host far with /lab/b.toml now, host here with /lab/a.toml before"
    for form in ("text", "markdown"):
        code, out, _ = say("--baseline=1", f"--format={form}")
        assert code == 0
        assert f"another lab may have measured run 1: {hosts}" in re.sub("&#58;", ":", out)


def test_json_holds_every_metric_and_what_it_was_asked(add: Add, say: Say) -> None:
    add()
    add(record(1500))
    _, out, _ = say("--baseline=main", "--format=json")
    told = json.loads(out)
    assert (told["form"], told["exit_code"], told["fail_on"]) == (1, 1, ["regression", "no-data"])
    assert (told["run"]["id"], told["baseline"]["id"], told["baseline"]["name"]) == (2, 1, "main")
    (image,) = told["images"]
    assert {one["metric"]: one["outcome"] for one in image["metrics"]} == {
        "accuracy": "unchanged",
        "latency_cycles": "regression",
        "flash_bytes": "unchanged",
    }
    cycles = next(one for one in image["metrics"] if one["metric"] == "latency_cycles")
    assert (cycles["before"], cycles["after"], cycles["change"]) == (1000, 1500, 0.5)
    assert image["why"][0]["parts"] == [
        {"name": "step", "before": 1000, "after": 1500, "was": None, "joined": []}
    ]


def test_every_key_of_the_json_is_in_the_docs(add: Add, say: Say) -> None:
    add()
    add(record(1500, wrong=3))
    text = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text()

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(keys(one) for one in value.values()))
        return set().union(*(keys(one) for one in value)) if isinstance(value, list) else set()

    _, out, _ = say("--baseline=main", "--format=json")
    assert {key for key in keys(json.loads(out)) if f"`{key}`" not in text} == set()


def test_junit_has_a_test_case_for_each_image(add: Add, say: Say) -> None:
    add(record(), record(board="lost"), record(board="same"))
    add(record(1500), record(board="new"), record(board="same"))
    _, out, _ = say("--baseline=main", "--format=junit")
    suite = ET.fromstring(out)[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    told = {case.get("classname"): [one.tag for one in case] for case in suite.iter("testcase")}
    assert told == {"qemu": ["failure"], "lost": ["error"], "new": ["skipped"], "same": []}


def test_what_could_not_be_compared_is_said_once_of_many_images(add: Add, say: Say) -> None:
    def over(link: str, board: str) -> SessionRecord:
        one = record(board=board)
        told = (STREAM_S, HANDSHAKE_S)
        times = [
            metric.measure(1.0, Method.MEASURED, "host-clock", conditions={"link": link}) for metric in told
        ]
        return replace(one, measures=(*one.measures, *times))

    boards = [f"desk-{number}" for number in range(4)]
    add(*(over("uart", board) for board in boards))
    add(*(over("ram", board) for board in boards), record(board="more"))
    code, out, _ = say("--baseline=main")
    assert code == 0
    assert "\n4 images: Handshake, Stream: not comparable, link ram now, uart before\n" in out
    assert "\nmore m/q15: new, was not in run 1\n" in out
    assert len(out.splitlines()) == 7
    _, out, _ = say("--baseline=main", "--format=markdown")
    assert out.splitlines()[0].startswith("**HIL bench: fine.**")
    assert "| |" not in out
    assert out.count("<details>") == 1
    suite = ET.fromstring(say("--baseline=main", "--format=junit")[1])[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["5", "0", "0", "1"]
    code, out, _ = say("--baseline=main", "--fail-on=not-comparable", "--format=markdown")
    assert code == 1
    assert out.count("| not comparable |") == 8
