"""What `hil power budget` prints: how long a battery lasts with each image, and what was assumed."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite
from typing import Any

from hil.errors import HilError
from hil.escaping import escaped
from hil.measure.budget import HOUR_S, YEAR_H, Battery, Load
from hil.metrics import CURRENT_IDLE, ENERGY_PER_INFERENCE, POWER_AVG
from hil.naming import suggest
from hil.text.table import table_lines
from hil.values import Measure, Method
from hil_db.power_figures import PowerFigures, power_figures

FORM = 1
_GIVEN = "given"
# In percent, where nothing else is said.
_USABLE, _LOST_A_YEAR, _EFFICIENCY = 80.0, 2.0, 85.0
_DAY_H = 24.0


@dataclass(frozen=True)
class Row:
    """The budget of one image: ``least`` and ``most`` are its load by the band of its energy and the gain."""

    image: str
    obtained: str
    run: int | None
    load: Load
    least: Load
    most: Load
    per_hour: float

    @property
    def possible(self) -> bool:
        """Whether the board can infer so often."""
        return self.load.busy(self.per_hour) <= 1


@dataclass(frozen=True)
class Budgets:
    """All of them, from one battery, and what each rests on."""

    battery: Battery
    per_hour: float
    rows: Sequence[Row]
    assumed: Sequence[str]


def battery_of(options: Namespace) -> Battery:
    """The battery that options tell; HilError for one that there is not."""
    for name in ("per_hour", "capacity_mah", "battery_v", "energy_uj", "supply_v"):
        _refuse(options, name, "above 0", lambda number: number > 0)
    for name in ("inference_ms", "idle_ma"):
        _refuse(options, name, "0 or more", lambda number: number >= 0)
    for name in ("usable", "efficiency"):
        _refuse(options, name, "above 0 and 100 at most", lambda number: 0 < number <= 100)
    _refuse(options, "self_discharge", "0 or more and below 100", lambda number: 0 <= number < 100)
    return Battery(
        options.capacity_mah,
        options.battery_v,
        _or(options.usable, _USABLE) / 100,
        _or(options.self_discharge, _LOST_A_YEAR) / 100,
        _or(options.efficiency, _EFFICIENCY) / 100,
    )


def _refuse(options: Namespace, name: str, meant: str, good: Any) -> None:
    number = getattr(options, name)
    if number is not None and not (isfinite(number) and good(number)):
        raise HilError(f"--{name.replace('_', '-')} is {number:g}", remedy=f"give a number {meant}")


def _or(given: float | None, usual: float) -> float:
    return usual if given is None else given


def budgets(options: Namespace, battery: Battery) -> Budgets:
    """By the figures that options give, and for what they leave out by those that are stored."""
    if None not in (options.energy_uj, options.idle_ma, options.supply_v):
        for name in ("run", "board", "model", "db"):
            if getattr(options, name) is not None:
                raise HilError(
                    f"--{name} is of no use: all figures are given",
                    remedy=f"leave --{name} out, or one of --energy-uj, --idle-ma and --supply-v",
                )
        rows = [_row(options, None)]
    else:
        rows = [_row(options, figures) for figures in _chosen(options)]
    return Budgets(battery, options.per_hour, rows, _assumed(options, rows))


def _chosen(options: Namespace) -> list[PowerFigures]:
    found = power_figures(options.db, options.run)
    model, _, precision = (options.model or "").partition("/")
    kept = [
        one
        for one in found
        if options.board in (None, one.case.board)
        and model in ("", one.case.model)
        and precision in ("", one.case.precision)
    ]
    if not kept:
        known = sorted({f"{one.case.model}/{one.case.precision}" for one in found})
        boards = sorted({one.case.board for one in found})
        near = [suggest(options.model or "", known), suggest(options.board or "", boards)]
        raise HilError(
            f"run {found[0].run} has no such energy",
            evidence=f"boards {', '.join(boards)}; images {', '.join(known)}",
            remedy=next(filter(None, near), "name one of these with --board and --model"),
        )
    return kept


def _row(options: Namespace, figures: PowerFigures | None) -> Row:
    if figures is None:
        seconds = _or(options.inference_ms, 0.0) / 1e3
        load = Load(options.energy_uj / 1e6, seconds, options.idle_ma * options.supply_v / 1e3)
        return Row("the image", _GIVEN, None, load, load, load, options.per_hour)
    energy = figures.measures[ENERGY_PER_INFERENCE.name]
    idle, power = (figures.measures.get(metric.name) for metric in (CURRENT_IDLE, POWER_AVG))
    volts = options.supply_v if options.supply_v is not None else energy.conditions.get("supply_v")
    for name, missing in (("supply-v", volts is None), ("idle-ma", idle is None and options.idle_ma is None)):
        if missing:
            raise HilError(
                f"{figures.case.told}: run {figures.run} does not hold what --{name} tells",
                remedy=f"give --{name}",
            )
    gain = _number(energy.conditions.get("gain_share", 0.0))
    uj = _ends(energy, options.energy_uj, gain)
    ma = _ends(idle, options.idle_ma, gain)
    milliseconds = options.inference_ms
    if milliseconds is None:
        milliseconds = energy.value / power.value if power is not None and power.value > 0 else 0.0
    least, usual, most = (
        Load(one / 1e6, milliseconds / 1e3, current * _number(volts) / 1e3)
        for one, current in zip(uj, ma, strict=True)
    )
    obtained = f"{figures.method}, {figures.technique}"
    return Row(figures.case.told, obtained, figures.run, usual, least, most, options.per_hour)


def _number(held: object) -> float:
    return float(held) if isinstance(held, int | float) else 0.0


def _ends(measure: Measure | None, given: float | None, gain: float) -> tuple[float, float, float]:
    """The least that it may be, what it is, and the most: by its band and the probe's gain."""
    if given is not None or measure is None:
        return (given or 0.0,) * 3
    low, high = measure.band or (measure.value, measure.value)
    return max(0.0, low) * (1 - gain), measure.value, high * (1 + gain)


def _assumed(options: Namespace, rows: Sequence[Row]) -> list[str]:
    """What the figures rest on, and is not measured."""
    told = []
    if any(row.obtained.startswith(Method.MODELLED) for row in rows):
        told.append("energy is modelled from a datasheet's currents: no board was measured")
    if options.idle_ma is None:
        told.append(
            "between inferences the board waits as on the bench, ready for bytes; --idle-ma tells what a "
            "product takes in sleep"
        )
    if options.inference_ms is None and any(row.load.inference_s == 0 for row in rows):
        told.append("an inference takes no time (--inference-ms)")
    told.append("every inference takes what the one took that was measured, and nothing else wakes the board")
    usual = (
        (options.usable, f"{_USABLE:g} % of the battery is usable (--usable)"),
        (options.self_discharge, f"it loses {_LOST_A_YEAR:g} % a year by itself (--self-discharge)"),
        (options.efficiency, f"the regulator hands on {_EFFICIENCY:g} % (--efficiency)"),
    )
    told += [words for given, words in usual if given is None]
    return [*told, "temperature, age and peaks of current change nothing"]


def text_lines(found: Budgets) -> list[str]:
    """A table of the images, then the battery and what was assumed."""
    heads = ["image", "energy uJ", "computes", "mean uW", "of it idle", "lasts", "between"]
    several = len({row.obtained for row in found.rows}) > 1
    body = [_cells(found, row, several) for row in found.rows]
    battery = found.battery
    runs = sorted({row.run for row in found.rows if row.run is not None})
    lines = table_lines(heads, body, left=(0,))
    how = "" if several else f", {found.rows[0].obtained}"
    source = f"figures of run {runs[0]}{how}" if runs else "figures as given"
    lines += [
        "",
        f"{found.per_hour:g} inferences an hour; {source}",
        f"battery: {battery.capacity_mah:g} mAh at {battery.volts:g} V, of which the board gets "
        f"{battery.energy_mwh:,.4g} mWh",
        "assumed:",
        *(f"  {told}" for told in found.assumed),
    ]
    return [escaped(line) for line in lines]


def _cells(found: Budgets, row: Row, several: bool) -> list[str]:
    name = f"{row.image} ({row.obtained})" if several else row.image
    load, per_hour = row.load, found.per_hour
    cells = [name, f"{load.inference_j * 1e6:,.4g}", f"{load.busy(per_hour):.2%}"]
    if not row.possible:
        return [*cells, "-", "-", f"at most {HOUR_S / load.inference_s:,.0f} an hour", ""]
    mean_w = load.mean_w(per_hour)
    idle = load.waiting_w(per_hour) / mean_w
    ends = [_life(found.battery.life_h(one.mean_w(per_hour))) for one in (row.most, row.least)]
    between = f"{ends[0]} and {ends[1]}" if ends[0] != ends[1] else ""
    life = _life(found.battery.life_h(mean_w))
    return [*cells, f"{mean_w * 1e6:,.4g}", f"{idle:.1%}", life, between]


def _life(hours: float) -> str:
    """In hours, days or years, whichever people would say."""
    if hours == inf:
        return "for ever"
    if hours < 2 * _DAY_H:
        return f"{hours:.3g} hours"
    if hours < 2 * YEAR_H:
        return f"{hours / _DAY_H:.3g} days"
    return f"{hours / YEAR_H:,.3g} years"


def json_text(found: Budgets) -> str:
    """The same as one object; names are only added to it."""
    whole = {
        "form": FORM,
        "per_hour": found.per_hour,
        "battery": {**asdict(found.battery), "energy_mwh": found.battery.energy_mwh},
        "images": [_data(found, row) for row in found.rows],
        "assumed": list(found.assumed),
    }
    return json.dumps(whole, indent=1)


def _data(found: Budgets, row: Row) -> dict[str, Any]:
    load, per_hour = row.load, found.per_hour
    life = least = most = None
    if row.possible:
        lives = [found.battery.life_h(one.mean_w(per_hour)) for one in (row.load, row.most, row.least)]
        life, least, most = (hours if isfinite(hours) else None for hours in lives)
    return {
        "image": row.image,
        "run": row.run,
        "obtained": row.obtained,
        "energy_uj": load.inference_j * 1e6,
        "inference_ms": load.inference_s * 1e3,
        "idle_mw": load.idle_w * 1e3,
        "computes": load.busy(per_hour),
        "mean_mw": load.mean_w(per_hour) * 1e3 if row.possible else None,
        "life_h": life,
        "life_between_h": [least, most],
    }
