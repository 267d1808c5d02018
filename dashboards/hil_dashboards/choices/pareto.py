"""Which trade-off is looked at: of which board, by which metrics and techniques, within which budget."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first

_ONE = ("board", "kind", "x", "y", "size", "front", "baseline")
_MANY = ("model", "precision")
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


class Way(NamedTuple):
    """How values of a metric were obtained: those that are compared have one."""

    method: str
    technique: str


@dataclass(frozen=True)
class Budget:
    """What an image may take at most, None: as much as it likes; and which battery it has to live on.

    ``flash_kb`` and ``ram_kb`` are in 1,024 bytes, ``life_days`` is how long the battery has to last, at
    ``per_hour`` inferences. ``idle_ma`` is what a product takes between them, None: what the bench measured.
    """

    flash_kb: float | None = None
    ram_kb: float | None = None
    latency_ms: float | None = None
    life_days: float | None = None
    per_hour: float | None = None
    capacity_mah: float | None = None
    battery_v: float | None = None
    idle_ma: float | None = None

    @property
    def any(self) -> bool:
        """Whether it limits anything, or there is a battery to tell the life of."""
        limits = (self.flash_kb, self.ram_kb, self.latency_ms)
        return any(one is not None for one in limits) or self.has_battery

    @property
    def has_battery(self) -> bool:
        """Whether all is told that a battery's life needs."""
        return all((self.per_hour, self.capacity_mah, self.battery_v))

    @property
    def lacks(self) -> bool:
        """Whether a part of a battery is told, and not enough of it."""
        told = (self.life_days, self.per_hour, self.capacity_mah, self.battery_v, self.idle_ma)
        return any(one is not None for one in told) and not self.has_battery


BUDGET_FIELDS = tuple(one.name for one in fields(Budget))


@dataclass(frozen=True)
class ParetoChoice:
    """Metrics ``x`` and ``y`` of a board's images, and of a third the ``size`` of marks; empty: the usual.

    ``model`` and ``precision`` are those that are compared, empty: all. ``by`` names of a metric the way that
    its values were obtained. ``baseline``: arrows come from its run, empty: from the usual one, ``none``:
    there are none. ``size`` is ``none`` for marks of one size. ``front`` is ``all`` where the third metric
    counts for who dominates whom, too.
    """

    board: str = ""
    kind: str = ""
    x: str = ""
    y: str = ""
    size: str = ""
    front: str = ""
    baseline: str = ""
    model: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    by: tuple[tuple[str, Way], ...] = ()
    budget: Budget = field(default_factory=Budget)

    def of(self, **changed: Any) -> ParetoChoice:
        """The same choice but for some of it."""
        return replace(self, **changed)

    def way(self, metric: str) -> Way | None:
        """The one that is asked for of a metric."""
        return next((way for name, way in self.by if name == metric), None)

    def of_no_way(self, metric: str) -> ParetoChoice:
        """The same choice with the usual way of a metric."""
        return replace(self, by=tuple(one for one in self.by if one[0] != metric))

    def parts(self, *without: str, budget: bool = True) -> list[tuple[str, str]]:
        """The fields of its address, but for some, or for those of the budget."""
        held = [(name, str(getattr(self, name))) for name in _ONE]
        held += [(name, one) for name in _MANY for one in getattr(self, name)]
        held += [("by", ":".join((metric, *way))) for metric, way in self.by]
        if budget:
            held += [(name, number_text(getattr(self.budget, name))) for name in BUDGET_FIELDS]
        return [(name, text) for name, text in held if text and name not in without]

    def href(self, *without: str, budget: bool = True) -> str:
        """The address of the page that shows this choice, but for some fields or the budget."""
        held = urlencode(self.parts(*without, budget=budget))
        return "/pareto" + (f"?{held}" if held else "")


def number_text(number: float | None) -> str:
    """As it stands in an address; empty for none."""
    return "" if number is None else f"{number:.9f}".rstrip("0").rstrip(".")


def parse_pareto(search: str | None) -> ParetoChoice:
    """The choice in a query such as ``?board=nucleo&x=latency_us&by=latency_us:measured:dwt&flash_kb=256``.

    What makes no sense is dropped.
    """
    given = fields_of(search)
    return ParetoChoice(
        **{name: first(given, name) for name in _ONE},
        model=tuple(given.get("model", ())),
        precision=tuple(given.get("precision", ())),
        by=tuple(dict(filter(None, map(_way, given.get("by", ())))).items()),
        budget=Budget(**{name: _positive(first(given, name)) for name in BUDGET_FIELDS}),
    )


def _way(text: str) -> tuple[str, Way] | None:
    metric, method, technique = [*text.split(":", 2), "", ""][:3]
    return (metric, Way(method, technique)) if metric and method and technique else None


def _positive(text: str) -> float | None:
    number = float(text) if _NUMBER.fullmatch(text) else 0.0
    return number if number > 0 else None
