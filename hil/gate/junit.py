"""A comparison as JUnit's XML: a test case per board, model and precision."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hil.gate.result import Result, told
from hil.gate.wording import one_line, summary, why_lines
from hil.measure.verdicts import Outcome
from hil_db.comparing import Compared, outcome_of

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(result: Result) -> str:
    """Failures are what is to fail on, errors what is missing and should not be; what is new is skipped."""
    cases = result.cases
    suite = ET.Element("testsuite", name="hil check")
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for one in cases:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_text(one.case.board),
            name=_text(f"{one.case.model}/{one.case.precision}"),
            time="0",
        )
        tag = _tag(result, one)
        if tag is None:
            continue
        counts[tag] += 1
        lines = [one.reason] if one.reason else [one_line(verdict) for verdict in told(one)]
        found = ET.SubElement(case, tag, message=_text("; ".join(filter(None, lines))))
        if tag != "skipped":
            found.set("type", str(one.outcome))
            found.text = _text("\n".join(line for why in result.why(one) for line in why_lines(why)))
    plurals = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for tag, count in counts.items():
        suite.set(plurals[tag], str(count))
    suite.set("time", "0")
    ET.SubElement(suite, "system-out").text = _text(summary(result.comparison))
    whole = ET.Element("testsuites")
    whole.append(suite)
    ET.indent(whole)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(whole, encoding="unicode")


def _tag(result: Result, one: Compared) -> str | None:
    failing = result.failing
    found = {one.alone} if one.alone is not None else {outcome_of(verdict) for verdict in told(one)}
    if any(outcome in failing and outcome is not Outcome.NO_DATA for outcome in found):
        return "failure"
    if Outcome.NO_DATA in found & failing:
        return "error"
    return "skipped" if one.outcome in (Outcome.NO_DATA, Outcome.NEW, Outcome.NOT_COMPARABLE) else None


def _text(said: str) -> str:
    """Without the characters that XML cannot hold, which stand as ``?``."""
    return _NO_XML.sub("?", said)
