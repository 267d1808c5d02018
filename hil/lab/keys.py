"""The keys of a board in the lab file: what each means, what it may hold, and how it is read.

One table for the reader (hil.lab.file) and for the JSON schema that editors use (hil.lab.schema).
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hil.lab.power import SCHEMA as POWER
from hil.lab.power import read_power
from hil.lab.wrong import WrongValueError, text
from hil.naming import suggest

AUTO = "auto"  # a serial port that is found by the debug probe's serial number
PROBE, UART = "probe", "uart"  # what carries the frames
LEAST_CLOCK_HZ, MOST_CLOCK_HZ = 1_000, 100_000_000
_TAG = r"^[A-Za-z0-9_.-]+$"
_LOCATION = r"^[0-9]+(-[0-9]+(\.[0-9]+)*)?$"
_UHUBCTL_OFF_S = 2

# Of the whole file: what other rooms read stands here, too, so that a typing error is told.
SECTIONS: Mapping[str, str] = {
    "boards": "the boards of this lab, a table each, by the names that --board takes",
    "verdicts": "what is a regression: thresholds of `hil check`",
}


@dataclass(frozen=True)
class Quarantine:
    """Why a board is left alone, and since when."""

    reason: str
    since: datetime.date


@dataclass(frozen=True)
class Key:
    """``read`` gives what a TOML value stands for, or raises WrongValueError; ``schema`` says the same."""

    about: str
    schema: Mapping[str, Any]
    read: Callable[[object], Any]
    silicon_only: bool = False
    twins_only: bool = False


def _link(value: object) -> str:
    word = text(value)
    if word not in (PROBE, UART):
        raise WrongValueError(f"must be {PROBE!r} or {UART!r}", near=suggest(word, (PROBE, UART)))
    return word


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError("must be true or false")
    return value


def _clock(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError("must be a whole number of hertz")
    if not LEAST_CLOCK_HZ <= value <= MOST_CLOCK_HZ:
        raise WrongValueError(f"must be {LEAST_CLOCK_HZ:,} to {MOST_CLOCK_HZ:,}")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError("must be a number of seconds")
    if not 0 < value < math.inf:
        raise WrongValueError("must be more than 0 seconds")
    try:
        return float(value)
    except OverflowError:
        raise WrongValueError("is more seconds than anybody waits") from None


def _tags(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise WrongValueError("must be a list of words")
    for tag in value:
        if not isinstance(tag, str) or not re.fullmatch(_TAG, tag, re.ASCII):
            raise WrongValueError(f"has {tag!r}, which is no word of letters, digits, dot, _ and -")
    if len(set(value)) < len(value):
        raise WrongValueError("names one twice")
    return tuple(value)


def _power_cycle(value: object) -> tuple[str, ...]:
    """The command that switches the board off and on again."""
    if isinstance(value, list):
        if not value or not all(isinstance(word, str) and word for word in value):
            raise WrongValueError('must be a command and its arguments, ["relay", "cycle", "3"]')
        return tuple(value)
    table = _table(value, ("uhubctl", "port"))
    location, port = table["uhubctl"], table["port"]
    if not isinstance(location, str) or not re.fullmatch(_LOCATION, location, re.ASCII):
        raise WrongValueError('must be a hub\'s location as `uhubctl` lists it, "1-1.4"', "uhubctl")
    if isinstance(port, bool) or not isinstance(port, int) or port < 1:
        raise WrongValueError("must be a number from 1 on", "port")
    off = str(_UHUBCTL_OFF_S)
    return ("uhubctl", "--location", location, "--ports", str(port), "--action", "cycle", "--delay", off)


def _quarantine(value: object) -> Quarantine:
    table = _table(value, ("reason", "since"))
    try:
        reason = text(table["reason"])
    except WrongValueError as error:
        raise WrongValueError(str(error), "reason") from None
    since = table["since"]
    if isinstance(since, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", since, re.ASCII):
        try:
            since = datetime.date.fromisoformat(since)
        except ValueError:
            raise WrongValueError("is no day of the calendar", "since") from None
    if not isinstance(since, datetime.date) or isinstance(since, datetime.datetime):
        raise WrongValueError("must be a date as 2026-11-26", "since")
    return Quarantine(reason, since)


def _table(value: object, names: tuple[str, ...]) -> Mapping[str, Any]:
    shape = "{ " + ", ".join(f"{name} = …" for name in names) + " }"
    if not isinstance(value, dict):
        raise WrongValueError(f"must be {shape}")
    for name in value:
        if name not in names:
            raise WrongValueError(f"has an unknown key {name!r}; it is {shape}", name)
    missing = [name for name in names if name not in value]
    if missing:
        raise WrongValueError(f"has no {missing[0]}; it is {shape}")
    return value


_STRING = {"type": "string", "pattern": r"\S"}

KEYS: Mapping[str, Key] = {
    "kind": Key("the kind of board", {"type": "string"}, text),  # the schema lists them
    "probe": Key(
        "the debug probe's unique id, as `hil probes` lists it, or remote:HOST:PORT of a `pyocd server`",
        _STRING,
        text,
        silicon_only=True,
    ),
    "serial": Key(
        "the serial port: a path, a link under /dev/serial/by-id, socket://HOST:PORT, rfc2217://HOST:PORT, "
        f"or {AUTO}: that of the USB device with the probe's serial number",
        _STRING,
        text,
        silicon_only=True,
    ),
    "link": Key(
        f"what carries the frames: {PROBE}, the debug probe by way of the board's RAM, which needs no serial "
        f"port; {UART}, the serial port (default: {UART}, or memory that an emulated board shares with us)",
        {"enum": [PROBE, UART]},
        _link,
    ),
    "swd_clock_hz": Key(
        "how fast the debug probe clocks the board; slower where wires are long (default: 4,000,000)",
        {"type": "integer", "minimum": LEAST_CLOCK_HZ, "maximum": MOST_CLOCK_HZ},
        _clock,
        silicon_only=True,
    ),
    "tags": Key(
        "words to choose boards by, as --board=tag:WORD",
        {"type": "array", "items": {"type": "string", "pattern": _TAG}, "uniqueItems": True},
        _tags,
    ),
    "pool": Key(
        "whether boards of this kind share a run's images; an emulated board does unless this is false",
        {"type": "boolean"},
        _flag,
    ),
    "vendor_algorithm": Key(
        "whether the chip maker's flash algorithm runs on the emulated core, which takes QEMU 11.1; else the "
        "debug probe does what it would",
        {"type": "boolean"},
        _flag,
        twins_only=True,
    ),
    "power_cycle": Key(
        "how to switch the board off and on: a command and its arguments, or a port of a hub for uhubctl",
        {
            "oneOf": [
                {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
                {
                    "type": "object",
                    "properties": {
                        "uhubctl": {"type": "string", "pattern": _LOCATION, "description": "the hub"},
                        "port": {"type": "integer", "minimum": 1},
                    },
                    "required": ["uhubctl", "port"],
                    "additionalProperties": False,
                },
            ]
        },
        _power_cycle,
        silicon_only=True,
    ),
    "power": Key(
        "the power probe in the board's supply; false: none, which an emulated board has otherwise",
        POWER,
        read_power,
    ),
    "hang_after_s": Key(
        "how long the board may be silent while it computes, in seconds (default: by each model's cost)",
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        _seconds,
    ),
    "quarantine": Key(
        "leave the board alone: why, and since when",
        {
            "type": "object",
            "properties": {"reason": _STRING, "since": {"type": "string", "format": "date"}},
            "required": ["reason", "since"],
            "additionalProperties": False,
        },
        _quarantine,
    ),
}
