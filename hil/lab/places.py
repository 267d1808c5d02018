"""Where in a TOML text each key stands: what a parser forgets, and an error wants to tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress

Path = tuple[str, ...]
Place = tuple[int, int]  # line and column, from 1

_DEEPEST = 32  # names in a path: more means nothing to us
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_SCALAR = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\]|\\.)*"|'[^']*'|[^,\]}#\n]*""", re.DOTALL
)


def places(text: str) -> Mapping[Path, Place]:
    """The first place of every key and table of a text that is TOML, by the whole path of names.

    Keys within inline tables are told too. Tables in an array are told apart by their number, from 0, behind
    the array's name; its other elements are not. What could not be followed is missing. ``text`` has line
    feeds alone, as after universal newlines.
    """
    found: dict[Path, int] = {}
    with suppress(_LostError, RecursionError):
        _Reader(text, found).document()
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    return {path: _place(at, lines) for path, at in found.items()}


def nearest(found: Mapping[Path, Place], path: Sequence[str]) -> Place | None:
    """The place of the path, or of the innermost table around it that is told."""
    for length in range(len(path), 0, -1):
        place = found.get(tuple(path[:length]))
        if place is not None:
            return place
    return None


def _place(at: int, lines: Sequence[int]) -> Place:
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if lines[middle] <= at else (low, middle)
    return low + 1, at - lines[low] + 1


class _LostError(Exception):
    """The text is not what it was taken for."""


class _Reader:
    def __init__(self, text: str, found: dict[Path, int]) -> None:
        self._text = text
        self._found = found
        self._at = 0
        self._arrays: dict[Path, int] = {}  # of tables, with the number of the last one

    def document(self) -> None:
        table: Path = ()
        while self._skip(_SPACE) < len(self._text):
            brackets = len(self._match(re.compile(r"\[{0,2}")))
            if brackets:
                start = self._at
                table = self._key((), header=True)
                if brackets == 2:
                    number = self._arrays[table] = self._arrays.get(table, -1) + 1
                    table = (*table, str(number))
                    self._found.setdefault(table, start)
                self._skip(re.compile(r"[ \t]*\]{1,2}"))
            else:
                self._pair(table)

    def _pair(self, table: Path) -> None:
        path = self._key(table)
        self._expect("=")
        self._value(path)

    def _key(self, table: Path, *, header: bool = False) -> Path:
        """A dotted key, and note where each of its names stands; an array in a header is its last table."""
        while True:
            self._skip(_BLANK)
            start, part = self._at, self._match(_PART)
            if len(table) == _DEEPEST:
                raise _LostError
            table = (*table, _name(part))
            self._found.setdefault(table, start)
            self._skip(_BLANK)
            if self._text[self._at : self._at + 1] != ".":
                return table
            self._at += 1
            if header and table in self._arrays:
                table = (*table, str(self._arrays[table]))

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        opened = self._text[self._at : self._at + 1]
        if opened not in ("[", "{"):
            self._match(_SCALAR)
            return
        self._at += 1
        closed, number = "]" if opened == "[" else "}", 0
        while True:
            before = self._skip(_SPACE)
            if self._text[self._at : self._at + 1] == closed:
                self._at += 1
                return
            if opened == "[":
                self._value(self._element(path, number))
                number += 1
            else:
                self._pair(path)
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] == ",":
                self._at += 1
            if self._at == before:
                raise _LostError

    def _element(self, array: Path, number: int) -> Path:
        """A path of its own for a table; other elements have their array's."""
        self._skip(_BLANK)
        if self._text[self._at : self._at + 1] != "{" or len(array) == _DEEPEST:
            return array
        self._found.setdefault((*array, str(number)), self._at)
        return (*array, str(number))

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._at

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None or self._at >= len(self._text):
            raise _LostError
        self._at = match.end()
        return match[0]

    def _expect(self, sign: str) -> None:
        self._skip(_BLANK)
        if not self._text.startswith(sign, self._at):
            raise _LostError
        self._at += 1


def _name(part: str) -> str:
    if part[0] not in "\"'":
        return part
    try:
        (name,) = tomllib.loads(f"{part} = 0")
    except (ValueError, RecursionError):
        raise _LostError from None
    return str(name)
