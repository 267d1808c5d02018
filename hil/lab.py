"""The lab file: which boards there are, of which kind, and how each is reached.

A lab file is TOML, one table per board::

    [boards.desk-1]
    kind = "nucleo_f439zi"
    probe = "066BFF303435554157121019"                # the debug probe's unique id
    serial = "/dev/serial/by-id/usb-STMicro…-if02"     # any URL pyserial opens, or "auto"

    [boards.qemu]
    kind = "qemu_mps2_an386"                          # needs neither probe nor serial

``hil.lab_keys`` has all keys; docs/lab-file.md tells of them. ``pool = true`` lets boards of silicon of one
kind share a run's images; they are then known, and stored, by the name of the kind. An emulated board is as
many emulators as there are processors, unless ``pool = false``. Without a lab file the lab is one QEMU board;
others are there when they are named by their kind, as ``--board=qemu_b_l475e_iot01a``.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.errors import LabError, LinkError
from hil.kinds import KINDS, Kind
from hil.lab_keys import AUTO, KEYS, SECTIONS, Quarantine, WrongValueError
from hil.link.usb import UsbPorts
from hil.naming import listed, why_no_name
from hil.reading import LARGEST_TEXT, read_bytes
from hil.toml_places import Place, nearest, places

DEFAULT_BOARD = "qemu"
_SHOWN = 40  # letters of a name that is none
_TAG = "tag:"


@dataclass(frozen=True)
class BoardSpec:
    """One board of the lab, or a pool of them under one name, before it is opened.

    ``pool`` is what the lab file says of it, None for nothing. ``members`` are the boards of silicon that
    share the images of a pool. ``serial`` may be ``auto``. ``power_cycle`` is a command that switches it off
    and on. ``quarantine`` says why it is to be left alone. ``lab`` is the file that names it.
    """

    name: str
    kind: Kind
    probe: str | None = None
    serial: str | None = None
    pool: bool | None = None
    members: tuple[BoardSpec, ...] = ()
    swd_clock_hz: int | None = None
    tags: tuple[str, ...] = ()
    power_cycle: tuple[str, ...] | None = None
    hang_after_s: float | None = None
    quarantine: Quarantine | None = None
    lab: Path | None = None

    @property
    def pooled(self) -> bool:
        """Whether others of its kind share its images: emulators do, unless they are told not to."""
        return self.kind.emulator is not None if self.pool is None else self.pool

    @property
    def places(self) -> tuple[BoardSpec, ...]:
        """The boards themselves, each of which runs images."""
        return self.members or (self,)

    @property
    def identity(self) -> str | None:
        """What tells it from every other board of this host; None of emulators, which are a run's own.

        A board of silicon is known by its probe. An emulated one that is no pool is one board, too: it is
        known by the lab file and its name.
        """
        if self.kind.emulator is None:
            return None if self.probe is None else probe_key(self.probe)
        if self.pool is not False or self.lab is None:
            return None
        return f"{self.lab}:{self.name}"


@dataclass(frozen=True)
class Lab:
    """The boards of one place; ``path`` and ``sha256`` are None for the built-in lab.

    ``asked`` are boards that are used when they are named, and by ``all`` are not.
    """

    boards: tuple[BoardSpec, ...]
    path: Path | None = None
    sha256: str | None = None
    asked: tuple[BoardSpec, ...] = ()

    @property
    def known(self) -> tuple[BoardSpec, ...]:
        """Every board that may be named."""
        return self.boards + self.asked

    def select(self, wanted: str) -> tuple[BoardSpec, ...]:
        """The boards that ``all`` or a comma-separated list of names stands for; LabError if unknown.

        ``tag:WORD`` in the list is every board with that tag. Boards of silicon that are pooled are one, with
        those of them that were named as its members. One in quarantine is in ``all`` and in a tag's boards,
        but may not be named.
        """
        names = listed(wanted)
        if names == ["all"]:
            return _pools(self.boards)
        if not names:
            raise LabError("--board names no board", remedy=f"use all, or one of: {self._known()}")
        found: dict[str, BoardSpec] = {}
        for name in names:
            found |= {board.name: board for board in self._named(name)}
        return _pools(list(found.values()))

    def _named(self, name: str) -> list[BoardSpec]:
        by_name = {board.name: board for board in self.known}
        if name in by_name:
            board = by_name[name]
            if board.quarantine is not None:
                raise LabError(
                    f"is in quarantine since {board.quarantine.since}",
                    board=name,
                    evidence=board.quarantine.reason,
                    remedy=f"take its quarantine out of {self.path} when it is well",
                )
            return [board]
        by_tag = {f"{_TAG}{tag}" for board in self.boards for tag in board.tags}
        if name in by_tag:
            return [board for board in self.boards if name.removeprefix(_TAG) in board.tags]
        raise LabError(
            f"the lab has no board {name!r}",
            evidence=str(self.path) if self.path else "the built-in lab",
            remedy=suggest(name, [*by_name, *by_tag]) or f"known boards: {self._known()}",
        )

    def _known(self) -> str:
        return ", ".join(board.name for board in self.known)


def _pools(boards: Sequence[BoardSpec]) -> tuple[BoardSpec, ...]:
    """Each board, or the pool that it belongs to where its first member stood."""
    shared: dict[tuple[str, str | None], list[BoardSpec]] = {}
    for board in boards:
        joins = board.pooled and board.kind.emulator is None
        shared.setdefault((board.kind.name, None if joins else board.name), []).append(board)
    return tuple(
        members[0] if name else BoardSpec(kind, members[0].kind, pool=True, members=tuple(members))
        for (kind, name), members in shared.items()
    )


def suggest(name: str, known: Iterable[str]) -> str | None:
    """'did you mean …?' for the nearest known name, or None when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else None


def builtin_lab() -> Lab:
    """The lab of a machine with nothing on the desk: one QEMU board; by their kinds' names the others."""
    default = BoardSpec(DEFAULT_BOARD, KINDS["qemu_mps2_an386"])
    emulated = [kind for kind in KINDS.values() if kind.emulator is not None and kind is not default.kind]
    return Lab((default,), asked=tuple(BoardSpec(kind.name, kind) for kind in emulated))


def load_lab(path: Path | None) -> Lab:
    """Read a lab file, or give the built-in lab when there is none; LabError names what is wrong where."""
    if path is None:
        return builtin_lab()
    try:
        raw = read_bytes(path, LARGEST_TEXT)
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
    except OSError as error:
        raise LabError(
            f"cannot read the lab file {path}", evidence=error.strerror, remedy="check --lab"
        ) from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError, TOMLDecodeError, numbers too long
        raise LabError(f"{path} is not a TOML file", evidence=str(error), remedy="mend it") from error
    return Lab(_Reader(path, text).boards(document), path.resolve(), hashlib.sha256(raw).hexdigest())


class _Reader:
    """Checks one file's tables; every LabError tells the line and the column."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._places: Mapping[tuple[str, ...], Place] | None = None

    def boards(self, document: Mapping[str, Any]) -> tuple[BoardSpec, ...]:
        unknown = [name for name in document if name not in SECTIONS]
        if unknown:
            raise self._wrong(
                f"{self._path} has an unknown key {unknown[0][:_SHOWN]!r}",
                (unknown[0],),
                remedy=suggest(unknown[0], SECTIONS) or f"known keys: {', '.join(SECTIONS)}",
            )
        tables = document.get("boards")
        if not isinstance(tables, dict) or not tables:
            raise LabError(
                f"{self._path} names no board", remedy='add a table such as [boards.qemu] with a "kind"'
            )
        boards = tuple(self._board(name, table) for name, table in tables.items())
        self._refuse_shared(boards)
        self._refuse_pools_name(boards)
        return boards

    def _board(self, name: str, table: object) -> BoardSpec:
        here = ("boards", name)
        wrong = "it stands for every board" if name == "all" else why_no_name(name)
        if wrong is not None:
            raise self._wrong(
                f"a board cannot be called {name[:_SHOWN]!r}", here, wrong, remedy="give it another name"
            )
        if not isinstance(table, dict):
            raise self._wrong("is not a table", here, board=name, remedy=f"write [boards.{name}]")
        for key in table:
            if key not in KEYS:
                raise self._wrong(
                    f"unknown key {key[:_SHOWN]!r}",
                    (*here, key),
                    board=name,
                    remedy=suggest(key, KEYS) or f"known keys: {', '.join(KEYS)}",
                )
        values = {key: self._value(name, key, value) for key, value in table.items()}
        kind = self._kind(name, values.get("kind"))
        for key in ("probe", "serial"):
            if kind.emulator is None and key not in values:
                raise self._wrong(
                    f"has no {key}", here, board=name, remedy="`hil lab init` writes what is attached"
                )
        for key in values:
            if kind.emulator is not None and KEYS[key].silicon_only:
                raise self._wrong(
                    f"is emulated and takes no {key}", (*here, key), board=name, remedy="drop it"
                )
        fields = {key: value for key, value in values.items() if key != "kind"}
        return BoardSpec(name, kind, lab=self._path.resolve(), **fields)

    def _kind(self, board: str, name: object) -> Kind:
        if isinstance(name, str) and name in KINDS:
            return KINDS[name]
        raise self._wrong(
            f"unknown kind {name[:_SHOWN]!r}" if isinstance(name, str) else "has no kind",
            ("boards", board) if name is None else ("boards", board, "kind"),
            board=board,
            remedy=suggest(str(name or ""), KINDS) or f"known kinds: {', '.join(sorted(KINDS))}",
        )

    def _value(self, board: str, key: str, value: object) -> Any:
        try:
            return KEYS[key].read(value)
        except WrongValueError as error:
            name = ".".join([key, *error.path])
            shown = f"{value!r}"[:_SHOWN]
            raise self._wrong(
                f"{name} {error}", ("boards", board, key, *error.path), shown, board=board
            ) from None

    def _refuse_shared(self, boards: Sequence[BoardSpec]) -> None:
        """Two names for one board would flash it under each other's feet."""
        for key, identity in (("probe", probe_key), ("serial", _port_key)):
            seen: dict[str, BoardSpec] = {}
            for board in boards:
                value = getattr(board, key)
                if value is None or value == AUTO:
                    continue
                other = seen.setdefault(identity(value), board)
                if other is not board:
                    raise self._wrong(
                        f"shares its {key} with {other.name}",
                        ("boards", board.name, key),
                        value,
                        board=board.name,
                        remedy="give each board its own; `hil probes` lists what is attached",
                    )

    def _refuse_pools_name(self, boards: Sequence[BoardSpec]) -> None:
        pools = {board.kind.name for board in boards if board.pooled and board.kind.emulator is None}
        for board in boards:
            if board.name in pools:
                raise self._wrong(
                    "has the name under which pooled boards of that kind are stored",
                    ("boards", board.name),
                    board=board.name,
                    remedy="give it another name",
                )

    def _wrong(
        self,
        what: str,
        path: Sequence[str],
        evidence: str | None = None,
        *,
        board: str | None = None,
        remedy: str | None = None,
    ) -> LabError:
        if self._places is None:
            self._places = places(self._text)
        place = nearest(self._places, path)
        where = str(self._path) if place is None else f"{self._path}, line {place[0]}, column {place[1]}"
        told = where if evidence is None else f"{where}: {evidence}"
        return LabError(what, board=board, evidence=told, remedy=remedy)


def port_of(board: BoardSpec, usb: UsbPorts | None = None) -> str:
    """The URL of a board's serial port now; LinkError where it is to be found and is not there."""
    assert board.serial is not None, "the lab file was checked"
    assert board.probe is not None, "the lab file was checked"
    if board.serial != AUTO:
        return board.serial
    port = (usb or UsbPorts()).port_with_serial(probe_key(board.probe))
    if port is None:
        raise LinkError(
            f"no serial port belongs to the USB device with the serial number {probe_key(board.probe)}",
            board=board.name,
            remedy='plug it in, or name the port in the lab file instead of "auto"',
        )
    return port


def probe_key(probe: str) -> str:
    """A probe's id without pyOCD's ``type:`` before it, in one case; that of a remote one is whole."""
    remote = probe.lower().startswith("remote:")
    return probe.lower() if remote else probe.rpartition(":")[2].lower()


def _port_key(serial: str) -> str:
    """One name for a port and the links to it."""
    return serial if "://" in serial or "\0" in serial else os.path.realpath(serial)
