"""A run that is compared with none: what it measured is new, what failed is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hil.gate.checking import check
from hil.gate.data import json_text
from hil.gate.junit import junit_text
from hil.gate.markdown import markdown_text
from hil.gate.result import FAIL_ON, FailOn, Result
from hil.gate.text import text_lines
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store
from session_records import BEGAN, record

FAILED = replace(record(board="dead"), status=Status.FAILED, error="no probe")


def first(folder: Path, *records: SessionRecord, fails_on: tuple[FailOn, ...] = FAIL_ON) -> Result:
    url = f"sqlite:///{folder}/results.db"
    with Store.open(url) as store:
        run = store.begin_run(RunInfo(BEGAN, "pytest"))
        for one in records:
            store.save_session(run, one)
        store.finish_run(run, Status.FINISHED)
    return check(url, str(run), None, None, folder, fails_on)


@pytest.mark.parametrize(
    ("records", "fails_on", "code"),
    [
        ((record(),), FAIL_ON, 0),
        ((record(),), (FailOn.NEW,), 1),
        ((record(), FAILED), FAIL_ON, 3),
        ((FAILED,), FAIL_ON, 3),
        ((FAILED,), (FailOn.REGRESSION,), 0),
        ((), FAIL_ON, 3),
        ((), (FailOn.REGRESSION,), 0),
    ],
)
def test_the_code_of_a_first_run(
    tmp_path: Path, records: tuple[SessionRecord, ...], fails_on: tuple[FailOn, ...], code: int
) -> None:
    assert first(tmp_path, *records, fails_on=fails_on).code == code


def test_the_forms_of_a_first_run(tmp_path: Path) -> None:
    result = first(tmp_path, record(), FAILED)
    text = "\n".join(text_lines(result))
    assert "against nothing: it is the first" in text
    assert "NEW  qemu m/q15" not in text
    assert "no probe" in text
    told = json.loads(json_text(result))
    assert told["baseline"] is None
    assert {one["board"]: one["outcome"] for one in told["images"]} == {"qemu": "new", "dead": "no data"}
    markdown = markdown_text(result)
    assert "run 1 is the first: 2 images: 1 no data, 1 new." in markdown
    assert [line for line in markdown.splitlines() if line.startswith("| no data")]
    assert "| new" not in markdown
    suite = ET.fromstring(junit_text(result))[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["2", "0", "1", "1"]


def test_markdown_of_a_first_run_that_is_fine_is_a_line(tmp_path: Path) -> None:
    assert markdown_text(first(tmp_path, record())).count("\n") == 1
