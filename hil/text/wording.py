"""How shares, and a value's band and conditions are written for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_FIRST = ("clock_hz", "wait_states", "sp", "link_faults", "supply_v", "gain_share")
_WORDS = {"sp": "SP"}  # whose names do not say it
_HERTZ = ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz"))
_AMPERES = ((1.0, "A"), (1e-3, "mA"), (1e-6, "µA"), (1e-9, "nA"))


def percent(share: float) -> str:
    """A share in percent without its sign, as ``98.33``; only all of it is ``100.00``."""
    rounded = f"{share * 100:.2f}"
    return "99.99" if rounded == "100.00" and share < 1 else rounded


def band_percents(value: float, low: float, high: float) -> tuple[str, str] | None:
    """How far below and above a value its band reaches, in percent without sign: ``("3", "22")``.

    None for a value of 0, which has no percents.
    """
    if value == 0:
        return None
    return _percent((value - low) / abs(value)), _percent((high - value) / abs(value))


def _percent(share: float) -> str:
    percent = share * 100
    return f"{percent:.0f}" if percent == 0 or percent >= 0.95 else f"{percent:.1g}"


def conditions_text(conditions: Mapping[str, str | float]) -> str:
    """Conditions in one order, ``clock 25 MHz, wait states 0``, by their names and the units in those."""
    others = sorted(set(conditions) - set(_FIRST))
    names = [name for name in (*_FIRST, *others) if name in conditions]
    return ", ".join(f"{condition_name(name)} {condition_value(name, conditions[name])}" for name in names)


def condition_name(name: str) -> str:
    """What a condition is called, without its unit: ``clock`` of ``clock_hz``."""
    bare = name
    for unit in ("_hz", "_v", "_a", "_share"):
        bare = bare.removesuffix(unit)
    return _WORDS.get(bare, bare.replace("_", " "))


def condition_value(name: str, held: str | float) -> str:
    """It with the unit that its name says: ``25 MHz``, ``3.3 V``, ``1.4 mA``, ``±2 %``."""
    if isinstance(held, str):
        return held
    if name.endswith("_hz"):
        return _scaled(held, _HERTZ)
    if name.endswith("_a"):
        return _scaled(held, _AMPERES)
    if name.endswith("_v"):
        return f"{held:.12g} V"
    return f"±{held * 100:.12g} %" if name.endswith("_share") else f"{held:.12g}"


def _scaled(held: float, units: Sequence[tuple[float, str]]) -> str:
    """In the largest unit of which there is one, of some from large to small."""
    step, unit = next(((step, unit) for step, unit in units if abs(held) >= step), units[-1])
    return f"{held / step:.12g} {unit}"
