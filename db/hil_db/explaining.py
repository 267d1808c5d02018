"""Why the cases of a comparison changed, from what is stored beside their measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.measure.verdicts import Outcome, Verdict
from hil.measure.why import (
    Part,
    Turned,
    classes_changed,
    classes_of_function,
    functions_changed,
    most_of,
    symbols_changed,
    vectors_turned,
)
from hil.metrics import (
    ACCURACY,
    FLASH_BYTES,
    GOLDEN_EXACT,
    INSTRUCTIONS,
    LATENCY_CYCLES,
    LATENCY_US,
    MEAN_ABSOLUTE_ERROR,
    PREDICTED,
    R_SQUARED,
    RAM_BYTES,
    TIERS,
)
from hil_db import codec, engine, profiles, symbols
from hil_db.comparing import Compared, Comparison, outcome_of, told_runs
from hil_db.histories import Case
from hil_db.schema import SAMPLE

_TIME = (LATENCY_CYCLES.name, LATENCY_US.name, INSTRUCTIONS.name)
_RIGHT = (ACCURACY.name, GOLDEN_EXACT.name, MEAN_ABSOLUTE_ERROR.name, R_SQUARED.name)
_EXPLAINED = (Outcome.REGRESSION, Outcome.IMPROVEMENT)


@dataclass(frozen=True)
class Why:
    """What is behind the change of one metric of a case; ``unit`` is that of the parts.

    ``parts`` are functions (of an inference), or symbols; ``classes`` those of instructions, in the function
    ``classes_of``, or in the whole image where no profile tells them by function. ``note`` says why nothing
    is known.
    """

    metric: str
    unit: str
    parts: tuple[Part, ...] = ()
    classes: tuple[Part, ...] = ()
    classes_of: str | None = None
    turned: tuple[Turned, ...] = ()
    note: str | None = None


Reasons = dict[Case, tuple[Why, ...]]


def explain(connection: Connection, comparison: Comparison, url: URL) -> Reasons:
    """The reasons of the cases that changed, by case; StoreError when what is stored cannot be understood."""
    changed = {
        one.case: (one, metrics)
        for one in comparison.cases
        if (metrics := [v.metric.name for v in one.verdicts if outcome_of(v) in _EXPLAINED])
    }
    try:
        return {
            case: found
            for case, (one, metrics) in changed.items()
            if (found := tuple(_of_case(connection, one, metrics, url)))
        }
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"what {engine.shown(url)} holds of {told_runs(comparison.now, comparison.before)} cannot be"
            " explained",
            evidence=str(error),
            remedy="restore a copy if it was changed by hand",
        ) from error


def is_worse(verdict: Verdict) -> bool:
    """Whether it is a regression that matters."""
    return outcome_of(verdict) is Outcome.REGRESSION


def _of_case(connection: Connection, one: Compared, metrics: Sequence[str], url: URL) -> list[Why]:
    found: list[Why] = []
    time = next((name for name in _TIME if any(_is_of(metric, name) for metric in metrics)), None)
    if time is not None:
        found.append(_functions(connection, one, time))
    found += [
        _symbols(connection, one, name, name == RAM_BYTES.name)
        for name in (FLASH_BYTES.name, RAM_BYTES.name)
        if name in metrics
    ]
    right = next((name for name in _RIGHT if name in metrics), None)
    if right is not None:
        found.append(_vectors(connection, one, right, url))
    return found


def _is_of(metric: str, name: str) -> bool:
    """Whether a metric is one of a name, or what either way through a cascade costs of it."""
    return metric in (name, *(f"{name}{tier.suffix}" for tier in TIERS))


def _functions(connection: Connection, one: Compared, metric: str) -> Why:
    counts = metric == INSTRUCTIONS.name
    unit = "instructions" if counts else "cycles"
    assert one.now is not None
    assert one.before is not None
    held = profiles.read(connection, [one.now.session, one.before.session])
    now, before = held.get(one.now.session), held.get(one.before.session)
    if now is None or before is None:
        missing = "this run" if now is None else "the baseline"
        return Why(metric, unit, note=f"no profile of {missing} tells which function")
    if now.technique != before.technique:
        told = f"profiles by {now.technique} now and by {before.technique} before are not compared"
        return Why(metric, unit, note=told)
    parts = functions_changed(before, now, instructions=counts)
    most = most_of(parts)
    of_function = classes_of_function(before, now, most) if most is not None else ()
    if most is not None and of_function:
        return Why(metric, unit, parts, of_function, most.name)
    return Why(metric, unit, parts, classes_changed(before, now))


def _symbols(connection: Connection, one: Compared, metric: str, ram: bool) -> Why:
    assert one.now is not None
    assert one.before is not None
    images = [image for image in (one.now.image, one.before.image) if image is not None]
    held = symbols.read(connection, images)
    pair = [held.get(image) for image in (one.before.image, one.now.image) if image is not None]
    if len(pair) < 2 or pair[0] is None or pair[1] is None:
        return Why(metric, "B", note="the images' symbols are not stored: nothing tells which grew")
    return Why(metric, "B", symbols_changed(pair[0], pair[1], ram=ram))


def _vectors(connection: Connection, one: Compared, metric: str, url: URL) -> Why:
    assert one.now is not None
    assert one.before is not None
    sessions = (one.before.session, one.now.session)
    query = select(SAMPLE).where(SAMPLE.c.session_id.in_(sessions), SAMPLE.c.metric == PREDICTED.name)
    what = f"a blob of {PREDICTED.name} in {engine.shown(url)}"
    held = {
        row["session_id"]: codec.unpack(row["blob"], row["dtype"], row["count"], row["codec"], what)
        for row in connection.execute(query).mappings()
    }
    if len(held) < 2:
        return Why(metric, "1", note="the classes of single vectors are not stored")
    return Why(metric, "1", turned=vectors_turned(*(held[session] for session in sessions)))
