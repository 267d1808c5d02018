"""Which changes matter: a threshold per metric, for all images or those that globs name.

They stand in the lab file as ``[[verdicts.threshold]]``, or in pyproject.toml as
``[[tool.hil.verdicts.threshold]]``::

    [[verdicts.threshold]]
    metric = "flash_bytes"       # a glob
    allow = "64 B"               # or a share, as "1 %"; "any" lets every change pass
    model = "fastgrnn_*"         # globs as well: board, kind, model, precision

A change that is no larger is told, and is no regression. Of those that concern a value, the last one counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf
from pathlib import Path
from typing import Any

from hil.errors import LabError
from hil.measure.verdicts import EXACT, Tolerance
from hil.metrics import METRICS, TIERS, lookup
from hil.naming import suggest
from hil.reading import read_text

PYPROJECT = "pyproject.toml"
_GLOBS = ("metric", "board", "kind", "model", "precision")
_KEYS = (*_GLOBS, "allow")
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]*)?(?:e-?[0-9]+)?)\s*(\S*)", re.IGNORECASE)
_UNITS = {"µs": "us", "µJ": "uJ", "bytes": "B", "1": ""}
_TABLE = "verdicts"
_BENCH = Tolerance(share=0.1)


@dataclass(frozen=True)
class Threshold:
    """What is allowed of metrics, boards, kinds, models and precisions whose names match globs."""

    tolerance: Tolerance
    metric: str
    board: str = "*"
    kind: str = "*"
    model: str = "*"
    precision: str = "*"


@dataclass(frozen=True)
class Thresholds:
    """Those of a lab, in the order of their file; ``path`` is that, None for no file that has any."""

    of_file: tuple[Threshold, ...] = ()
    path: Path | None = None

    def of(self, metric: str, board: str, kind: str, model: str, precision: str) -> Tolerance:
        """What is allowed of one value.

        Where no threshold says, no change of what an image does is; 10 % of what the bench itself takes, by
        the host's clock or on its link.
        """
        names = (metric, board, kind, model, precision)
        for one in reversed(self.of_file):
            globs = (one.metric, one.board, one.kind, one.model, one.precision)
            if all(fnmatchcase(name, glob) for name, glob in zip(names, globs, strict=True)):
                return one.tolerance
        return _BENCH if metric in METRICS and not METRICS[metric].exact else EXACT


def load_thresholds(lab: Path | None, folder: Path) -> Thresholds:
    """Those of the lab file, or else of the pyproject.toml in ``folder``; LabError names what is wrong where.

    Both files may lack them; a lab file that is named has to exist.
    """
    places = [] if lab is None else [(lab, "verdicts")]
    if (folder / PYPROJECT).is_file():
        places.append((folder / PYPROJECT, "tool.hil.verdicts"))
    for path, name in places:
        text = _text(path)
        table: Any = _document(path, text)
        for key in name.split("."):
            table = _below(table, key, path) if isinstance(table, dict) else None
        if table is not None:
            return Thresholds(_thresholds(table, path, name, text), path)
    return Thresholds()


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise LabError(f"cannot read {path}", evidence=error.strerror, remedy="check --lab") from error
    except ValueError as error:  # UnicodeDecodeError
        raise LabError(f"{path} is not a TOML file", evidence=str(error), remedy="mend it") from error


def _document(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, numbers too long
        raise LabError(f"{path} is not a TOML file", evidence=str(error), remedy="mend it") from error


def _below(table: Mapping[str, Any], key: str, path: Path) -> Any:
    """What is there under a key; LabError for one that is meant to be it, and is not."""
    if key == _TABLE and key not in table:
        for other in table:
            near = suggest(other, [key])
            if near is not None:
                raise LabError(f"{path}: unknown key {other!r}", remedy=near)
    return table.get(key)


def _thresholds(table: object, path: Path, name: str, text: str) -> tuple[Threshold, ...]:
    remedy = f"write [[{name}.threshold]]"
    if not isinstance(table, dict):
        raise LabError(f"{path}: {name} is not a table", remedy=remedy)
    _refuse_unknown(table, ("threshold",), f"{path}: {name}")
    listed = table.get("threshold", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise LabError(f"{path}: {name}.threshold is not a list of tables", remedy=remedy)
    lines = _header_lines(text, name)
    known = len(lines) == len(listed)  # else they are written in another way, which has no lines of its own
    return tuple(
        _threshold(one, _Place(path, name, number, text.splitlines(), lines[number - 1] if known else None))
        for number, one in enumerate(listed, 1)
    )


def _header_lines(text: str, name: str) -> list[int]:
    """Where the tables of thresholds begin, counted from 0."""
    keys = r"\s*\.\s*".join(rf"[\"']?{re.escape(key)}[\"']?" for key in (*name.split("."), "threshold"))
    header = re.compile(rf"\s*\[\[\s*{keys}\s*\]\]")
    return [place for place, line in enumerate(text.splitlines()) if header.match(line)]


@dataclass(frozen=True)
class _Place:
    """Where one threshold stands: ``begins`` is the line of its head, counted from 0, None for not known."""

    path: Path
    name: str
    number: int
    lines: Sequence[str]
    begins: int | None

    def __str__(self) -> str:
        return self.of(None)

    def of(self, key: str | None) -> str:
        """File, line and which threshold it is; the line is that of a key where it is found."""
        told = f"threshold {self.number} of {self.name}"
        if self.begins is None:
            return f"{self.path}: {told}"
        line = self.begins
        for place in range(self.begins + 1, len(self.lines) if key is not None else 0):
            if self.lines[place].lstrip().startswith("["):
                break
            if re.match(rf"\s*[\"']?{re.escape(key or '')}[\"']?\s*=", self.lines[place]):
                line = place
                break
        return f"{self.path}, line {line + 1}: {told}"


def _refuse_unknown(table: Mapping[str, object], known: Sequence[str], place: str | _Place) -> None:
    for key in table:
        if key not in known:
            where = place.of(key) if isinstance(place, _Place) else place
            raise LabError(
                f"{where}: unknown key {key!r}",
                remedy=suggest(key, known) or f"known keys: {', '.join(known)}",
            )


def _threshold(table: Mapping[str, object], place: _Place) -> Threshold:
    _refuse_unknown(table, _KEYS, place)
    for key in ("metric", "allow"):
        if key not in table:
            raise LabError(f"{place}: has no {key}", remedy='say metric = "flash_bytes", allow = "1 %"')
    globs: dict[str, str] = {}
    for key in _GLOBS:
        held = table.get(key, "*")
        if not isinstance(held, str) or not held:
            raise LabError(f"{place.of(key)}: {key} must be a string", evidence=repr(held))
        globs[key] = held
    units = _units_of(globs["metric"], place.of("metric"))
    return Threshold(_tolerance(table["allow"], units, place.of("allow")), **globs)


def _units_of(glob: str, place: str) -> set[str]:
    """The units of the metrics that a glob names; a name that is not the lab's may be a user's own."""
    names = [*METRICS, *(f"{name}{tier.suffix}" for name in METRICS for tier in TIERS)]
    units = {lookup(name).unit for name in names if fnmatchcase(name, glob)}
    near = suggest(glob, METRICS)
    if not units and near is not None:
        raise LabError(f"{place}: there is no metric {glob!r}", remedy=near)
    if not units and re.search(r"[*?\[]", glob):
        raise LabError(f"{place}: no metric is called as {glob!r}", remedy=f"metrics: {', '.join(METRICS)}")
    return units


def _tolerance(allow: object, units: set[str], place: str) -> Tolerance:
    told = f"{place}: allow"
    remedy = 'write a share as "1 %", an amount as "64 B", or "any"'
    if allow == "any":
        return Tolerance(share=inf, amount=inf)
    found = _AMOUNT.fullmatch(allow.strip()) if isinstance(allow, str) else None
    if found is None:
        raise LabError(f"{told} is no threshold", evidence=repr(allow), remedy=remedy)
    number, unit = float(found[1]), _UNITS.get(found[2], found[2])
    if number == inf:
        raise LabError(f"{told} is too large", evidence=repr(allow), remedy=remedy)
    if unit == "%":
        return Tolerance(share=number / 100)
    bare = {"" if one == "1" else one for one in units}
    if units and bare != {unit}:
        of = ", ".join(sorted(one for one in bare if one)) or "none"
        raise LabError(
            f"{told} has another unit than its metric", evidence=f"{allow!r}, not {of}", remedy=remedy
        )
    return Tolerance(amount=number)
