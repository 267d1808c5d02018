"""How values, times and hashes are written on every page."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from hil.metrics import lookup, unit_sign
from hil.text.wording import band_percents, percent

METHODS = {
    "measured": "read from a clock, silicon or a probe",
    "counted": "exact, up to the resolution of what counts",
    "estimated": "from a cycle model",
    "modelled": "computed from datasheets",
}

_NAME_MOST = 128  # letters, as the database holds


def value(metric: str, number: float) -> str:
    """A value without its unit."""
    if not math.isfinite(number):
        return str(number)
    if lookup(metric).share:
        return percent(number)
    if abs(number) >= lookup(metric).whole_from:
        return f"{number:,.0f}"
    return plain(number)


def amount(metric: str, number: float, stored_unit: str) -> str:
    """A value with its unit."""
    return f"{value(metric, number)} {unit(metric, stored_unit)}".strip()


def band(metric: str, number: float, ends: tuple[float, float]) -> str:
    """How far a value's band reaches, in percent of it: ``±4 %``, ``−3/+22 %``; else its ends."""
    percents = None if lookup(metric).share else band_percents(number, *ends)
    if percents is None:
        return _span(metric, ends)
    below, above = percents
    return f"±{above} %" if below == above else f"−{below}/+{above} %"


def expected(metric: str, number: float, ends: tuple[float, float]) -> str:
    """Where the true value is expected: ``59,364 to 74,664 (−3/+22 %)``."""
    span, reach = _span(metric, ends), band(metric, number, ends)
    return span if span == reach else f"{span} ({reach})"


def _span(metric: str, ends: tuple[float, float]) -> str:
    coarse = not lookup(metric).share and abs(ends[1]) >= 1000
    return " to ".join(f"{end:,.0f}" if coarse else value(metric, end) for end in ends)


def plain(number: float) -> str:
    """A number: whole ones in full, others with four significant figures."""
    if float(number).is_integer():
        return f"{number:,.0f}"
    if abs(number) >= 1000:
        return f"{number:,.1f}"
    return f"{number:.4g}"


def unit(metric: str, stored: str) -> str:
    """The unit to print after a value; empty when the metric's name already says it."""
    return "%" if lookup(metric).share else unit_sign(stored)


def change(metric: str, number: float, before: float) -> str:
    """What a value changed by since the one before it, signed, with the share of the one before."""
    step = number - before
    if step == 0:
        return "no change"
    sign = "+" if step > 0 else "−"
    if lookup(metric).share:
        return f"{sign}{abs(step) * 100:.2f} points"
    share = f" ({sign}{share_percent(step / before)})" if before else ""
    return f"{sign}{plain(abs(step))}{share}"


def share_percent(share: float) -> str:
    """A share without its sign, with two figures: ``4.2 %``, ``210 %``."""
    percent = abs(share) * 100
    return f"{percent:,.0f} %" if percent >= 99.5 else f"{percent:.2g} %"


def capital(words: str) -> str:
    """A phrase as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def day(time: datetime) -> str:
    """A date, ISO 8601."""
    return f"{time:%Y-%m-%d}"


def moment(time: datetime) -> str:
    """A date and time, the zone said."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """How long something took: ``9.4 s``, ``2 min 05 s``, ``1 h 12 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60:,} h {minutes % 60:02} min"


def now() -> str:
    """The present moment."""
    return moment(datetime.now(UTC))


def short(name: str) -> str:
    """A name from an address, cut when it is none that the lab would give."""
    return name if len(name) <= _NAME_MOST else f"{name[:_NAME_MOST]}…"


def commit(sha: str | None, dirty: bool | None) -> str:
    """A short commit, marked when the folder had changes that no commit holds."""
    if not sha:
        return "no commit"
    return sha[:10] + (" + changes" if dirty else "")


def of_commit(sha: str | None, dirty: bool | None, note: str | None) -> str:
    """A short commit within a sentence: ``commit 0123456789``, ``no commit``; with what it does not tell."""
    if not sha:
        return note or commit(sha, dirty)
    return f"commit {commit(sha, dirty)}" + (f" ({note})" if note else "")


def image(sha256: str | None) -> str:
    """A short image hash."""
    return sha256[:10] if sha256 else "no image"
