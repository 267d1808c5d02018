"""The budget of the page of trade-offs: what is asked of flash, RAM, latency and a battery."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.measure.budget import EFFICIENCY, LOST_A_YEAR, USABLE
from hil.metrics import ENERGY_PER_INFERENCE, LATENCY_US
from hil_dashboards.choices.pareto import ParetoChoice, number_text
from hil_dashboards.reading.pareto import (
    ParetoData,
)
from hil_dashboards.tradeoff import (
    Fit,
    Fits,
)

_BUDGET = (
    ("flash_kb", "Flash", "KB"),
    ("ram_kb", "RAM with stack", "KB"),
    ("latency_ms", "Latency", "ms"),
    ("life_days", "Battery lasts at least", "days"),
    ("per_hour", "Inferences an hour", ""),
    ("capacity_mah", "Battery", "mAh"),
    ("battery_v", "Battery", "V"),
    ("idle_ma", "Current between inferences", "mA"),
)


def budget_card(data: ParetoData, stands: Sequence[Fits | None]) -> Component:
    """A form, which assets/pareto.js makes: Dash's own has no fields."""
    budget = data.choice.budget
    told = {
        "fields": [
            {"name": name, "label": label, "unit": unit, "value": number_text(getattr(budget, name))}
            for name, label, unit in _BUDGET
        ],
        "others": data.choice.parts(budget=False),
        "clear": data.choice.href(budget=False),
    }
    held: Any = {"data-budget": json.dumps(told)}
    return html.Section(
        [
            html.H2("What fits a budget"),
            html.P(_fitting(stands, data.choice), className="budget-told"),
            html.Div(id="pareto-budget", **held),
            html.P(_assumed(data), className="muted"),
        ],
        className="card budget",
    )


def _fitting(stands: Sequence[Fits | None], choice: ParetoChoice) -> str:
    held = [one.fit for one in stands if one is not None]
    if not held:
        told = "Say what an image may take at most; all that is left empty may be as it likes."
        return told if not choice.budget.lacks else f"{told} {_LACKS}"
    counts = {fit: held.count(fit) for fit in Fit}
    told = f"{counts[Fit.FITS]:,} of {len(held):,} images fit"
    told += f", {counts[Fit.NOT]:,} do not" if counts[Fit.NOT] else ""
    told += f", of {counts[Fit.UNKNOWN]:,} it is not known" if counts[Fit.UNKNOWN] else ""
    return f"{told}." + (f" {_LACKS}" if choice.budget.lacks else "")


_LACKS = "A battery's life needs its capacity, its voltage, and inferences an hour."


def _assumed(data: ParetoData) -> str:
    """What the budget is held against."""
    told = "1 KB is 1,024 bytes. RAM is static data and the stack that was used"
    latency, energy = (data.by.get(metric.name) for metric in (LATENCY_US, ENERGY_PER_INFERENCE))
    if latency is not None:
        told += f"; latency is {latency.method} ({latency.technique})"
    told += ". "
    if energy is None:
        return f"{told}No energy of this board is stored, which a battery's life needs."
    told += f"A battery's life is told from energy per inference, {energy.method} ({energy.technique}), "
    told += f"with {USABLE * 100:g} % of the battery usable, {LOST_A_YEAR * 100:g} % of it lost a year by "
    told += f"itself, a regulator that hands on {EFFICIENCY * 100:g} %, and between inferences the current "
    told += "that is given, else the one that the bench measured while the board waited, ready for bytes. "
    told += "Nothing else wakes it."
    return told
