"""A board's images against each other: who dominates whom, and what fits a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from hil.errors import NOT_FIT
from hil.measure.budget import DAY_H, Battery, Given, life_text, loads, missing
from hil.measure.pareto import dominators
from hil.metrics import (
    CURRENT_IDLE,
    ENERGY_PER_INFERENCE,
    FLASH_BYTES,
    LATENCY_US,
    POWER_AVG,
    RAM_BYTES,
    STACK_BYTES,
    Better,
    lookup,
)
from hil.values import Measure
from hil_dashboards.choices.pareto import Budget, ParetoChoice
from hil_dashboards.reading.pareto import FRONT_OF_ALL, NO_SIZE, Image, ParetoData
from hil_db.histories import Case

KB = 1024


class Fit(StrEnum):
    """Whether an image keeps to a budget."""

    FITS = "fits"
    NOT = "does not fit"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Fits:
    """How an image stands to the budget, and ``why``: what it exceeds, or what is not known."""

    fit: Fit
    why: tuple[str, ...]


@dataclass(frozen=True)
class Life:
    """How many hours a battery lasts, between which ends; None where it cannot be told: ``why`` not."""

    hours: float | None
    least: float | None = None
    most: float | None = None
    why: str = ""

    @property
    def text(self) -> str:
        """``212 days``, or why it cannot be told."""
        return self.why if self.hours is None else life_text(self.hours)


@dataclass(frozen=True)
class Placed:
    """An image that has a value on both axes; ``by`` dominate it, and without any it is on the front."""

    image: Image
    x: float
    y: float
    size: float | None
    by: tuple[Image, ...]


def counted(choice: ParetoChoice) -> list[str]:
    """The metrics that say who dominates whom."""
    return [choice.x, choice.y, *([choice.size] if choice.front == FRONT_OF_ALL else [])]


def placed(data: ParetoData) -> list[Placed]:
    """Those that can be drawn, by name; with a third metric in the front those with a value of that too."""
    metrics = counted(data.choice)
    points: dict[Case, tuple[float, ...]] = {}
    for image in data.images:
        held = [data.held(image, metric) for metric in metrics]
        if all(held):
            points[image.case] = tuple(one.measure.value for one in held if one is not None)
    found = dominators(points, [higher_is_better(metric) for metric in metrics])
    images = {image.case: image for image in data.images}
    return [
        Placed(
            images[case],
            point[0],
            point[1],
            _size(data, images[case]),
            tuple(images[other] for other in sorted(found[case], key=lambda one: bool(found[one]))),
        )
        for case, point in points.items()
    ]


def _size(data: ParetoData, image: Image) -> float | None:
    if data.choice.size in ("", NO_SIZE):
        return None
    held = data.held(image, data.choice.size)
    return None if held is None else held.measure.value


def higher_is_better(metric: str) -> bool:
    """Of accuracy, say."""
    return lookup(metric).better is Better.HIGHER


def fits(data: ParetoData, image: Image) -> Fits | None:
    """Whether an image keeps to the budget; None without one."""
    budget = data.choice.budget
    if not budget.any:
        return None
    if not image.values and NOT_FIT in (image.error or ""):
        return Fits(Fit.NOT, ("its board is too small",))
    over: list[str] = []
    unknown: list[str] = []
    for told in (_flash(data, image), _ram(data, image), _latency(data, image), _battery(data, image)):
        over += [told[0]] if told[0] else []
        unknown += [told[1]] if told[1] else []
    if over:
        return Fits(Fit.NOT, tuple(over))
    return Fits(Fit.UNKNOWN, tuple(unknown)) if unknown else Fits(Fit.FITS, ())


_Told = tuple[str, str]  # by what the budget is exceeded, and what is not known; empty for neither
_FINE: _Told = ("", "")


def _value(data: ParetoData, image: Image, metric: str) -> float | None:
    held = data.held(image, metric)
    return None if held is None else held.measure.value


def _over_kb(what: str, used: float, most_kb: float) -> _Told:
    over = used - most_kb * KB
    return (f"{what} by {-(-over // KB):,.0f} KB", "") if over > 0 else _FINE


def _flash(data: ParetoData, image: Image) -> _Told:
    most, used = data.choice.budget.flash_kb, _value(data, image, FLASH_BYTES.name)
    if most is None:
        return _FINE
    return ("", "flash") if used is None else _over_kb("flash", used, most)


def ram_with_stack(data: ParetoData, image: Image) -> tuple[float | None, bool]:
    """Static RAM with the stack that was used, and whether the latter is known."""
    ram, stack = (_value(data, image, metric.name) for metric in (RAM_BYTES, STACK_BYTES))
    return (None, False) if ram is None else (ram + (stack or 0.0), stack is not None)


def _ram(data: ParetoData, image: Image) -> _Told:
    most, (used, whole) = data.choice.budget.ram_kb, ram_with_stack(data, image)
    if most is None:
        return _FINE
    if used is None:
        return "", "RAM"
    over = _over_kb("RAM" if whole else "RAM without its stack", used, most)
    return over if over[0] or whole else ("", "stack")


def _latency(data: ParetoData, image: Image) -> _Told:
    most, taken = data.choice.budget.latency_ms, _value(data, image, LATENCY_US.name)
    if most is None:
        return _FINE
    if taken is None:
        return "", "latency"
    over = taken / 1e3 - most
    return (f"latency by {over:,.3g} ms", "") if over > 0 else _FINE


def _battery(data: ParetoData, image: Image) -> _Told:
    wanted = data.choice.budget.life_days
    found = life(data, image)
    if found is None:
        return _FINE
    if found.hours == 0:
        return found.why, ""
    if wanted is None:
        return _FINE
    if found.hours is None:
        return "", f"battery life: {found.why}"
    short = wanted - found.hours / DAY_H
    return (f"battery {short:,.3g} days too short", "") if short > 0 else _FINE


def life(data: ParetoData, image: Image) -> Life | None:
    """How long the budget's battery lasts; None where none is told."""
    budget = data.choice.budget
    if budget.per_hour is None or budget.capacity_mah is None or budget.battery_v is None:
        return None
    measures = _energy(data, image)
    given = Given(idle_ma=budget.idle_ma)
    lacking = missing(measures, given)
    if lacking:
        return Life(None, why=_LACKS[lacking[0]])
    found = loads(measures, given)
    if found.usual.busy(budget.per_hour) > 1:
        most = 3600 / found.usual.inference_s
        return Life(0.0, 0.0, 0.0, f"it infers {most:,.0f} times an hour at most")
    battery = Battery(budget.capacity_mah, budget.battery_v)
    hours, least, most = (
        battery.life_h(one.mean_w(budget.per_hour)) for one in (found.usual, found.most, found.least)
    )
    return Life(hours, least, most)


_LACKS = {
    "energy_uj": "no energy was measured",
    "supply_v": "its supply is not known",
    "idle_ma": "no idle current was measured",
}


def _energy(data: ParetoData, image: Image) -> Mapping[str, Measure]:
    """What one technique told of the session that the energy is of."""
    way, energy = data.by.get(ENERGY_PER_INFERENCE.name), data.held(image, ENERGY_PER_INFERENCE.name)
    if way is None or energy is None:
        return {}
    held = {metric.name: image.values.get((metric.name, way)) for metric in (CURRENT_IDLE, POWER_AVG)}
    others = {
        name: one.measure for name, one in held.items() if one is not None and one.session == energy.session
    }
    return {ENERGY_PER_INFERENCE.name: energy.measure, **others}


def battery_of(budget: Budget) -> Battery:
    """The budget's battery, which has to be told."""
    return Battery(budget.capacity_mah or 0.0, budget.battery_v or 0.0)


def front_of(points: Sequence[Placed]) -> list[Placed]:
    """Those that none dominates, from the left to the right of the plot."""
    return sorted((one for one in points if not one.by), key=lambda one: (one.x, one.y))


def life_number(found: Life | None) -> float | None:
    """Hours to sort by: for ever comes last."""
    if found is None or found.hours is None:
        return None
    return 1e12 if found.hours == inf else found.hours
