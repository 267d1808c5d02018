"""Files of points: TOML that `hil calibrate` writes and extends, read with every mistake told by its line.

docs/cycle-model.md tells of each key.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from hil.calibration.points import Estimated, Measured, Point, merged
from hil.errors import CalibrationError
from hil.files import replace_file
from hil.lab.places import Place, nearest, places
from hil.naming import suggest
from hil.reading import LARGEST_TEXT, read_bytes

FORMAT = 1
_HEAD = """\
# Cycles that boards measured beside those that the cycle model estimates of the same images.
# Written by `hil calibrate`, which keeps no other comments; docs/cycle-model.md tells of each key.
"""
_LONGEST = 256  # letters of a text
_SHOWN = 40  # of a value that is wrong
_MOST = 2**53  # cycles that a number holds to the last


def read_points(path: Path) -> tuple[Point, ...]:
    """The points of a file, each checked; CalibrationError tells what is wrong in which line and column."""
    try:
        text = read_bytes(path, LARGEST_TEXT).decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
    except OSError as error:
        raise CalibrationError(
            f"cannot read the points in {path}", evidence=error.strerror, remedy="check its name"
        ) from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError, TOMLDecodeError, numbers too long
        raise CalibrationError(
            f"{path} is no file of points", evidence=str(error), remedy="name one that `hil calibrate` wrote"
        ) from error
    return _Reader(path, text).points(document)


def write_points(path: Path, points: Iterable[Point]) -> None:
    """Put a file of these points in the place of what is there, whole or not at all.

    CalibrationError, and nothing is written, where a point could not be read again.
    """
    text = points_text(points)
    _Reader(path, text).points(tomllib.loads(text))
    replace_file(path, text)


def points_text(points: Iterable[Point]) -> str:
    """The file's text: of the same points always the same, to the byte."""
    return "\n".join([_HEAD + f"format = {FORMAT}", *map(_point_text, merged(points)), ""])


class _WrongError(Exception):
    """A value is not what its key takes; the message says what that is."""


@dataclass(frozen=True)
class _Key:
    read: Callable[[object], Any]
    needed: bool = True


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > _LONGEST:
        raise _WrongError(f"must be a text of up to {_LONGEST} letters")
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise _WrongError("must be a SHA-256, 64 hexadecimal digits")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST:
        raise _WrongError("must be a number above 0")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST:
        raise _WrongError("must be a whole number from 1 on")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("must be true or false")
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _WrongError("must be a moment with its zone, as 2026-11-27T03:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _WrongError("is no moment that UTC has") from None


def _conditions(value: object) -> dict[str, str | float]:
    if not isinstance(value, dict):
        raise _WrongError("must be { name = value, … }")
    found: dict[str, str | float] = {}
    for name, held in value.items():
        _text(name)
        if isinstance(held, str):
            found[name] = _text(held)
        elif isinstance(held, bool) or not isinstance(held, int | float) or not abs(held) <= _MOST:
            raise _WrongError(f"has a {name[:_SHOWN]!r} that is neither a text nor a number")
        else:
            found[name] = float(held)
    return found


_ABOUT = {
    "kind": _Key(_text),
    "technique": _Key(_text),
    "conditions": _Key(_conditions),
    "cycles": _Key(_number),
}
_ORIGIN = {"session": _Key(_text), "date": _Key(_moment), "commit": _Key(_text, needed=False)}
_POINT = {
    "synthetic": _Key(_flag, needed=False),
    "model": _Key(_text),
    "precision": _Key(_text),
    "region": _Key(_text),
    "image": _Key(_digest),
    "vectors": _Key(_count),
    "vectors_sha256": _Key(_digest),
}
_SIDES: Mapping[str, Mapping[str, _Key]] = {
    "measured": {
        **_ABOUT,
        "least": _Key(_number, needed=False),
        "p99": _Key(_number, needed=False),
        "most": _Key(_number, needed=False),
        "clock_hz": _Key(_number),
        "chip": _Key(_text, needed=False),
        **_ORIGIN,
    },
    "estimated": {
        **_ABOUT,
        "low": _Key(_number),
        "high": _Key(_number),
        "qemu": _Key(_text, needed=False),
        **_ORIGIN,
    },
}
_IN_ORDER = {"measured": ("least", "cycles", "p99", "most"), "estimated": ("low", "cycles", "high")}


class _Reader:
    """Checks one file; every CalibrationError tells the line and the column."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._places: Mapping[tuple[str, ...], Place] | None = None

    def points(self, document: Mapping[str, Any]) -> tuple[Point, ...]:
        self._refuse_unknown(document, ("format", "point"), ())
        if document.get("format") != FORMAT:
            raise self._wrong(
                f"must have format = {FORMAT}",
                ("format",),
                evidence=f"{document.get('format')!r}"[:_SHOWN],
                remedy="a newer lab may have written it" if "format" in document else None,
            )
        tables = document.get("point", [])
        if not isinstance(tables, list):
            raise self._wrong("point must be an array of tables", ("point",), remedy="write [[point]]")
        found: dict[tuple[object, ...], Point] = {}
        for number, table in enumerate(tables):
            point = self._point(table, ("point", str(number)))
            if point.identity in found:
                raise self._wrong(f"has {point.name} of one session twice", ("point", str(number)))
            found[point.identity] = point
        return tuple(found.values())

    def _point(self, table: object, here: tuple[str, ...]) -> Point:
        if not isinstance(table, dict):
            raise self._wrong("point must be an array of tables", here, remedy="write [[point]]")
        self._refuse_unknown(table, (*_POINT, *_SIDES), here)
        values = self._values(table, _POINT, here)
        sides = {name: self._side(table.get(name), name, (*here, name)) for name in _SIDES}
        return Point(
            **values, measured=Measured(**sides["measured"]), estimated=Estimated(**sides["estimated"])
        )

    def _side(self, table: object, name: str, here: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self._wrong(f"a point has no {name} side", here, remedy=f"write [point.{name}]")
        self._refuse_unknown(table, _SIDES[name], here)
        values = self._values(table, _SIDES[name], here)
        ordered = [(key, values[key]) for key in _IN_ORDER[name] if key in values]
        if any(before[1] > after[1] for before, after in pairwise(ordered)):
            names = ", ".join(key for key, _ in ordered)
            told = ", ".join(f"{value:,.12g}" for _, value in ordered)
            raise self._wrong(f"{name}: {names} must not fall", (*here, "cycles"), evidence=told)
        return values

    def _values(
        self, table: Mapping[str, Any], keys: Mapping[str, _Key], here: tuple[str, ...]
    ) -> dict[str, Any]:
        found = {}
        for name, key in keys.items():
            if name not in table:
                if key.needed:
                    raise self._wrong(f"{_told(here)} has no {name}", here)
                continue
            try:
                found[name] = key.read(table[name])
            except _WrongError as error:
                shown = f"{table[name]!r}"[:_SHOWN]
                raise self._wrong(f"{name} {error}", (*here, name), evidence=shown) from None
        return found

    def _refuse_unknown(self, table: Mapping[str, Any], known: Iterable[str], here: tuple[str, ...]) -> None:
        known = list(known)
        for name in table:
            if name not in known:
                remedy = suggest(name, known) or f"known keys: {', '.join(known)}"
                raise self._wrong(f"unknown key {name[:_SHOWN]!r}", (*here, name), remedy=remedy)

    def _wrong(
        self, what: str, path: tuple[str, ...], evidence: str | None = None, remedy: str | None = None
    ) -> CalibrationError:
        if self._places is None:
            self._places = places(self._text)
        place = nearest(self._places, path)
        where = str(self._path) if place is None else f"{self._path}, line {place[0]}, column {place[1]}"
        told = where if evidence is None else f"{evidence}; {where}"
        return CalibrationError(what, evidence=told, remedy=remedy or "mend it, or take the point out")


def _told(here: tuple[str, ...]) -> str:
    return "a point" if len(here) == 2 else f"the {here[-1]} side of a point"


def _point_text(point: Point) -> str:
    lines = ["", "[[point]]", *_lines(point, _POINT)]
    for name, side in (("measured", point.measured), ("estimated", point.estimated)):
        lines += ["", f"[point.{name}]", *_lines(side, _SIDES[name])]
    return "\n".join(lines)


def _lines(held: object, keys: Iterable[str]) -> list[str]:
    """What is there, None and False apart."""
    values = ((key, getattr(held, key)) for key in keys)
    return [f"{key} = {_toml(value)}" for key, value in values if value is not None and value is not False]


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(name)} = {_toml(held)}" for name, held in sorted(value.items()))
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    return json.dumps(value, ensure_ascii=False)  # a number, or a text: printable, so that TOML reads it


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
