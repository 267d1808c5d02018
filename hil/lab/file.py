"""The lab file: which boards there are, of which kind, and how each is reached.

A lab file is TOML, one table per board::

    [boards.desk-1]
    kind = "nucleo_f439zi"
    probe = "066BFF303435554157121019"                # the debug probe's unique id
    serial = "/dev/serial/by-id/usb-STMicro…-if02"     # any URL pyserial opens, or "auto"

    [boards.qemu]
    kind = "qemu_mps2_an386"                          # needs neither probe nor serial

``hil.lab.keys`` has all keys; docs/lab-file.md tells of them. ``pool = true`` lets boards of silicon of one
kind share a run's images; they are then known, and stored, by the name of the kind. An emulated board is as
many emulators as there are processors, unless ``pool = false``. Without a lab file the lab is one QEMU board;
others are there when they are named by their kind, as ``--board=qemu_b_l475e_iot01a``.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hil.errors import LabError
from hil.kinds import KINDS, Kind
from hil.lab.boards import BoardSpec, Lab, builtin_lab, port_key, probe_key
from hil.lab.keys import AUTO, KEYS, PROBE, SECTIONS
from hil.lab.places import Place, nearest, places
from hil.lab.power import spec_of
from hil.lab.wrong import WrongValueError
from hil.naming import suggest, why_no_name
from hil.power.board import PowerSpec
from hil.reading import LARGEST_TEXT, read_bytes

_SHOWN = 40  # letters of a name that is none


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
        self._refuse_shared_power(boards)
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
        through_probe = values.get("link") == PROBE
        for key in ("probe",) if through_probe else ("probe", "serial"):
            if kind.emulator is None and key not in values:
                raise self._wrong(
                    f"has no {key}", here, board=name, remedy="`hil lab init` writes what is attached"
                )
        if through_probe and kind.emulator is None and "serial" in values:
            raise self._wrong(
                f'has link = "{PROBE}", and a serial port that nothing would use',
                (*here, "serial"),
                board=name,
                remedy="drop one of the two",
            )
        for key in values:
            if kind.twin_of is None and KEYS[key].twins_only:
                raise self._wrong(
                    f"is no emulated twin and takes no {key}", (*here, key), board=name, remedy="drop it"
                )
            if kind.emulator is not None and KEYS[key].silicon_only:
                raise self._wrong(
                    f"is emulated and takes no {key}", (*here, key), board=name, remedy="drop it"
                )
        power = self._power(name, kind, values)
        fields = {key: value for key, value in values.items() if key not in ("kind", "power")}
        return BoardSpec(name, kind, power=power, lab=self._path.resolve(), **fields)

    def _power(self, board: str, kind: Kind, values: Mapping[str, Any]) -> PowerSpec | None:
        """The board's power probe: an emulated board has one unless it is told that it has none."""
        if values.get("power", {} if kind.emulator is not None else None) is None:
            return None
        try:
            return spec_of(kind, values.get("power"))
        except WrongValueError as error:
            raise self._wrong_value(board, "power", error) from None

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
            raise self._wrong_value(board, key, error, f"{value!r}"[:_SHOWN]) from None

    def _wrong_value(
        self, board: str, key: str, error: WrongValueError, shown: str | None = None
    ) -> LabError:
        name = ".".join([key, *error.path])
        path = ("boards", board, key, *error.path)
        return self._wrong(f"{name} {error}", path, shown, board=board, remedy=error.near)

    def _refuse_shared(self, boards: Sequence[BoardSpec]) -> None:
        """Two names for one board would flash it under each other's feet."""
        for key, identity in (("probe", probe_key), ("serial", port_key)):
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

    def _refuse_shared_power(self, boards: Sequence[BoardSpec]) -> None:
        seen: dict[tuple[str, str], BoardSpec] = {}
        for board in boards:
            power = board.power
            if power is None or (power.port is None and power.serial_number is None):
                continue
            port = ("port", port_key(power.port)) if power.port is not None else None
            key = port or ("serial_number", str(power.serial_number))
            other = seen.setdefault(key, board)
            if other is not board:
                raise self._wrong(
                    f"shares its power probe with {other.name}",
                    ("boards", board.name, "power", key[0]),
                    power.told,
                    board=board.name,
                    remedy="give each board its own; `hil power list` lists what is attached",
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
