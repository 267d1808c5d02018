"""What the matrix's cells show: values with their verdicts and ages, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hil.gate.marks import Mark
from hil.metrics import GOLDEN_EXACT, lookup
from hil_dashboards import text
from hil_dashboards.choices.places import image_place, session_place
from hil_dashboards.frames import Row, Value
from hil_dashboards.reading.verdicts import Judged

Cell = dict[str, Any]
NEVER: Cell = {"state": "never", "text": "never run", "told": ["there is an image, and no session of it"]}
NO_IMAGE: Cell = {"state": "none", "text": "–", "told": ["no image of it is known for this kind of board"]}


class Setting(NamedTuple):
    """What a cell is told against: the baseline's run, runs that are not compared with it, and why."""

    before: int | None
    apart: Mapping[int, str]
    roomy: bool


def cell_of(row: Row, origin: tuple[str, ...], value: Value, setting: Setting) -> Cell:
    """A value as its renderer takes it; ``number`` is what it sorts by.

    What most cells would repeat is left out: notes where there are none, and the row's own origin.
    """
    cell: Cell = {"number": value.value, "text": text.value(value.metric, value.value)}
    if setting.roomy and (notes := _notes(row, value)):
        cell["notes"] = notes
    if not setting.roomy and value.partial:
        cell["partial"] = f"{value.over:,} vectors"
    told = [*_told(value), *_of_verdict(value, setting)]
    if told:
        cell["told"] = told
    if (own := origin_of(value)) != origin:
        cell["from"] = own
    if value.metric == GOLDEN_EXACT.name and value.value < 1:
        cell["wrong"] = True
    if value.age:
        cell["age"] = value.age
    if value.judged is not None:
        _, word, kind = value.judged.mark
        cell["mark"] = [kind, word, _short(value.judged)]
        if _is_change(value.judged) and setting.before is not None:
            cell["compare"] = image_place(
                setting.before, value.run, row.board, row.kind, row.model, row.precision
            )
    return cell


def without_value(row: Row) -> Cell:
    """Why a case that ran has no value."""
    if not row.fits:
        state, words = "fit", "does not fit"
    elif row.status != "finished":
        state, words = "failed", row.status
    else:
        return {
            "state": "none",
            "text": "–",
            "told": ["it ran, and this was not taken"],
            "from": origin_of(row),
        }
    told = [row.error or "no reason was stored"]
    return {
        "state": state,
        "text": words,
        "told": told,
        "from": origin_of(row),
        "href": session_place(row.session),
    }


def mark_width(cell: Cell) -> int:
    """The letters of what stands before a value: a word where there is room for it."""
    *_, change = cell.get("mark", ("", "", ""))
    return (
        2 + len(change) + (3 + len(str(cell["age"])) if "age" in cell else 0) + len(cell.get("partial", ""))
    )


def origin_of(of: Row | Value) -> tuple[str, ...]:
    """Where a session, or a value of it, comes from."""
    return _session(of.run, of.time, of.commit, of.dirty, of.note, of.image)


def marks_of(cells: Sequence[Cell]) -> set[str]:
    """The words of the verdicts that are shown."""
    return {cell["mark"][1] for cell in cells if "mark" in cell}


def _is_change(judged: Judged) -> bool:
    mark: Mark = judged.mark
    return mark[2] in ("worse", "better") or mark[1] == "tolerated"


def _short(judged: Judged) -> str:
    """By how much, in as few letters as tell it: of shares of a percent what a gate says."""
    if judged.share is None or not judged.change.endswith(" %") or abs(judged.share) < 0.001:
        return judged.change
    points = abs(judged.share) * 100
    told = f"{points:,.0f}" if points >= 10 else f"{points:.1f}"
    return f"{'+' if judged.share > 0 else '−'}{told} %"


def _of_verdict(value: Value, setting: Setting) -> list[str]:
    judged = value.judged
    if judged is None:
        why = setting.apart.get(value.run)
        if why is not None:
            return [f"not compared: {why}"]
        return ["not compared yet"] if setting.before is not None else []
    _, word, _ = judged.mark
    told = f"{word} since run {setting.before}"
    if judged.before is not None:
        of_vector = f" of vector {judged.vector}" if judged.vector is not None else ""
        told += f", {text.amount(value.metric, judged.before, value.unit)}{of_vector} then"
    told += f" ({judged.change})" if judged.change else ""
    return [f"{told}: {judged.reason}"]


def _notes(row: Row, value: Value) -> list[tuple[str, str]]:
    """What stands below a value, each with its class in the style sheet."""
    notes = []
    if value.band is not None:
        notes.append(("band", text.band(value.metric, value.value, value.band)))
    if value.partial:
        notes.append(("partial", f"{value.over:,} vectors"))
    if value.run != row.run:
        notes.append(("older", f"run {value.run}"))
    return notes


def _told(value: Value) -> list[str]:
    told = []
    if value.over is not None:
        told.append(f"over {value.over:,} vectors")
    if value.band is not None:
        told.append(f"expected {text.expected(value.metric, value.value, value.band)}")
    if value.conditions:
        told.append(value.conditions)
    if value.resolution is not None and not lookup(value.metric).share:
        told.append(f"steps of {text.plain(value.resolution)}")
    if value.age:
        told.append(f"{value.age:,} run{'' if value.age == 1 else 's'} ago")
    return told


@lru_cache
def _session(
    run: int, time: datetime, commit: str | None, dirty: bool | None, note: str | None, image: str | None
) -> tuple[str, ...]:
    return (
        f"run {run}, {text.moment(time)}",
        text.of_commit(commit, dirty, note),
        f"image {text.image(image)}",
    )
