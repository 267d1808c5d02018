"""How a comparison is said, in texts and in Markdown alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hil.commits import Between, OneCommit
from hil.gate.result import MOVED, counted, told
from hil.measure.profile import OTHER
from hil.measure.vectors import signed_percent
from hil.measure.verdicts import Outcome, Verdict
from hil.measure.why import Part, most_of
from hil.metrics import Metric, lookup, unit_sign
from hil.text.wording import conditions_text, percent
from hil.values import Measure
from hil_db.comparing import Comparison, outcome_of
from hil_db.explaining import Why

_PARTS = 3  # functions or symbols of one change that are named
_LEAST_SHARE = 0.05  # of the change: what did less is not named beside what did more
_TURNED = 3
_COMMITS = 10
_IMAGES = 3  # of which the same is said, by their names
_PLURALS = {Outcome.REGRESSION: "regressions", Outcome.IMPROVEMENT: "improvements"}


def value(measure: Measure | None) -> str:
    """A value without its unit: counts whole, shares in percent."""
    if measure is None:
        return "-"
    if lookup(measure.metric).share:
        return f"{percent(measure.value)} %"
    return number(measure.value)


def number(held: float) -> str:
    """A figure as people read it: whole, or of four digits."""
    return f"{held:,.0f}" if float(held).is_integer() or abs(held) >= 1000 else f"{held:.4g}"


def change(verdict: Verdict) -> str:
    """By how much a value changed, in percent; of a share in points of it; empty where that is not known."""
    if verdict.before is not None and verdict.after is not None and verdict.metric.share:
        return f"{(verdict.after.value - verdict.before.value) * 100:+.2f} pp"
    return "" if verdict.share is None else signed_percent(verdict.share)


def values(verdict: Verdict) -> tuple[str, str]:
    """The values of a change, before and after: those of one vector where it alone tells it."""
    if verdict.alone is not None:
        return number(verdict.alone.before), number(verdict.alone.after)
    return value(verdict.before), value(verdict.after)


def title(verdict: Verdict) -> str:
    """A metric's title with its unit, and the vector whose values are told where it is one."""
    held = verdict.after or verdict.before
    named = title_of(held) if held is not None else _titled(verdict.metric, verdict.metric.unit)
    return named if verdict.alone is None else f"{named}, vector {verdict.alone.vector}"


def vector_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """How many vectors changed, a line for all metrics of which the same is to be said."""
    said: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.vectors is not None:
            said.setdefault(verdict.vectors.told, []).append(verdict.metric.title)
    return [f"{', '.join(titles)}: {told}" for told, titles in said.items()]


def title_of(measure: Measure) -> str:
    """The title of a measure's metric with its unit."""
    return _titled(lookup(measure.metric), measure.unit)


def _titled(metric: Metric, unit: str) -> str:
    return f"{metric.title} {unit_sign(unit)}".rstrip()


def way(verdict: Verdict) -> str:
    """How the values were obtained."""
    held = verdict.after or verdict.before
    return "" if held is None else f"{held.method}, {held.technique}"


def conditions(verdict: Verdict) -> str:
    """What the values hold for, empty for nothing."""
    held = verdict.after or verdict.before
    return "" if held is None else conditions_text(held.conditions)


def is_noisy(verdict: Verdict) -> bool:
    """Whether the verdict rests on more than the two values."""
    return verdict.after is not None and verdict.after.method not in verdict.metric.exact


def one_line(verdict: Verdict) -> str:
    """A verdict in a line: ``Cycles 30,600 -> 45,900 (+50 %)``; where there are not two values, why.

    A percent that is not that of the two values is said to be that of the level.
    """
    if verdict.before is None or verdict.after is None or outcome_of(verdict) is Outcome.NOT_COMPARABLE:
        return f"{title(verdict)} {outcome_of(verdict)}: {verdict.reason}"
    moved = change(verdict)
    more = f" ({'' if _is_of_values(verdict) else 'level '}{moved})" if moved else ""
    before, after = values(verdict)
    return f"{title(verdict)} {before} -> {after}{more}"


def _is_of_values(verdict: Verdict) -> bool:
    """Whether the change is that of the two values told, and not of levels or of all vectors."""
    before, after, share = verdict.before, verdict.after, verdict.share
    if before is None or after is None or share is None or verdict.alone is not None:
        return True
    if verdict.metric.share or not before.value:
        return True
    return signed_percent((after.value - before.value) / abs(before.value)) == signed_percent(share)


def summary(comparison: Comparison) -> str:
    """How many images came out how: ``36 images: 1 regression, 35 unchanged``."""
    counts = counted(comparison.cases)
    said = [
        f"{count} {_PLURALS.get(outcome, outcome) if count != 1 else outcome}"
        for outcome, count in counts.items()
    ]
    total = len(comparison.cases)
    return f"{total} image{'s' if total != 1 else ''}: {', '.join(said) if said else 'nothing was run'}"


def not_compared(comparison: Comparison, apart_from: Collection[Outcome] = ()) -> list[str]:
    """What is new or could not be compared, and why: a line for all images of which the same is to be said.

    What else there is to know of images is said likewise.

    Left out are outcomes that are told by themselves, ``apart_from`` those of changes.
    """
    said: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in comparison.cases:
        of_image: dict[str, list[str]] = {}
        if one.note is not None:
            of_image[one.note] = []
        if one.alone is not None and one.alone not in apart_from:
            of_image[f"{one.alone}, {one.reason}"] = []
        for verdict in told(one):
            outcome = outcome_of(verdict)
            if outcome not in (*MOVED, *apart_from):
                of_image.setdefault(f"{outcome}, {verdict.reason}", []).append(verdict.metric.title)
        for why, titles in of_image.items():
            said.setdefault((why, tuple(titles)), []).append(one.case.told)
    lines = []
    for (why, metrics), images in said.items():
        which = ", ".join(images) if len(images) <= _IMAGES else f"{len(images)} images"
        lines.append(": ".join(filter(None, [which, ", ".join(metrics), why])))
    return lines


def unlike_labs(comparison: Comparison) -> str | None:
    """What to know when nothing of a run can be compared, or when it seems to be another lab's; or None."""
    now, before = comparison.now, comparison.before
    if before is None:
        return None
    if any(one.verdicts for one in comparison.cases):
        if now.host == before.host or now.lab_sha256 == before.lab_sha256 or now.origin != before.origin:
            return None
        labs = [f"host {run.host} with {run.lab_path or 'the built-in lab'}" for run in (now, before)]
        return f"another lab may have measured run {before.id}: {labs[0]} now, {labs[1]} before"
    held = (
        {one.case.board for one in comparison.cases if one.now is not None},
        {one.case.board for one in comparison.cases if one.before is not None},
    )
    boards = [", ".join(sorted(names)) or "none" for names in held]
    told = f"nothing of run {now.id} can be compared with run {before.id}"
    if boards[0] != boards[1]:
        told += f": boards {boards[0]} now, {boards[1]} before"
    if now.lab_sha256 != before.lab_sha256:
        labs = [run.lab_path or "the built-in lab" for run in (now, before)]
        told += f"; they are of other labs: {labs[0]} now, {labs[1]} before"
    return told


def why_lines(why: Why) -> list[str]:
    """What is behind the change of a metric, a line each."""
    if why.note is not None:
        return [why.note]
    lines = [_part(part, why, _whole(why.parts)) for part in _named(why.parts)]
    rest = len(why.parts) - len(lines)
    if rest > 0 and lines:
        what = "symbol" if why.unit == "B" else "function"
        lines.append(f"and {rest} other {what}{'s' if rest != 1 else ''} by less")
    if why.parts and why.classes:
        lines.append(_class(why))
    if why.turned:
        shown = ", ".join(f"{one.vector} ({one.before} -> {one.after})" for one in why.turned[:_TURNED])
        more = f", … {len(why.turned) - _TURNED} more" if len(why.turned) > _TURNED else ""
        count = len(why.turned)
        lines.append(f"{count} vector{'s' if count != 1 else ''} changed class: {shown}{more}")
    return lines or [_nothing(why)]


def _class(why: Why) -> str:
    """Which class of instructions did it, in the function that did most, or else in the image."""
    most = most_of(why.classes) or why.classes[0]
    kind = "what depends on data" if most.name == OTHER else f"{most.name} instructions"
    where = why.classes_of or "the whole image"
    return f"in {where} most by {kind}: {_moved(most)} cycles an inference"


def _nothing(why: Why) -> str:
    if why.unit == "1":
        return "no vector changed its class"
    return f"no {'symbol' if why.unit == 'B' else 'function'} changed"


def _named(parts: Sequence[Part]) -> list[Part]:
    """Those that did most of the change, and in its direction."""
    whole = _whole(parts)
    ahead = [part for part in parts if part.more * whole > 0] or list(parts)
    least = _LEAST_SHARE * abs(whole)
    return [part for part in ahead[:_PARTS] if abs(part.more) >= least] or ahead[:1]


def _whole(parts: Sequence[Part]) -> float:
    return sum(part.more for part in parts)


def _part(part: Part, why: Why, whole: float) -> str:
    name = f"{part.name} (was {part.was})" if part.was else part.name
    if part.joined:
        name += f" with {', '.join(part.joined)}"
    if part.before == 0:
        how = f"is new: {number(part.after)} {why.unit}"
    elif part.after == 0:
        how = f"is gone: {number(part.before)} {why.unit}"
    else:
        how = f"{number(part.before)} -> {number(part.after)} {why.unit}"
    each = "" if why.unit == "B" else " an inference"
    share = f", {part.more / whole * 100:.0f} % of the change" if whole else ""
    return f"{name} {how}{each} ({_moved(part)}{share})"


def _moved(part: Part) -> str:
    return ("+" if part.more > 0 else "-") + number(abs(part.more))


def who(reasons: Sequence[Why]) -> str | None:
    """Who is to blame, in a few words: a function or a symbol, or how many vectors."""
    for why in reasons:
        if why.parts:
            part = _named(why.parts)[0]
            return f"{part.name} {_moved(part)} {why.unit}"
        if why.turned:
            return f"{len(why.turned)} vector{'s' if len(why.turned) != 1 else ''} changed class"
    return None


def touching_lines(commits: Sequence[OneCommit]) -> list[str]:
    """Those of the commits between that touched an image's model."""
    lines = [f"its folder changed in {one.sha[:10]} {one.subject}" for one in commits[:_PARTS]]
    return [*lines, f"and in {len(commits) - _PARTS} more"] if len(commits) > _PARTS else lines


def commit_lines(commits: Between) -> list[str]:
    """The commits between, newest first, a line each under a head; or why they are not known."""
    lines = []
    if commits.commits:
        count = len(commits.commits)
        lines.append(f"{count} commit{'s' if count != 1 else ''} between:")
        lines += [f"  {one.sha[:10]} {one.subject}" for one in commits.commits[:_COMMITS]]
        if count > _COMMITS:
            lines.append(f"  and {count - _COMMITS} more")
    if commits.missing:
        count = commits.missing
        are = "commits of the baseline are" if count != 1 else "commit of the baseline is"
        lines.append(f"{count} {are} not in this one's history")
    return [*lines, commits.note] if commits.note else lines
