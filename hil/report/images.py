"""Each image by itself: all its values, its memory map, and where its cycles go."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from hil.gate.marks import mark_of
from hil.gate.wording import value
from hil.measure.verdicts import Outcome, Verdict
from hil.metrics import lookup
from hil.report.data import Image, Report, Side
from hil.report.flame_graph import flame_graph
from hil.report.history import metrics_in_order
from hil.report.markup import Child, Html, table, tag
from hil.report.memory_map import memory_maps
from hil.report.summary import why_of
from hil.report.words import amount, badge, mark_of_image, moved, obtained, plural
from hil.values import Measure

_OPENED = 3  # images that changed, whose parts are open


class Depth(IntEnum):
    """How much of an image is shown: its name and reasons, its values too, its pictures too."""

    NAME = 0
    VALUES = 1
    WHOLE = 2


def images_section(shown: Sequence[Html], left_out: int) -> Html:
    """The images, the worst first."""
    parts: list[Child] = [tag("h2", "Images", id="images")]
    parts.append(
        tag("p", "Values, memory and cycles of each, the worst first.", class_="note") if shown else None
    )
    parts += shown
    if left_out:
        told = f"Memory and cycles of {plural(left_out, 'image')} that changed least are left out: "
        told += "the file would be too large."
        parts.append(tag("p", told, class_="note"))
    return tag("section", *parts, class_="card")


def image(report: Report, one: Image, link: str, place: int, depth: Depth) -> Html:
    """An image, folded unless it is among the first that changed."""
    mark = mark_of_image(one)
    opened = place < _OPENED and one.outcome in (Outcome.REGRESSION, Outcome.IMPROVEMENT)
    head = tag(
        "summary", tag("h3", one.case.told), " ", badge(mark), " ", tag("span", one.case.kind, class_="kind")
    )
    parts: list[Child] = [head, _told(one)]
    if report.result is not None and one.compared is not None:
        parts.append(why_of(report.result, one))
    if depth is Depth.WHOLE and one.now is not None and one.now.finished:
        before = one.before.profile if one.before is not None else None
        compared = report.result is not None and one.before is not None
        parts += [tag("h4", "Where the cycles go"), flame_graph(one.now.profile, before, compared)]
        parts += [tag("h4", "Memory map"), memory_maps(one)]
    if depth is not Depth.NAME:
        parts.append(_values(one))
    return tag("details", *parts, class_=f"image {mark[2]}", id=link, data_name=one.case.told, open=opened)


def _told(one: Image) -> Html:
    """Its sessions in a paragraph, and why there is nothing to compare."""
    said = []
    if one.now is None:
        said.append("It was not run this time.")
    else:
        if not one.now.finished:
            said.append(f"Its session {one.now.status}: {one.now.error or 'nothing tells why'}.")
        said.append(f"{_image(one.now)}.")
    if one.before is not None:
        same = one.now is not None and one.now.sha256 is not None and one.now.sha256 == one.before.sha256
        said.append(
            "The baseline ran the same image." if same else f"The baseline ran {_image(one.before, False)}."
        )
    if (
        one.compared is not None
        and one.compared.reason is not None
        and one.now is not None
        and one.now.finished
    ):
        said.append(f"Not compared: it {one.compared.reason}.".replace("it its", "its"))
    return tag("p", " ".join(said), class_="note")


def _image(side: Side, first: bool = True) -> str:
    told = "Image" if first else "image"
    if side.sha256 is None:
        return f"{told} unknown: it could not be read or trusted"
    return f"{told} {side.sha256[:12]}, built by {side.toolchain}"


def _values(one: Image) -> Html | None:
    """All values of the session, coarser techniques among them, with the baseline's."""
    verdicts = one.verdicts
    rows = []
    held: dict[str, list[Measure]] = {}
    for measure in one.now.measures if one.now is not None else ():
        held.setdefault(measure.metric, []).append(measure)
    for metric in metrics_in_order({*held, *verdicts}):
        verdict = verdicts.get(metric)
        if verdict is not None and verdict.after is None and verdict.before is not None:
            rows.append(_row(verdict.before, verdict, missing=True))
        for measure in held.get(metric, ()):
            of_it = verdict is not None and _is_of(measure, verdict.after)
            rows.append(_row(measure, verdict if of_it else None))
    if not rows:
        return None
    heads = ("Metric", "Value", "Baseline", "Change", "Verdict", "It rests on", "Obtained")
    told = "Values of this session, with those of the baseline"
    held_in = table(told, heads, rows, "values", f"Values of {one.case.told}")
    return tag("details", tag("summary", f"All {plural(len(rows), 'value')}"), held_in)


def _is_of(measure: Measure, compared: Measure | None) -> bool:
    if compared is None:
        return False
    return (measure.method, measure.technique) == (compared.method, compared.technique)


def _row(held: Measure, verdict: Verdict | None, *, missing: bool = False) -> Html:
    """A value with the verdict on it, where it is the one that was compared; ``missing``: the baseline's."""
    before = verdict.before if verdict is not None else None
    return tag(
        "tr",
        tag("th", lookup(held.metric).title, scope="row"),
        tag("td", tag("b", amount(held)) if not missing else "–"),
        tag("td", value(before) if before is not None else "–"),
        tag("td", moved(verdict) if verdict is not None else ""),
        tag("td", badge(mark_of(verdict)) if verdict is not None else "–"),
        tag("td", verdict.reason if verdict is not None else "", class_="text"),
        tag("td", obtained(held), class_="text"),
    )
