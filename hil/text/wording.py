"""How shares, and a value's band and conditions are written for people."""

from __future__ import annotations

from collections.abc import Mapping

_KNOWN = {"clock_hz": "clock", "wait_states": "wait states", "sp": "SP", "link_faults": "link faults"}
_HERTZ = ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"))


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
    """Conditions in one fixed order, ``clock 25 MHz, wait states 0``; one without a wording by its key."""
    known = [name for name in _KNOWN if name in conditions]
    others = sorted(set(conditions) - set(known))
    return ", ".join(_condition(name, conditions[name]) for name in [*known, *others])


def _condition(name: str, held: str | float) -> str:
    if isinstance(held, str):
        return f"{_KNOWN.get(name, name)} {held}"
    if name == "clock_hz":
        step, unit = next(((step, unit) for step, unit in _HERTZ if abs(held) >= step), (1.0, "Hz"))
        return f"{_KNOWN[name]} {held / step:.12g} {unit}"
    return f"{_KNOWN.get(name, name)} {held:.12g}"
