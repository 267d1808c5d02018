"""Verdicts: whether one value of a metric is worse than another, or why that cannot be said.

Exact metrics are compared, any change is one, of a single vector too. Noisy ones are taken for changed when a
change point lies between the two runs, or when their vectors (in a short history also their values) lie
further apart than sessions of one image do. What was obtained in another way, or holds for other conditions,
is not compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hil.measure.changes import LEAST_HISTORY, Change, changes, noise_beside, threshold
from hil.measure.paired import LEAST_REPEATS, Floor, floor, paired
from hil.measure.vectors import Moved, Pair, moved, signed_percent
from hil.metrics import Better, Metric, lookup
from hil.text.wording import condition_name, condition_value
from hil.values import Measure


class Outcome(StrEnum):
    """What came of a comparison."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    UNCHANGED = "unchanged"
    NEW = "new"
    NO_DATA = "no data"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True)
class Bench:
    """Where a session ran: the id of the board's debug probe, the database it was imported from, the host.

    None where there is no such thing, or it is not known: an emulated board has no probe that tells it from
    another, what began in this database was not imported.
    """

    probe: str | None = None
    origin: str | None = None
    host: str = ""

    def unlike(self, before: Bench) -> str | None:
        """Why what is noisy is not compared with a session there; None for one and the same bench.

        The host alone tells nothing: in CI every night has another.
        """
        if self.probe is not None and before.probe is not None:
            if self.probe == before.probe:
                return None
            now, then = (f"probe {one.probe} on {one.host}" for one in (self, before))
            return f"another board: {now} now, {then} before"
        if self.origin == before.origin:
            return None
        now, then = (
            f"host {one.host}" + (f" of {one.origin}" if one.origin is not None else "")
            for one in (self, before)
        )
        return f"another lab: {now} now, {then} before"


@dataclass(frozen=True, eq=False)
class Taken:
    """A measure of one session: of which image, over which vectors, with the values behind it, (vectors,).

    ``vectors`` names the set and how many of it ran. ``reference`` is what the session's reference workload
    took, which a noisy value is divided by; None where there was none. ``samples`` of an exact metric are
    there where those of two sessions may differ.
    """

    measure: Measure
    image: str | None = None
    vectors: str | None = None
    samples: npt.NDArray[np.generic] | None = None
    reference: float | None = None
    bench: Bench = Bench()

    @property
    def normal(self) -> float:
        """The value in units of the reference workload."""
        return self.measure.value / (self.reference or 1.0)


@dataclass(frozen=True, eq=False)
class Series:
    """A noisy metric's values up to now, ``normal`` as those of a Taken and all alike, oldest first.

    ``images`` tells each value's image, None where that is not known. ``place`` is that of the older of the
    two that are compared, None when it is not among them.
    """

    normal: npt.NDArray[np.float64]
    images: Sequence[Hashable]
    place: int | None


@dataclass(frozen=True)
class Tolerance:
    """A change up to ``share`` of the older value, or up to ``amount`` in its unit, does not matter."""

    share: float = 0.0
    amount: float = 0.0

    def covers(self, before: float, after: float) -> bool:
        """Whether a change from the one to the other is small enough."""
        return abs(after - before) <= max(self.share * abs(before), self.amount)


@dataclass(frozen=True)
class Verdict:
    """The outcome for one metric; ``reason`` is a phrase that says what it rests on.

    ``before`` and ``after`` are what was compared, None where there is none. ``share`` is by how much it
    changed, of the older value: of a noisy metric its level did, None where that is not known. ``tolerated``:
    it changed, by no more than matters. ``vectors`` are those that changed of an exact metric, None where
    none did, or where nothing is known of them. ``alone`` is the vector that tells the change, and by whose
    value the ``share`` is, where ``before`` and ``after`` do not.
    """

    metric: Metric
    outcome: Outcome
    before: Measure | None
    after: Measure | None
    reason: str
    share: float | None = None
    tolerated: bool = False
    vectors: Moved | None = None
    alone: Pair | None = None


EXACT = Tolerance()


def judge(
    name: str,
    now: Sequence[Taken],
    before: Sequence[Taken],
    tolerance: Tolerance = EXACT,
    history: Series | None = None,
) -> Verdict:
    """The verdict on the metric ``name`` of one board, model and precision.

    ``now`` and ``before`` are what two sessions hold of it, one entry per technique: of those that both have
    the finest is compared, the ``pair_of`` the two. ``history`` are the values of all sessions that are like
    it; only noisy metrics look at it.
    """
    metric = lookup(name)
    if not now:
        return Verdict(metric, Outcome.NO_DATA, _measure(before), None, "was not measured this time")
    if not before:
        return Verdict(metric, Outcome.NEW, None, _measure(now), "was not measured before")
    pair = pair_of(metric, now, before)
    if pair is None:
        reason = f"{_otherwise(now, before)}: {_ways(now)} now, {_ways(before)} before"
        return Verdict(metric, Outcome.NOT_COMPARABLE, _measure(before), _measure(now), reason)
    new, old = pair
    unlike = _unlike(metric, new, old)
    if unlike is not None:
        return Verdict(metric, Outcome.NOT_COMPARABLE, old.measure, new.measure, unlike)
    if new.measure.method in metric.exact:
        return _exact(metric, new, old, tolerance)
    return _noisy(metric, new, old, tolerance, history)


def _measure(taken: Sequence[Taken]) -> Measure | None:
    return taken[-1].measure if taken else None


def _otherwise(now: Sequence[Taken], before: Sequence[Taken]) -> str:
    """What two sessions that have no way in common have another of."""
    methods = {one.measure.method for one in now} & {one.measure.method for one in before}
    return "other technique" if methods else "other method"


def _ways(taken: Sequence[Taken]) -> str:
    return " and ".join(f"{one.measure.method} by {one.measure.technique}" for one in taken)


def pair_of(metric: Metric, now: Sequence[Taken], before: Sequence[Taken]) -> tuple[Taken, Taken] | None:
    """The newer and the older value by the finest technique that both were obtained by."""
    older = {(one.measure.method, one.measure.technique): one for one in before}
    pairs = [
        (one, older[way]) for one in now if (way := (one.measure.method, one.measure.technique)) in older
    ]
    return min(pairs, key=lambda pair: len(metric.finer(pair[0].measure.technique)), default=None)


def _unlike(metric: Metric, new: Taken, old: Taken) -> str | None:
    """Why two values of one technique are not to be compared; None when they are."""
    if new.measure.unit != old.measure.unit:
        return f"in {new.measure.unit} now, in {old.measure.unit} before"
    held, holds = old.measure.conditions, new.measure.conditions
    for name in sorted({*held, *holds}):
        if held.get(name) != holds.get(name):
            now, then = (
                condition_value(name, one[name]) if name in one else "not told" for one in (holds, held)
            )
            return f"{condition_name(name)} {now} now, {then} before"
    if metric.of_vectors and new.vectors != old.vectors:
        return "over other vectors"
    if new.measure.method in metric.exact:
        return None
    if (new.reference is None) != (old.reference is None):
        without = "now" if new.reference is None else "before"
        return f"without a reference workload {without}"
    return new.bench.unlike(old.bench)


def _exact(metric: Metric, new: Taken, old: Taken, tolerance: Tolerance) -> Verdict:
    """One step of a counter may be its phase; but one of a share is a vector that went the other way.

    What is worse in the value or in the mean of all vectors is worse; and where some vectors take as much
    more as others take less, those that take more count.
    """
    before, after = old.measure, new.measure
    step = 0.0 if metric.share else _step(new, old)
    apart, vectors = after.value - before.value, _vectors(new, old, step)
    signs = {np.sign(apart)} if abs(apart) > step else set()
    if vectors is not None:
        signs.add(np.sign(vectors.net))
    share = apart / abs(before.value) if before.value else None
    if not signs:
        same = "equal" if apart == 0 else f"equal up to {step:g} {after.unit}"
        return Verdict(metric, Outcome.UNCHANGED, before, after, same, share if apart else 0.0)
    worse = -1.0 if metric.better is Better.HIGHER else 1.0
    is_worse = worse in signs or signs == {0.0}
    outcome = _direction(metric, (worse > 0) == is_worse)
    covered = tolerance.covers(before.value, after.value)
    alone = None
    if vectors is not None:
        covered = covered and tolerance.covers(vectors.before, vectors.before + vectors.apart)
        if abs(apart) <= step or (apart * worse > 0) != is_worse:
            alone = (vectors.more if (worse > 0) == is_worse else vectors.less) or vectors.most
            share = (alone.after - alone.before) / abs(alone.before) if alone.before else None
    reason = "compared exactly" if vectors is None else vectors.told
    return Verdict(metric, outcome, before, after, reason, share, covered, vectors, alone)


def _step(new: Taken, old: Taken) -> float:
    """The smallest change that both can tell."""
    return max(new.measure.resolution or 0.0, old.measure.resolution or 0.0)


def _vectors(new: Taken, old: Taken, step: float) -> Moved | None:
    """How many vectors changed, where both sessions tell."""
    if new.samples is None or old.samples is None or len(new.samples) != len(old.samples):
        return None
    return moved(old.samples, new.samples, step)


def _direction(metric: Metric, higher: bool) -> Outcome:
    if metric.better is None:
        return Outcome.UNCHANGED
    return Outcome.IMPROVEMENT if higher == (metric.better is Better.HIGHER) else Outcome.REGRESSION


def _noisy(metric: Metric, new: Taken, old: Taken, tolerance: Tolerance, history: Series | None) -> Verdict:
    """By change points where the history is long enough, and vector by vector against the noise of sessions.

    What a whole session takes, without a value per vector, is too often an outlier to tell a change by one
    session alone: there the change points decide, as soon as the history is long enough for them.
    """
    apart = abs(new.measure.value - old.measure.value)
    if new.normal == old.normal or (new.reference is None and apart <= _step(new, old)):
        return Verdict(metric, Outcome.UNCHANGED, old.measure, new.measure, "equal", 0.0)
    values = history.normal if history is not None else np.empty(0)
    if min(new.normal, old.normal, float(np.min(values, initial=1.0))) <= 0:  # noise is a share of the value
        return Verdict(metric, Outcome.NO_DATA, old.measure, new.measure, "a value is not above 0")
    pair = _Pair(metric, new, old, tolerance, _shift(new, old))
    images = _of_images(history)
    if history is None or history.place is None or len(values) < LEAST_HISTORY:
        if images is None:
            reason = f"its noise is not known: fewer than {LEAST_REPEATS} sessions repeat an image"
            return Verdict(metric, Outcome.NO_DATA, old.measure, new.measure, reason)
        return pair.beyond(images) or pair.unchanged(f"within {images.told}")
    logs = np.log(values)
    found = changes(logs)
    moved = pair.stepped([change for change in found if change.index > history.place], len(values))
    if moved is not None:
        return moved
    quiet = f"no change point in {len(values)} runs"
    if pair.shift.standard_error is None:
        return pair.unchanged(quiet)
    beside = Floor(noise_beside(logs, found), len(values), of_images=False)
    noise = beside if images is None or images.sigma < beside.sigma else images
    return pair.beyond(noise) or pair.unchanged(f"{quiet}, and within {noise.told}")


@dataclass(frozen=True)
class _Shift:
    """The natural logarithm of how much more there is now; its error where vectors were compared."""

    log_ratio: float
    standard_error: float | None = None


@dataclass(frozen=True)
class _Pair:
    """The two values of a noisy metric, how far they lie apart, and what of that does not matter."""

    metric: Metric
    new: Taken
    old: Taken
    tolerance: Tolerance
    shift: _Shift

    def unchanged(self, reason: str) -> Verdict:
        return Verdict(self.metric, Outcome.UNCHANGED, self.old.measure, self.new.measure, reason)

    def stepped(self, found: Sequence[Change], runs: int) -> Verdict | None:
        """By the levels before the first and after the last of these changes; None when they are alike."""
        if not found:
            return None
        first, last = found[0], found[-1]
        moved = last.after - first.before
        if abs(moved) <= threshold(runs) * max(change.error for change in found) and len(found) > 1:
            return None  # it went, and came back
        ago = runs - last.index
        noisy = np.isfinite(last.standard_errors)
        how = f"{last.standard_errors:.1f} standard errors" if noisy else "in values without noise"
        since = f"{ago} run{'s' if ago != 1 else ''} ago"
        when = since if len(found) == 1 else f"in {len(found)} steps, the last {since}"
        level = "its level" if self.new.reference is None else "its level beside the reference workload"
        # The two values that are told beside it differ by another percent.
        by = signed_percent(float(np.expm1(moved)))
        return self._moved(moved, f"{level} changed by {by} {when}, {how}")

    def beyond(self, noise: Floor) -> Verdict | None:
        """By the two sessions alone; None when noise may do as much."""
        error = float(np.hypot(self.shift.standard_error or 0.0, np.sqrt(2) * noise.sigma))
        if abs(self.shift.log_ratio) <= error * threshold(noise.repeats):
            return None
        how = "" if self.new.reference is None else " beside the reference workload"
        if self.shift.standard_error is not None:
            how += " vector by vector"
        by = f"{signed_percent(float(np.expm1(self.shift.log_ratio)))}{how}, " if how else ""
        return self._moved(self.shift.log_ratio, f"{by}beyond {noise.told}")

    def _moved(self, log_ratio: float, reason: str) -> Verdict:
        """Equal images are expected to give equal values: when theirs differ, the image is not to blame."""
        metric, before, after = self.metric, self.old.measure, self.new.measure
        share = float(np.expm1(log_ratio))
        covered = self.tolerance.covers(before.value, before.value * (1 + share))
        outcome = _direction(metric, share > 0)
        if metric.exact and self.new.image is not None and self.new.image == self.old.image:
            outcome = Outcome.NOT_COMPARABLE
            reason = f"{share:+.1%} with the same image, so the board or its bench changed: {reason}"
        return Verdict(metric, outcome, before, after, reason, share, covered)


def likeness(taken: Taken) -> Hashable:
    """What the values of a series have in common: none else are like each other."""
    measure = taken.measure
    conditions = tuple(sorted(measure.conditions.items()))
    vectors = taken.vectors if lookup(measure.metric).of_vectors else None
    way = (measure.metric, measure.unit, measure.method, measure.technique, conditions)
    return (*way, vectors, taken.reference is None)


def _of_images(history: Series | None) -> Floor | None:
    """The noise between sessions of one image."""
    images: dict[Hashable, list[float]] = {}
    if history is not None:
        for image, value in zip(history.images, history.normal.tolist(), strict=True):
            if image is not None:
                images.setdefault(image, []).append(value)
    return floor(images.values())


def _shift(new: Taken, old: Taken) -> _Shift:
    """Vector by vector where both have their samples, else by the values alone."""
    whole = _Shift(float(np.log(new.normal / old.normal)))
    if old.samples is None or new.samples is None:
        return whole
    before = np.asarray(old.samples, dtype=np.float64)
    after = np.asarray(new.samples, dtype=np.float64)
    if len(before) != len(after) or len(before) < 3 or not min(np.min(before), np.min(after)) > 0:
        return whole
    shift = paired(before, after)
    scale = (old.reference or 1.0) / (new.reference or 1.0)
    return _Shift(shift.log_ratio + float(np.log(scale)), shift.standard_error)
