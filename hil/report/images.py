"""Each image by itself: all its values, its memory map, and where its cycles go."""

from __future__ import annotations

from collections.abc import Sequence

from hil.gate.wording import value
from hil.measure.verdicts import Outcome
from hil.metrics import lookup
from hil.report.data import Image, Report, Side
from hil.report.flame_graph import flame_graph
from hil.report.history import metrics_in_order
from hil.report.markup import Child, Html, tag
from hil.report.memory_map import memory_maps
from hil.report.summary import why_of
from hil.report.words import (
    amount,
    badge,
    mark_of,
    mark_of_image,
    moved,
    obtained,
    plural,
    title_of,
)
from hil.values import Measure

_OPENED = 3  # images that changed, whose parts are open


def images_section(report: Report, shown: Sequence[Html], left_out: int) -> Html:
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


def image(report: Report, one: Image, link: str, place: int, whole: bool = True) -> Html:
    """An image, folded unless it is among the first that changed; not ``whole``: its values alone."""
    mark = mark_of_image(one)
    opened = place < _OPENED and one.outcome in (Outcome.REGRESSION, Outcome.IMPROVEMENT)
    head = tag(
        "summary", tag("h3", one.case.told), " ", badge(mark), " ", tag("span", one.case.kind, class_="kind")
    )
    parts: list[Child] = [head, _told(one)]
    if report.result is not None and one.compared is not None:
        parts.append(why_of(report.result, one))
    parts.append(_values(one))
    if whole and one.now is not None and one.now.finished:
        parts += [tag("h4", "Memory map"), memory_maps(one)]
        before = one.before.profile if one.before is not None else None
        compared = report.result is not None and one.before is not None
        parts += [tag("h4", "Where the cycles go"), flame_graph(one.now.profile, before, compared)]
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
        measures = held.get(metric, [])
        if verdict is not None and verdict.after is None:
            rows.append(
                _row(
                    title_of(verdict.before) if verdict.before else lookup(metric).title,
                    None,
                    verdict.before,
                    "",
                    badge(mark_of(verdict)),
                    verdict.reason,
                    verdict.before,
                )
            )
        for measure in measures:
            if verdict is not None and _is_of(measure, verdict.after):
                rows.append(
                    _row(
                        title_of(measure),
                        measure,
                        verdict.before,
                        moved(verdict),
                        badge(mark_of(verdict)),
                        verdict.reason,
                        measure,
                    )
                )
            else:
                rows.append(_row(title_of(measure), measure, None, "", None, "", measure))
    if not rows:
        return None
    heads = ("Metric", "Value", "Baseline", "Change", "Verdict", "It rests on", "Obtained")
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    table = tag(
        "table",
        tag("caption", "All values of this session"),
        tag("thead", head),
        tag("tbody", *rows),
        class_="values",
    )
    return tag(
        "div", table, class_="scroll", tabindex=0, role="region", aria_label=f"Values of {one.case.told}"
    )


def _is_of(measure: Measure, compared: Measure | None) -> bool:
    return compared is not None and (measure.method, measure.technique) == (
        compared.method,
        compared.technique,
    )


def _row(
    title: str,
    held: Measure | None,
    before: Measure | None,
    change: str,
    mark: Html | None,
    reason: str,
    way: Measure | None,
) -> Html:
    return tag(
        "tr",
        tag("th", title, scope="row"),
        tag("td", tag("b", amount(held)) if held is not None else "–"),
        tag("td", value(before) if before is not None else "–"),
        tag("td", change),
        tag("td", mark if mark is not None else "–"),
        tag("td", reason, class_="text"),
        tag("td", obtained(way) if way is not None else "", class_="text"),
    )
