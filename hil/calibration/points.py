"""Points: what a board measured of an image, and what the cycle model says of the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from hil.errors import CalibrationError

INFERENCE = "inference"  # the region that every image has

Conditions = Mapping[str, str | float]


@dataclass(frozen=True)
class Side:
    """One of a point's two: the median ``cycles`` of a region over the vectors, and where they are from.

    ``conditions`` are what they hold for. ``session`` is its UUID in whatever database, ``date`` when it
    began, in UTC. ``commit`` is of the folder that it ran in, with a + where that had changes; None where
    there is none.
    """

    kind: str
    technique: str
    cycles: float
    conditions: Conditions
    session: str
    date: datetime
    commit: str | None = None

    @property
    def wait_states(self) -> float | None:
        """Of flash; None where its conditions do not say."""
        held = self.conditions.get("wait_states")
        return None if held is None or isinstance(held, str) else held


@dataclass(frozen=True, kw_only=True)
class Measured(Side):
    """What silicon counted at ``clock_hz``, which its firmware told.

    ``chip`` is what the registers read that tell it and its revision, None where nobody kept that. ``least``,
    ``p99`` and ``most`` are of the vectors' cycles, None where their values are not stored.
    """

    clock_hz: float
    chip: str | None = None
    least: float | None = None
    p99: float | None = None
    most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Estimated(Side):
    """What the model of ``technique`` says, and from ``low`` to ``high`` where it expects silicon."""

    low: float
    high: float
    qemu: str | None = None


class Group(NamedTuple):
    """What points have in common that are summed up together: nothing else is."""

    synthetic: bool
    kind: str
    chip: str
    technique: str
    clock_hz: float
    conditions: tuple[tuple[str, str | float], ...]
    model: str
    assumed: tuple[tuple[str, str | float], ...]


@dataclass(frozen=True)
class Point:
    """Both sides of one region of one image, by the SHA-256 of its ELF file.

    ``synthetic``: its figures are made up, as those of examples and tests are.
    """

    model: str
    precision: str
    region: str
    image: str
    vectors: int
    vectors_sha256: str
    measured: Measured
    estimated: Estimated
    synthetic: bool = field(default=False, kw_only=True)

    @property
    def ratio(self) -> float:
        """How many times as long the board took as the model says."""
        return self.measured.cycles / self.estimated.cycles

    @property
    def unjudged(self) -> str | None:
        """Why the band says nothing of it: a band is for the wait states that its estimate is for."""
        held, assumed = self.measured.wait_states, self.estimated.wait_states
        if held is None or assumed is None:
            side = "the board does" if held is None else "the estimate does"
            return f"{side} not tell its wait states"
        if held != assumed:
            return f"measured at {held:g} wait states, estimated for {assumed:g}"
        return None

    @property
    def where(self) -> str:
        """``below``, ``in`` or ``above`` the band."""
        if self.measured.cycles < self.estimated.low:
            return "below"
        return "above" if self.measured.cycles > self.estimated.high else "in"

    @property
    def group(self) -> Group:
        """With which others it may be summed up."""
        measured, estimated = self.measured, self.estimated
        return Group(
            self.synthetic,
            measured.kind,
            measured.chip or "",
            measured.technique,
            measured.clock_hz,
            _ordered(measured.conditions),
            estimated.technique,
            _ordered(estimated.conditions),
        )

    @property
    def identity(self) -> tuple[object, ...]:
        """What a point is known by in every file: its session of the board, its region, its model."""
        estimated = self.estimated
        return self.measured.session, self.region, estimated.technique, _ordered(estimated.conditions)

    @property
    def name(self) -> str:
        """As messages call it."""
        return f"{self.model}/{self.precision}, {self.region}"


def merged(*several: Iterable[Point]) -> tuple[Point, ...]:
    """All points, each once, in one order however they are given; CalibrationError where two contradict.

    Of one session of a board that was paired with two estimates of equal figures, the older pair stays.
    """
    found: dict[tuple[object, ...], Point] = {}
    for point in (one for some in several for one in some):
        other = found.setdefault(point.identity, point)
        if _figures(other) != _figures(point):
            raise CalibrationError(
                f"there are two points of {point.name} by session {point.measured.session} that differ",
                evidence=" and ".join(
                    f"{one.measured.cycles:,.12g} measured, {one.estimated.cycles:,.12g} estimated"
                    for one in (other, point)
                ),
                remedy="take the wrong one out of its file",
            )
        if _age(point) < _age(other):
            found[point.identity] = point
    return tuple(sorted(found.values(), key=_order))


def _figures(point: Point) -> tuple[object, ...]:
    """What must be equal: all but whence the estimate is, which is the same on every machine."""
    measured, estimated = point.measured, point.estimated
    of_image = (point.model, point.precision, point.image, point.vectors, point.vectors_sha256)
    return (*of_image, point.synthetic, measured, estimated.cycles, estimated.low, estimated.high)


def _age(point: Point) -> tuple[datetime, str]:
    return point.estimated.date, point.estimated.session


def _order(point: Point) -> tuple[object, ...]:
    measured = point.measured
    return point.model, point.precision, point.region, measured.kind, measured.date, str(point.identity)


def _ordered(conditions: Conditions) -> tuple[tuple[str, str | float], ...]:
    return tuple(sorted(conditions.items()))
