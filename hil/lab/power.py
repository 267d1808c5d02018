"""A board's ``power`` table in the lab file: its keys, and what they make with the board's kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hil.errors import PowerProbeError
from hil.kinds import Kind
from hil.lab.wrong import WrongValueError, text
from hil.naming import suggest
from hil.power.board import PPK2, PowerSpec
from hil.power.emulated.faults import parsed

CHANNELS = 8
REPLAY = "replay"  # a driver, but of no probe
BOARD, PROBE = "board", "probe"  # what supplies the board
_MOST_VOLTS = 1000
EMULATED_V = 3.0  # what datasheets state typical currents for
_VOLTS = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
_TEXT = {"type": "string", "pattern": r"\S"}
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "driver": {**_TEXT, "description": f'the kind of probe, "{PPK2}"; `hil power list` lists what is there'},
    "port": {**_TEXT, "description": "its serial port, best a link under /dev/serial/by-id"},
    "serial_number": {**_TEXT, "description": "or its serial number, by which its port is found"},
    "supply_v": {
        **_VOLTS,
        "description": f"the board's supply; refused outside of its kind's (emulated: {EMULATED_V:g})",
    },
    "least_v": {
        **_VOLTS,
        "description": "the least supply that this board may have, if more than its kind's",
    },
    "most_v": {**_VOLTS, "description": "the most, if less than its kind's"},
    "channel": {
        "type": "integer",
        "minimum": 0,
        "maximum": CHANNELS - 1,
        "description": "the probe's logic input that the board's sync pin is wired to (default: none)",
    },
    "source": {
        "enum": [PROBE, BOARD],
        "description": f"what supplies the board: the {PROBE}, or the {BOARD}, whose own supply goes through "
        "the probe as an ampere meter",
    },
    "shunt": {**_TEXT, "description": "where the probe sits in the supply, as a jumper's name"},
    "fault": {**_TEXT, "description": "what an emulated probe does wrong on purpose, for tests"},
}
_OF_SILICON = ("port", "serial_number", "source")
SCHEMA: Mapping[str, Any] = {
    "oneOf": [
        {"type": "object", "properties": _KEYS, "additionalProperties": False},
        {"enum": [False]},
    ]
}


def schema_of(*, silicon: bool) -> Mapping[str, Any]:
    """What the schema says beyond that of a board of silicon, or of an emulated one."""
    if silicon:
        table: dict[str, Any] = {
            "required": ["driver", "supply_v"],
            "oneOf": [{"required": ["port"]}, {"required": ["serial_number"]}],
            "not": {"required": ["fault"]},
            "properties": {"driver": {"not": {"enum": [REPLAY]}}},
        }
    else:
        table = {
            "properties": {"driver": {"enum": [PPK2]}},
            "not": {"anyOf": [{"required": [name]} for name in _OF_SILICON]},
        }
    return {"anyOf": [{"enum": [False]}, {"type": "object", **table}]}


def read_power(value: object) -> Mapping[str, Any] | None:
    """The table with each value checked by itself; None for ``false``: no probe."""
    if value is False:
        return None
    if not isinstance(value, dict):
        raise WrongValueError("must be a table, or false for none")
    for name, one in value.items():
        if name not in _KEYS:
            near = suggest(name, _KEYS) or f"known keys: {', '.join(_KEYS)}"
            raise WrongValueError(f"has an unknown key {name[:40]!r}", name, near=near)
        try:
            _check(name, one)
        except WrongValueError as error:
            raise WrongValueError(str(error), name, near=error.near) from None
    return value


def _check(name: str, value: object) -> None:
    if name in ("supply_v", "least_v", "most_v"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongValueError("must be a number of volts")
        if not 0 < value < math.inf:
            raise WrongValueError("must be more than 0 volts")
        if value > _MOST_VOLTS:  # no float holds what an integer may be
            raise WrongValueError("is more volts than any board has")
    elif name == "channel":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < CHANNELS:
            raise WrongValueError(f"must be a whole number from 0 to {CHANNELS - 1}")
    elif name == "source":
        if text(value) not in (PROBE, BOARD):
            near = suggest(str(value), (PROBE, BOARD))
            raise WrongValueError(f"must be {PROBE!r} or {BOARD!r}", near=near)
    else:
        text(value)


def spec_of(kind: Kind, table: Mapping[str, Any] | None) -> PowerSpec:
    """What the table, or an emulated board without one, means; WrongValueError for what its kind forbids."""
    values = dict(table or {})
    if kind.emulator is None:
        _check_silicon(values)
    else:
        _check_emulated(kind, values)
    least_v, most_v = _limits(kind, values)
    volts = float(values.get("supply_v", EMULATED_V))
    if not least_v <= volts <= most_v:
        raise WrongValueError(
            f"is {volts:g}: a {kind.name} may have {least_v:g} to {most_v:g} V ({kind.supply.source})",
            "supply_v",
        )
    return PowerSpec(
        driver=values.get("driver", PPK2),
        supply_v=volts,
        least_v=least_v,
        most_v=most_v,
        port=values.get("port"),
        serial_number=values.get("serial_number"),
        channel=values.get("channel", None if kind.emulator is None else 0),
        source=values.get("source", PROBE) == PROBE,
        shunt=values.get("shunt"),
        fault=values.get("fault"),
    )


def _check_silicon(values: Mapping[str, Any]) -> None:
    for name in ("driver", "supply_v"):
        if name not in values:
            raise WrongValueError(f"has no {name}")
    if "fault" in values:
        raise WrongValueError("is of emulated boards alone", "fault")
    if "port" not in values and "serial_number" not in values:
        raise WrongValueError("has neither port nor serial_number", near="`hil power list` tells them")
    if "port" in values and "serial_number" in values:
        raise WrongValueError("names the probe twice, by port and by serial_number", "serial_number")
    if values["driver"] == REPLAY:  # its figures would be stored as this board's, measured
        raise WrongValueError(
            f"is {REPLAY!r}, which knows what was recorded, not what this board takes", "driver"
        )
    from hil.power.drivers import names  # numpy comes with it

    if values["driver"] not in names():
        near = suggest(values["driver"], names()) or f"known drivers: {', '.join(names())}"
        raise WrongValueError(f"is {values['driver'][:40]!r}, which no driver is called", "driver", near=near)


def _check_emulated(kind: Kind, values: Mapping[str, Any]) -> None:
    for name in _OF_SILICON:
        if name in values:
            raise WrongValueError("is not of emulated boards, which have a probe of their own", name)
    if values.get("driver", PPK2) != PPK2:
        raise WrongValueError(f"must be {PPK2!r}: no other is emulated", "driver")
    try:
        parsed(values.get("fault", ""))
    except PowerProbeError as error:
        raise WrongValueError(f"is wrong: {error.what}", "fault", near=error.remedy) from None


def _limits(kind: Kind, values: Mapping[str, Any]) -> tuple[float, float]:
    """The kind's supply, narrowed by the table; it can never be widened."""
    least_v = float(values.get("least_v", kind.supply.least_v))
    most_v = float(values.get("most_v", kind.supply.most_v))
    for name, volts in (("least_v", least_v), ("most_v", most_v)):
        if not kind.supply.least_v <= volts <= kind.supply.most_v:
            raise WrongValueError(
                f"is {volts:g}: a {kind.name} may have {kind.supply.least_v:g} to {kind.supply.most_v:g} V "
                f"({kind.supply.source})",
                name,
            )
    if least_v > most_v:
        raise WrongValueError(f"is more than most_v, {most_v:g}", "least_v")
    return least_v, most_v
