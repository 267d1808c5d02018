"""The matrix of a report: a row an image, a column a metric and the way it was obtained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hil.gate.marks import MARKS, mark_of
from hil.gate.result import matters
from hil.gate.wording import value
from hil.measure.verdicts import Outcome, Verdict
from hil.metrics import MATRIX, METRICS
from hil.report.data import Image, Report
from hil.report.history import finest, metrics_in_order
from hil.report.markup import Child, Html, breakable, joined, tag
from hil.report.words import badge, band, mark_of_image, moved, obtained, plural, title_of, unit_of
from hil.text.wording import conditions_text
from hil.values import Measure, Method
from hil_db.comparing import outcome_of

_LONGEST = 600  # letters of a reason


class Way(NamedTuple):
    """Values that may stand in one column."""

    metric: str
    unit: str
    method: str
    technique: str
    conditions: str


Cell = tuple[Measure, Verdict | None]


def matrix(report: Report, links: Sequence[str], most: int) -> Html:
    """The table, of so many rows as take ``most`` bytes; ``links`` are the images' places in the file."""
    cells = [_cells(image) for image in report.images]
    columns = _columns(cells)
    boards = {(image.case.board, image.case.kind) for image in report.images}
    heads = [tag("th", "Image", scope="col", class_="name"), tag("th", "Verdict", scope="col")]
    heads += [_head(way, columns) for way in columns]
    rows: list[Html] = []
    for image, link, held in zip(report.images, links, cells, strict=True):
        row = _row(image, link, held, columns, len(boards) > 1)
        most -= len(row.encode())
        if most < 0:
            break
        rows.append(row)
    caption = "Values of this run"
    if report.before is not None:
        caption += f", each with its change from run {report.before.run.id}"
    if len(boards) == 1:
        board, kind = next(iter(boards))
        caption += f"; board {board} ({kind})"
    table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        class_="matrix",
    )
    more = len(report.images) - len(rows)
    note = (
        tag("p", f"And {plural(more, 'image')} more, which changed less.", class_="note")
        if more > 0
        else None
    )
    body: Child = (
        tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Matrix")
        if rows
        else tag("p", "This run has no results.", class_="empty")
    )
    return tag("section", tag("h2", "Matrix", id="matrix"), body, note, class_="card")


def _cells(image: Image) -> dict[str, Cell]:
    """What stands in a row, by metric: the value that was compared, or else the finest."""
    found: dict[str, Cell] = {}
    by_metric: dict[str, list[Measure]] = {}
    for measure in image.now.measures if image.now is not None else ():
        by_metric.setdefault(measure.metric, []).append(measure)
    verdicts = image.verdicts
    for metric in metrics_in_order({*by_metric, *verdicts}):
        verdict = verdicts.get(metric)
        compared = None if verdict is None else verdict.after or verdict.before
        held = compared if compared is not None else finest(by_metric[metric])
        if metric in _USUAL or metric not in METRICS or (verdict is not None and matters(verdict)):
            found[metric] = (held, verdict)
    return found


_USUAL = frozenset(metric.name for metric in MATRIX)


def _way(measure: Measure) -> Way:
    told = conditions_text(measure.conditions)
    return Way(measure.metric, measure.unit, str(measure.method), measure.technique, told)


def _columns(cells: Sequence[Mapping[str, Cell]]) -> list[Way]:
    """In the metrics' order, of one metric the way that most values were obtained first."""
    held = Counter(_way(measure) for row in cells for measure, _ in row.values())
    order = metrics_in_order({way.metric for way in held})
    return sorted(held, key=lambda way: (order.index(way.metric), -held[way], way))


def _head(way: Way, columns: Sequence[Way]) -> Html:
    others = {one.conditions for one in columns if one[:4] == way[:4]}
    like = Measure(way.metric, 0.0, way.unit, Method(way.method), way.technique)
    return tag(
        "th",
        title_of(like),
        tag("span", tag("i"), way.method, class_=f"way {way.method}"),
        tag("span", way.technique, class_="technique"),
        tag("span", way.conditions or "no conditions", class_="technique") if len(others) > 1 else None,
        scope="col",
        title=f"{way.method}, {way.technique}" + (f"; {way.conditions}" if way.conditions else ""),
    )


def _row(image: Image, link: str, cells: Mapping[str, Cell], columns: Sequence[Way], boards: bool) -> Html:
    name = [
        tag("a", breakable(image.case.model), href=f"#{link}"),
        tag("span", image.case.precision, class_="precision"),
    ]
    if boards:
        name.append(tag("span", f"{image.case.board}", class_="kind board"))
    marks = [mark_of_image(image), *_beside(image)]
    verdict = joined(tag("div", badge(mark, short=True)) for mark in marks)
    head = [tag("th", *name, scope="row", class_="name"), tag("td", verdict)]
    kept = {_way(measure): (measure, verdict) for measure, verdict in cells.values()}
    if kept:
        body = [_cell(kept.get(way), cells.get(way.metric), way) for way in columns]
    else:
        body = [tag("td", "no values", colspan=max(1, len(columns)), class_="empty")]
    about = {"class_": f"row {' '.join(mark[2] for mark in marks)}", "data_name": image.case.told}
    rows = [tag("tr", *head, *body, **about)]
    if (reason := _reason(image)) is not None:
        said = tag("div", reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}…")
        rows.append(tag("tr", tag("td", said, colspan=len(columns) + 2, class_="reason"), **about))
    return joined(rows)


def _beside(image: Image) -> list[tuple[str, str, str]]:
    """Marks of metrics that are missing or not comparable, where the image's own does not tell."""
    outcomes = [outcome_of(verdict) for verdict in image.verdicts.values() if matters(verdict)]
    found = []
    for outcome in (Outcome.NO_DATA, Outcome.NOT_COMPARABLE):
        if count := outcomes.count(outcome) if image.outcome is not outcome else 0:
            sign, word, kind = MARKS[outcome]
            found.append((sign, f"{count} {word}", kind))
    return found


def _reason(image: Image) -> str | None:
    """Why a row has no values, or no verdicts."""
    if image.now is not None and not image.now.finished:
        return f"Its session {image.now.status}: {image.now.error or 'nothing tells why'}"
    if image.compared is None or image.compared.reason is None:
        return None
    who = "it " if image.compared.reason.startswith("was") else ""
    return f"{'No data' if image.now is None else 'New'}: {who}{image.compared.reason}"


def _cell(held: Cell | None, other: Cell | None, way: Way) -> Html:
    """A value with its verdict; ``other`` is what the image has of the metric in whatever way."""
    if held is None:
        if other is not None:
            return tag(
                "td",
                tag("span", "–", aria_hidden="true"),
                tag("span", "obtained otherwise", class_="sr"),
                class_="empty",
            )
        return tag(
            "td",
            tag("span", "–", aria_hidden="true"),
            tag("span", "never measured", class_="sr"),
            class_="empty",
        )
    measure, verdict = held
    if verdict is not None and verdict.after is None:
        told = f"{verdict.reason}; before {value(verdict.before)} {unit_of(measure)}; {obtained(measure)}"
        return tag("td", badge(mark_of(verdict)), class_="none", title=told)
    reach = band(measure)
    parts: list[Child] = [
        tag("b", value(measure).removesuffix(" %")),
        tag("span", reach, class_="band") if reach else None,
    ]
    said = obtained(measure)
    kind = "same"
    if verdict is not None:
        mark = mark_of(verdict)
        kind = mark[2]
        parts.append(tag("span", moved(verdict) or None, " ", badge(mark, short=True), class_="change"))
        before = f"before {value(verdict.before)}; " if verdict.before is not None else ""
        said = f"{verdict.reason}; {before}{said}"
    return tag("td", *parts, class_=kind, title=said)
