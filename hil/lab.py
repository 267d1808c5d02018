"""The lab file: which boards there are, of which kind, and how each is reached.

A lab file is TOML, one table per board::

    [boards.desk-1]
    kind = "nucleo_f439zi"
    probe = "066BFF303435554157121019"                # the debug probe's unique id
    serial = "/dev/serial/by-id/usb-STMicro…-if02"     # any URL pyserial opens

    [boards.qemu]
    kind = "qemu_mps2_an386"                          # needs neither probe nor serial

``pool = true`` lets boards of silicon of one kind share a run's images; they are then known, and stored, by
the name of the kind. An emulated board is as many emulators as there are processors, unless ``pool = false``.
Without a lab file the lab is one QEMU board.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import LabError
from hil.kinds import KINDS, Kind
from hil.naming import listed, why_no_name
from hil.reading import LARGEST_TEXT, read_bytes

DEFAULT_BOARD = "qemu"
_SHOWN = 40  # letters of a name that is none


@dataclass(frozen=True)
class BoardSpec:
    """One board of the lab, or a pool of them under one name, before it is opened.

    ``pool`` is what the lab file says of it, None for nothing. ``members`` are the boards of silicon that
    share the images of a pool.
    """

    name: str
    kind: Kind
    probe: str | None = None
    serial: str | None = None
    pool: bool | None = None
    members: tuple[BoardSpec, ...] = ()

    @property
    def pooled(self) -> bool:
        """Whether others of its kind share its images: emulators do, unless they are told not to."""
        return self.kind.emulator is not None if self.pool is None else self.pool

    @property
    def places(self) -> tuple[BoardSpec, ...]:
        """The boards themselves, each of which runs images."""
        return self.members or (self,)


@dataclass(frozen=True)
class Lab:
    """The boards of one place; ``path`` and ``sha256`` are None for the built-in lab."""

    boards: tuple[BoardSpec, ...]
    path: Path | None = None
    sha256: str | None = None

    def select(self, wanted: str) -> tuple[BoardSpec, ...]:
        """The boards that ``all`` or a comma-separated list of names stands for; LabError if unknown.

        Boards of silicon that are pooled are one, with those of them that were named as its members.
        """
        names = listed(wanted)
        if names == ["all"]:
            return _pools(self.boards)
        if not names:
            raise LabError("--board names no board", remedy=f"use all, or one of: {self._known()}")
        by_name = {board.name: board for board in self.boards}
        for name in names:
            if name not in by_name:
                raise LabError(
                    f"the lab has no board {name!r}",
                    evidence=str(self.path) if self.path else "the built-in lab",
                    remedy=suggest(name, by_name) or f"known boards: {self._known()}",
                )
        return _pools([by_name[name] for name in dict.fromkeys(names)])

    def _known(self) -> str:
        return ", ".join(board.name for board in self.boards)


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
    """The lab of a machine with nothing on the desk: one QEMU board."""
    return Lab((BoardSpec(DEFAULT_BOARD, KINDS["qemu_mps2_an386"]),))


def load_lab(path: Path | None) -> Lab:
    """Read a lab file, or give the built-in lab when there is none; LabError names what is wrong where."""
    if path is None:
        return builtin_lab()
    try:
        raw = read_bytes(path, LARGEST_TEXT)
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise LabError(
            f"cannot read the lab file {path}", evidence=error.strerror, remedy="check --lab"
        ) from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError, TOMLDecodeError, numbers too long
        raise LabError(f"{path} is not a TOML file", evidence=str(error), remedy="mend it") from error
    tables = document.get("boards")
    if not isinstance(tables, dict) or not tables:
        raise LabError(f"{path} names no board", remedy='add a table such as [boards.qemu] with a "kind"')
    boards = tuple(_board(name, table, path) for name, table in tables.items())
    _refuse_twins(boards, path)
    _refuse_pools_name(boards, path)
    return Lab(boards, path.resolve(), hashlib.sha256(raw).hexdigest())


def _board(name: str, table: object, path: Path) -> BoardSpec:
    wrong = "it stands for every board" if name == "all" else why_no_name(name)
    if wrong is not None:
        raise LabError(
            f"a board cannot be called {name[:_SHOWN]!r}",
            evidence=f"{path}: {wrong}",
            remedy="give it another name",
        )
    if not isinstance(table, dict):
        raise LabError("is not a table", board=name, evidence=str(path), remedy=f"write [boards.{name}]")
    unknown = sorted(set(table) - {"kind", "probe", "serial", "pool"})
    if unknown:
        raise LabError(
            f"unknown key {unknown[0]!r}",
            board=name,
            evidence=str(path),
            remedy="known keys: kind, probe, serial, pool",
        )
    texts = {key: _text(name, key, table, path) for key in ("kind", "probe", "serial")}
    kind_name = texts["kind"]
    if kind_name is None or kind_name not in KINDS:
        raise LabError(
            f"unknown kind {kind_name!r}" if kind_name else "has no kind",
            board=name,
            evidence=str(path),
            remedy=suggest(kind_name or "", KINDS) or f"known kinds: {', '.join(sorted(KINDS))}",
        )
    kind = KINDS[kind_name]
    for key in ("probe", "serial"):
        if kind.emulator is None and texts[key] is None:
            raise LabError(
                f"has no {key}", board=name, evidence=str(path), remedy="`hil probes` lists what is attached"
            )
        if kind.emulator is not None and texts[key] is not None:
            raise LabError(
                f"is emulated and takes no {key}", board=name, evidence=str(path), remedy="drop it"
            )
    pool = table.get("pool")
    if pool is not None and not isinstance(pool, bool):
        raise LabError(
            "pool must be true or false",
            board=name,
            evidence=f"{path}: {pool!r}",
            remedy="how many emulators there are says --pool=N",
        )
    return BoardSpec(name, kind, texts["probe"], texts["serial"], pool)


def _text(board: str, key: str, table: dict[str, object], path: Path) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise LabError(f"{key} must be a string", board=board, evidence=f"{path}: {value!r}")
    return value


def _refuse_twins(boards: tuple[BoardSpec, ...], path: Path) -> None:
    for key in ("probe", "serial"):
        seen: dict[str, str] = {}
        for board in boards:
            value = getattr(board, key)
            if value is None:
                continue
            if value in seen:
                raise LabError(
                    f"shares its {key} with {seen[value]}", board=board.name, evidence=f"{path}: {value}"
                )
            seen[value] = board.name


def _refuse_pools_name(boards: tuple[BoardSpec, ...], path: Path) -> None:
    pools = {board.kind.name for board in boards if board.pooled and board.kind.emulator is None}
    for board in boards:
        if board.name in pools:
            raise LabError(
                "has the name under which pooled boards of that kind are stored",
                board=board.name,
                evidence=str(path),
                remedy="give it another name",
            )
