"""The one way to change anything: ``POST /api/triage``, for people whose role is triage."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Flask, Response, jsonify, request

from hil.errors import HilError
from hil_dashboards.choices.triage import TriageChoice
from hil_dashboards.reading.regressions import value_of
from hil_dashboards.serving.access import Person
from hil_dashboards.serving.entrance import person
from hil_db import triage
from hil_db.store import Store
from hil_db.triage import Decided, Decision, Subject

DECIDE = "/api/triage"
_KEYS = {*Subject._fields, "run", "baseline", "decision", "reason", "until", "commit"}


def add_deciding(server: Flask, url: str | None) -> None:
    """Let a server take decisions on a database's regressions; each is a row with who, when and where."""

    @server.post(DECIDE)
    def decide() -> tuple[Response, int]:
        asking = person()
        if asking is None or not asking.triages:
            return _refused(
                403, "your role is to read: `hil dashboard user add NAME --role=triage` changes it"
            )
        given = _given()
        if not isinstance(given, dict) or not all(
            key in _KEYS and isinstance(value, str) and "\0" not in value for key, value in given.items()
        ):
            return _refused(400, f"a decision is an object of texts named {', '.join(sorted(_KEYS))}")
        try:
            subject = Subject(*(given[name] for name in Subject._fields))
            found = value_of(url, subject, TriageChoice(given.get("baseline") or None))
            if found is not None and found[0] != given["run"]:
                return _refused(409, "a newer run is there: reload the page")
            if found is None:
                return _refused(404, "there is no such regression: reload the page")
            decided = _decided(given, subject, *found, asking)
            with Store.open(url) as store:
                triage.decide(store, decided)
        except KeyError as error:
            return _refused(400, f"{error.args[0]} is missing")
        except ValueError as error:
            return _refused(400, str(error))
        except HilError as error:
            return _refused(409, str(error))
        return jsonify(decided=str(decided.decision)), 201


def _given() -> Any:
    """What the request holds; None where it is no JSON, or none that could be read."""
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        return None


def _decided(given: dict[str, Any], subject: Subject, run_uid: str, value: float, asking: Person) -> Decided:
    """ValueError for a word or a day that is none."""
    now = triage.now()
    return Decided(
        subject,
        Decision(given["decision"]),
        value,
        run_uid,
        asking.name,
        request.remote_addr or "",
        now,
        given["reason"].strip(),
        _day(given["until"]) if given.get("until") else None,
        given["commit"].strip().lower() if given.get("commit") else None,
    )


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def _refused(status: int, why: str) -> tuple[Response, int]:
    return jsonify(error=why), status
