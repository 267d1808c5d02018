"""The head of a report: what was run, against what, what is worse and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from hil.gate.marks import mark_of
from hil.gate.result import Result, matters, told
from hil.gate.wording import (
    commit_lines,
    is_noisy,
    not_compared,
    summary,
    touching_lines,
    unlike_labs,
    value,
    why_lines,
)
from hil.masking import masked
from hil.measure.verdicts import Outcome, Verdict
from hil.metrics import lookup
from hil.report.data import Image, Report, RunFacts
from hil.report.markup import Child, Html, joined, table, tag
from hil.report.words import (
    badge,
    commit_of,
    lasted,
    listed,
    mark_of_image,
    moment,
    moved,
    obtained,
    plural,
    title_of,
)
from hil.text.wording import conditions_text
from hil_db.comparing import outcome_of
from hil_db.records import Status
from hil_db.references import shown_uuid

_MOST = 12  # images whose reasons stand in the summary; the others have theirs below
_LINES = 40


def head(report: Report) -> Html:
    """The title and the verdict in a sentence."""
    run = report.now.run
    kind, said = _verdict(report)
    where = " · ".join(filter(None, (run.branch, run.commit and run.commit[:12], moment(run.started))))
    return tag(
        "header",
        tag("p", "HIL lab report", class_="kind"),
        tag("h1", f"Run {run.id}"),
        tag("p", where, class_="where"),
        tag("p", said, class_=f"verdict {kind}", role="status"),
    )


def _verdict(report: Report) -> tuple[str, Html]:
    """The class of what came of it, and a sentence."""
    result, ended = report.result, _ended(report.now.run.status)
    if result is None or report.before is None:
        said = f" {_capital(report.alone or '')}; name a run with --baseline."
        return "same", joined([tag("b", "– Nothing to compare with."), said, ended])
    before = report.before.run
    against = f"run {before.id}" + (f" ({before.name})" if before.name != str(before.id) else "")
    counts = f" {summary(result.comparison)}."
    if result.comparison.count(Outcome.REGRESSION):
        return "worse", joined([tag("b", f"✗ Worse than {against}."), counts, ended])
    if not any(one.verdicts for one in result.comparison.cases):
        return "none", joined([tag("b", f"∅ Nothing can be compared with {against}."), counts, ended])
    if _is_missing(result):
        said = f"∅ Incomplete: what was measured is not worse than {against}."
        return "none", joined([tag("b", said), counts, ended])
    return "better", joined([tag("b", f"✓ Not worse than {against}."), counts, ended])


def _is_missing(result: Result) -> bool:
    """Whether something that the baseline has was not measured this time."""
    cases = result.comparison.cases
    lost = (one.outcome is Outcome.NO_DATA and matters(one) for case in cases for one in case.verdicts)
    return any(case.alone is Outcome.NO_DATA for case in cases) or any(lost)


def _ended(status: Status) -> str | None:
    """What a run's status means for its figures, None for a finished one."""
    if status is Status.FINISHED:
        return None
    if status is Status.RUNNING:
        return " The run is not over yet."
    if status is Status.FAILED:
        return " The run failed: not every planned test passed."
    return f" The run ended early ({status})."


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]


def facts(report: Report) -> Html:
    """Where the figures come from."""
    now, before = report.now, report.before
    rows = [*_of_run(now), ("Conditions", _conditions(report)), ("Versions", _versions(report))]
    if before is not None:
        rows.append(("Baseline", f"{before.run.told}; {masked(before.command)} on {before.host}"))
    rows += [("Database", report.place), ("Written", moment(report.made))]
    entries: list[Child] = []
    for name, held in rows:
        if held:
            entries += [tag("dt", name), tag("dd", held)]
    return tag(
        "section",
        tag("h2", "This run", id="run"),
        tag("dl", *entries, class_="facts"),
        *_mishaps(now),
        class_="card",
    )


def _of_run(facts: RunFacts) -> list[tuple[str, str | None]]:
    run = facts.run
    uid = f" (UUID {shown_uuid(run.uid)})" if run.uid else ""
    took = lasted(facts)
    return [
        ("Run", f"{run.id}{uid}"),
        ("Status", str(run.status)),
        ("Began", moment(run.started) + (f", took {took}" if took else "")),
        ("Command", masked(facts.command)),
        ("Host", facts.host),
        ("Commit", commit_of(facts)),
        ("Branch", run.branch),
        ("Tags", ", ".join(facts.tags)),
        ("Lab file", run.lab_path or "none: the built-in emulated board"),
    ]


def _versions(report: Report) -> str:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for name, version in report.now.versions.items():
        found[name][version] = None
    for image in report.images:
        for name, version in (image.now.versions if image.now is not None else {}).items():
            found[name][version] = None
    return "; ".join(f"{name} {', '.join(versions)}" for name, versions in found.items())


def _conditions(report: Report) -> str:
    """What values hold for, and which."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for image in report.images:
        for measure in image.now.measures if image.now is not None else ():
            if measure.conditions:
                found[conditions_text(measure.conditions)][lookup(measure.metric).title] = None
    return "; ".join(f"{', '.join(metrics)}: {held}" for held, metrics in found.items())


def _mishaps(facts: RunFacts) -> list[Html]:
    """Incidents of the bench: what happened to which board, and what was done."""
    if not facts.mishaps:
        return []
    rows = [
        tag(
            "tr",
            tag("th", one.board, scope="row"),
            tag("td", moment(one.time)),
            tag("td", one.kind),
            tag("td", one.action),
            tag("td", "–" if one.seconds is None else f"{one.seconds:.1f} s"),
            tag("td", one.evidence or ""),
        )
        for one in facts.mishaps[:_LINES]
    ]
    heads = ("Board", "When", "What", "Done", "Held up", "Evidence")
    more = len(facts.mishaps) - len(rows)
    return [
        tag("h3", "Incidents"),
        table("What failed on the bench itself, not in what it measured", heads, rows, "words", "Incidents"),
        *([tag("p", f"And {more:,} more.", class_="note")] if more > 0 else []),
    ]


def reasons(report: Report, links: Sequence[str]) -> Html:
    """What is worse and why, what is better, what could not be compared, the commits between.

    ``links`` are the images' own places in the file, in their order.
    """
    result = report.result
    if result is None:
        return joined([])
    parts: list[Child] = [tag("h2", "What is worse, and why", id="why")]
    pairs = list(zip(report.images, links, strict=True))
    worse = [pair for pair in pairs if pair[0].outcome is Outcome.REGRESSION]
    if not worse:
        parts.append(tag("p", "Nothing that was compared got worse.", class_="empty"))
    parts += [_case(result, image, link) for image, link in worse[:_MOST]]
    if len(worse) > _MOST:
        parts.append(
            tag(
                "p",
                f"And {plural(len(worse) - _MOST, 'image')} more, whose reasons stand with them below.",
                class_="note",
            )
        )
    unlike = unlike_labs(result.comparison)
    if unlike is not None:
        parts.append(tag("p", f"{_capital(unlike)}.", class_="note"))
    better = [pair for pair in pairs if pair[0].outcome is Outcome.IMPROVEMENT]
    parts.append(
        _folded(f"{plural(len(better), 'image')} got better", [_short(image, link) for image, link in better])
    )
    lines = not_compared(result.comparison)
    parts.append(_folded(f"{plural(len(lines), 'thing')} not compared, or new", lines))
    if result.changed:
        parts.append(
            _folded(
                "Commits between", commit_lines(result.commits), opened=len(result.commits.commits) <= _MOST
            )
        )
    return tag("section", *parts, class_="card")


def _case(result: Result, image: Image, link: str) -> Html:
    assert image.compared is not None
    verdicts = [
        one for one in told(image.compared) if outcome_of(one) in (Outcome.REGRESSION, Outcome.IMPROVEMENT)
    ]
    return tag(
        "article",
        tag("h3", badge(mark_of_image(image)), " ", tag("a", image.case.told, href=f"#{link}")),
        listed([changed(one) for one in verdicts]),
        why_of(result, image),
        class_="case",
    )


def changed(verdict: Verdict) -> Html:
    """A metric's change in a line: from what to what, by how much, how that was obtained."""
    held = verdict.after or verdict.before
    assert held is not None
    said = f" {value(verdict.before)} → {value(verdict.after)}"
    reason = f"; {verdict.reason}" if is_noisy(verdict) else ""
    return joined(
        [
            badge(mark_of(verdict)),
            " ",
            tag("b", title_of(held)),
            said,
            f" ({moved(verdict)})" if moved(verdict) else None,
            tag("span", f" {obtained(held)}{reason}", class_="kind"),
        ]
    )


def why_of(result: Result, image: Image) -> Html | None:
    """What is behind a case's changes, None where nothing is known."""
    assert image.compared is not None
    lines = [line for why in result.why(image.compared) for line in why_lines(why)]
    lines += touching_lines(result.of_models.get(image.case.model, ()))
    if not lines:
        return None
    return tag("div", tag("span", "Why", class_="label"), listed(lines), class_="why")


def _short(image: Image, link: str) -> Html:
    assert image.compared is not None
    better = [one for one in told(image.compared) if outcome_of(one) is Outcome.IMPROVEMENT]
    said = "; ".join(
        f"{one.metric.title} {value(one.before)} → {value(one.after)} ({moved(one)})" for one in better
    )
    return joined([tag("a", image.case.told, href=f"#{link}"), f": {said}"])


def _folded(title: str, lines: Sequence[str], opened: bool = False) -> Html | None:
    if not lines:
        return None
    more = [f"and {len(lines) - _LINES:,} more"] if len(lines) > _LINES else []
    return tag("details", tag("summary", title), listed([*lines[:_LINES], *more]), open=opened)
