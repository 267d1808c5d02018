"""What `hil power budget` prints: how long a battery lasts with each image, and what was assumed."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from hil.errors import HilError
from hil.escaping import escaped
from hil.measure.budget import (
    EFFICIENCY,
    HOUR_S,
    LOST_A_YEAR,
    USABLE,
    Battery,
    Given,
    Load,
    life_text,
    loads,
    missing,
)
from hil.naming import suggest
from hil.text.table import table_lines
from hil.values import Method
from hil_db.power_figures import PowerFigures, power_figures

FORM = 1
_GIVEN = "given"


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
        _share(options.usable, USABLE),
        _share(options.self_discharge, LOST_A_YEAR),
        _share(options.efficiency, EFFICIENCY),
    )


def _refuse(options: Namespace, name: str, meant: str, good: Any) -> None:
    number = getattr(options, name)
    if number is not None and not (isfinite(number) and good(number)):
        raise HilError(f"--{name.replace('_', '-')} is {number:g}", remedy=f"give a number {meant}")


def _share(percent: float | None, usual: float) -> float:
    return usual if percent is None else percent / 100


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
    given = Given(options.energy_uj, options.inference_ms, options.idle_ma, options.supply_v)
    measures = figures.measures if figures is not None else {}
    for name in missing(measures, given):
        assert figures is not None, "without stored figures all are given"
        word = name.replace("_", "-")
        raise HilError(
            f"{figures.case.told}: run {figures.run} does not hold what --{word} tells",
            remedy=f"give --{word}",
        )
    load = loads(measures, given)
    ends = (load.usual, load.least, load.most, options.per_hour)
    if figures is None:
        return Row("the image", _GIVEN, None, *ends)
    return Row(figures.case.told, f"{figures.method}, {figures.technique}", figures.run, *ends)


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
        (options.usable, f"{USABLE * 100:g} % of the battery is usable (--usable)"),
        (options.self_discharge, f"it loses {LOST_A_YEAR * 100:g} % a year by itself (--self-discharge)"),
        (options.efficiency, f"the regulator hands on {EFFICIENCY * 100:g} % (--efficiency)"),
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
    ends = [life_text(found.battery.life_h(one.mean_w(per_hour))) for one in (row.most, row.least)]
    between = f"{ends[0]} and {ends[1]}" if ends[0] != ends[1] else ""
    life = life_text(found.battery.life_h(mean_w))
    return [*cells, f"{mean_w * 1e6:,.4g}", f"{idle:.1%}", life, between]


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
