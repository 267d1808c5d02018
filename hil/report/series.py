"""The history of each metric, the metrics that changed most first, and of each the images that did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hil.gate.marks import mark_of
from hil.gate.result import ORDER
from hil.measure.verdicts import Outcome, Verdict
from hil.metrics import lookup
from hil.report.chart import Step, chart, steps
from hil.report.data import Image, Report, RunPoint, Series
from hil.report.history import metrics_in_order
from hil.report.markup import Child, Html, tag
from hil.report.words import amount, badge, moment, moved, obtained, plain_amount, plural, title_of
from hil_db.comparing import outcome_of

_STEPS_TOLD = 3


@dataclass(frozen=True)
class Figure:
    """A chart as markup; ``changed``: its verdict is that it got worse or better."""

    metric: str
    link: str
    changed: bool
    html: Html


def figures(report: Report, links: Sequence[str]) -> list[Figure]:
    """A figure for every series, the worst changes first."""
    found: list[tuple[tuple[int, float, int, int], Figure]] = []
    order = metrics_in_order({metric for _, metric in report.series})
    for place, (image, link) in enumerate(zip(report.images, links, strict=True)):
        verdicts = image.verdicts
        for metric in order:
            series = report.series.get((image.case, metric))
            if series is None:
                continue
            verdict = verdicts.get(metric)
            outcome = None if verdict is None else outcome_of(verdict)
            changed = outcome in (Outcome.REGRESSION, Outcome.IMPROVEMENT)
            rank = ORDER.index(outcome) if outcome is not None else len(ORDER)
            most = -abs(verdict.share or 0.0) if changed and verdict is not None else 0.0
            html = _figure(image, link, series, verdict, report.runs)
            found.append(((rank, most, place, order.index(metric)), Figure(metric, link, changed, html)))
    return [figure for _, figure in sorted(found, key=lambda one: one[0])]


def series_section(report: Report, shown: Sequence[Figure], left_out: int) -> Html:
    """The figures by metric: those with changes open, the others folded."""
    by_metric: dict[str, list[Figure]] = defaultdict(list)
    for figure in shown:
        by_metric[figure.metric].append(figure)
    changed = [figure for figure in shown if figure.changed]
    order = list(dict.fromkeys(figure.metric for figure in changed))
    order += [metric for metric in metrics_in_order(set(by_metric)) if metric not in order]
    parts: list[Child] = [tag("h2", "Series", id="series"), tag("p", _about(report), class_="note")]
    for metric in order:
        parts.append(_group(metric, by_metric[metric]))
    if not shown:
        parts.append(tag("p", "There are no values to plot.", class_="empty"))
    if left_out:
        told = f"{left_out:,} series of what did not change are left out, as the file would be too large: "
        parts.append(tag("p", told, "the dashboard has them.", class_="note"))
    return tag("section", *parts, class_="card")


def _about(report: Report) -> str:
    runs = report.runs
    if not runs:
        return ""
    ends = " to ".join(f"{run.id} of {moment(run.started)}" for run in dict.fromkeys((runs[0], runs[-1])))
    told = f"{plural(len(runs), 'run')}, {ends}."
    if report.result is not None:
        told += " The dashed line is the baseline's value, an upright line a change of level."
    return told + " A cross at the foot is a run in which the image's session did not finish."


def _group(metric: str, held: Sequence[Figure]) -> Html:
    count = sum(figure.changed for figure in held)
    told = (
        f"{plural(count, 'image')} changed, {plural(len(held) - count, 'other')}"
        if count
        else f"{plural(len(held), 'image')}"
    )
    head = tag("summary", tag("h3", lookup(metric).title), tag("span", told, class_="kind"))
    changed = [figure.html for figure in held if figure.changed]
    others = [figure.html for figure in held if not figure.changed]
    body: list[Child] = []
    if changed:
        body.append(tag("div", *changed, class_="charts"))
        if others:
            grid = tag("div", *others, class_="charts")
            body.append(tag("details", tag("summary", plural(len(others), "other image")), grid))
    else:
        body.append(tag("div", *others, class_="charts"))
    return tag("details", head, *body, class_="group", open=bool(count))


def _figure(
    image: Image, link: str, series: Series, verdict: Verdict | None, runs: Sequence[RunPoint]
) -> Html:
    found = steps(series)
    mark = badge(mark_of(verdict), short=True) if verdict is not None else None
    held = verdict.after if verdict is not None and verdict.after is not None else None
    now = amount(held if held is not None else series.like) if _is_now(image, verdict) else "no value now"
    change = moved(verdict) if verdict is not None else ""
    told = f"{title_of(series.like)} of {image.case.told} over {plural(len(series.values), 'run')}"
    caption = tag(
        "figcaption",
        tag("a", image.case.told, href=f"#{link}"),
        tag("span", tag("b", now), f" {change} ", mark, class_="now"),
    )
    kind = mark_of(verdict)[2] if verdict is not None else "same"
    notes = tag("p", "; ".join(_notes(series, verdict, found, runs)), class_="note")
    return tag(
        "figure",
        caption,
        chart(series, runs, found, told),
        notes,
        class_=f"series {kind}",
        data_name=image.case.told,
    )


def _is_now(image: Image, verdict: Verdict | None) -> bool:
    return image.now is not None and (verdict is None or verdict.after is not None)


def _notes(
    series: Series, verdict: Verdict | None, found: Sequence[Step], runs: Sequence[RunPoint]
) -> list[str]:
    notes = [obtained(series.like)]
    if series.scaled:
        notes.append("as a host as fast as this run's would take: by the reference workload")
    if verdict is not None and verdict.outcome is not Outcome.UNCHANGED:
        notes.append(verdict.reason)
    for step in found[-_STEPS_TOLD:]:
        before, after = plain_amount(series.like, step.before), plain_amount(series.like, step.after)
        notes.append(f"run {runs[step.place].id}: {before} → {after}")
    if len(found) > _STEPS_TOLD:
        notes.append(f"and {plural(len(found) - _STEPS_TOLD, 'earlier change')}")
    if series.others:
        notes.append(f"{plural(series.others, 'run')} obtained otherwise, not shown")
    return notes
