"""How a report says values, changes and verdicts: as `hil check` does, with a mark before each word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hil.gate.marks import MARKS, TOLERATED, UNJUDGED
from hil.gate.wording import change, number, value
from hil.measure.verdicts import Outcome, Verdict
from hil.metrics import lookup, unit_sign
from hil.report.data import Image, RunFacts
from hil.report.markup import Child, Html, tag
from hil.text.wording import band_percents, conditions_text
from hil.values import Measure

MEANINGS = (
    (MARKS[Outcome.REGRESSION], "it changed for the worse, by more than its threshold allows"),
    (MARKS[Outcome.IMPROVEMENT], "it changed for the better, by more than its threshold"),
    (MARKS[Outcome.UNCHANGED], "equal, or a change within the noise"),
    (TOLERATED, "it changed, by no more than its threshold allows"),
    (MARKS[Outcome.NEW], "the baseline has none to compare with"),
    (MARKS[Outcome.NOT_COMPARABLE], "obtained in another way, or under other conditions, than the baseline"),
    (MARKS[Outcome.NO_DATA], "the baseline has it, and this run does not: it was not run, or it failed"),
    (("∅", "does not fit", "none"), "the image is larger than the board's memory: it could not be run"),
    (UNJUDGED, "there are two values, but its noise is not known yet"),
    (("–", "", "same"), "never measured of this image"),
)


def mark_of_image(image: Image) -> tuple[str, str, str]:
    """(mark, word, class) of an image; without a baseline whether it finished."""
    if image.now is not None and not image.now.fits:
        return ("∅", "does not fit", "none")
    if image.now is not None and not image.now.finished:
        return ("∅", image.now.status, "none")
    if image.outcome is None:
        return ("–", "not compared", "same")
    return MARKS[image.outcome]


def badge(mark: tuple[str, str, str], short: bool = False) -> Html:
    """A verdict as a mark and its word; ``short``: what is unchanged is the mark alone, for eyes."""
    sign, word, kind = mark
    hidden = short and kind == "same" and sign == "="
    said = tag("span", word, class_="sr") if hidden else Html(f" {word}")
    return tag("span", tag("span", sign, aria_hidden="true"), said, class_=f"mark {kind}")


def title_of(measure: Measure) -> str:
    """A metric's title with its unit."""
    unit = "%" if lookup(measure.metric).share else unit_sign(measure.unit)
    return f"{lookup(measure.metric).title}{f', {unit}' if unit else ''}"


def unit_of(measure: Measure) -> str:
    """The unit that stands behind a value; empty where its text or its title says it."""
    return "" if lookup(measure.metric).share else unit_sign(measure.unit)


def amount(measure: Measure | None) -> str:
    """A value with its unit."""
    if measure is None:
        return "–"
    return f"{value(measure)} {unit_of(measure)}".rstrip()


def plain_amount(like: Measure, held: float) -> str:
    """A value of the history, as those like it are written."""
    if lookup(like.metric).share:
        return f"{held * 100:.2f} %"
    return f"{number(held)} {unit_of(like)}".rstrip()


def band(measure: Measure) -> str:
    """How far its band reaches, in percent of it; empty without one."""
    percents = None if measure.band is None else band_percents(measure.value, *measure.band)
    if percents is None:
        return ""
    below, above = percents
    return f"±{above} %" if below == above else f"−{below}/+{above} %"


def obtained(measure: Measure) -> str:
    """By which method and technique, under which conditions, to which step, within which band."""
    told = [f"{measure.method}, {measure.technique}", conditions_text(measure.conditions)]
    if measure.resolution is not None and not lookup(measure.metric).share:
        told.append(f"steps of {number(measure.resolution)} {unit_sign(measure.unit)}".rstrip())
    if reach := band(measure):
        told.append(f"expected within {reach}")
    return "; ".join(filter(None, told))


def moved(verdict: Verdict) -> str:
    """By how much it changed, empty where nothing is known of it or it did not."""
    if (
        verdict.before is not None
        and verdict.after is not None
        and verdict.before.value == verdict.after.value
    ):
        return ""
    return change(verdict).replace("-", "−")


def moment(time: datetime) -> str:
    """A date and time, the zone said."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def lasted(facts: RunFacts) -> str | None:
    """How long a run took, None while that is not known."""
    if facts.finished is None:
        return None
    seconds = (facts.finished - facts.run.started).total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def commit_of(facts: RunFacts) -> str:
    """A run's commit within a sentence."""
    run = facts.run
    if not run.commit:
        return facts.note or "no commit"
    told = run.commit[:12] + (" with changes that are in no commit" if run.dirty else "")
    return told + (f" ({facts.note})" if facts.note else "")


def plural(count: int, thing: str) -> str:
    """``1 image``, ``1,200 images``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def listed(lines: Sequence[Child]) -> Html | None:
    """A list, None without lines."""
    return tag("ul", *(tag("li", line) for line in lines)) if lines else None
