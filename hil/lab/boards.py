"""The boards of a lab: what is known of each before it is opened, and which of them a run asks for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import LabError, LinkError
from hil.kinds import KINDS, Kind
from hil.lab.keys import AUTO, PROBE, Quarantine
from hil.lab.power import spec_of
from hil.link.usb import UsbPorts
from hil.naming import listed, suggest
from hil.power.board import PowerSpec

DEFAULT_BOARD = "qemu"
_TAG = "tag:"
_REMOTE = "remote:"
_HOSTS_PORT = ("socket", "rfc2217")  # URLs of pyserial that name a host and its port
_HERE = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class BoardSpec:
    """One board of the lab, or a pool of them under one name, before it is opened.

    ``pool`` is what the lab file says of it, None for nothing. ``members`` are the boards of silicon that
    share the images of a pool. ``serial`` may be ``auto``. ``link`` says what carries the frames, None
    for what its kind has. ``power_cycle`` is a command that switches it off and on. ``power`` is the probe in
    its supply. ``quarantine`` says why it is to be left alone. ``lab`` is the file that names it.
    ``vendor_algorithm`` is `QemuProcess.start`'s.
    """

    name: str
    kind: Kind
    probe: str | None = None
    serial: str | None = None
    pool: bool | None = None
    vendor_algorithm: bool = False
    members: tuple[BoardSpec, ...] = ()
    swd_clock_hz: int | None = None
    tags: tuple[str, ...] = ()
    power_cycle: tuple[str, ...] | None = None
    hang_after_s: float | None = None
    link: str | None = None
    power: PowerSpec | None = None
    quarantine: Quarantine | None = None
    lab: Path | None = None

    @property
    def pooled(self) -> bool:
        """Whether others of its kind share its images: emulators do, unless they are told not to."""
        return self.kind.emulator is not None if self.pool is None else self.pool

    @property
    def through_probe(self) -> bool:
        """Whether the frames travel through its debug probe, and it needs no serial port."""
        return self.link == PROBE

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


def builtin_lab() -> Lab:
    """The lab of a machine with nothing on the desk: one QEMU board; by their kinds' names the others."""
    default = _emulated(DEFAULT_BOARD, KINDS["qemu_mps2_an386"])
    emulated = [kind for kind in KINDS.values() if kind.emulator is not None and kind is not default.kind]
    return Lab((default,), asked=tuple(_emulated(kind.name, kind) for kind in emulated))


def _emulated(name: str, kind: Kind) -> BoardSpec:
    return BoardSpec(name, kind, power=spec_of(kind, None))


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
    if probe.lower().startswith(_REMOTE):
        host, _, port = probe.lower().removeprefix(_REMOTE).rpartition(":")
        return f"{_REMOTE}{_one_host(host)}:{port}" if host else probe.lower()
    return probe.rpartition(":")[2].lower()


def port_key(serial: str) -> str:
    """One name for a port and the links to it, or the other ways to write its URL."""
    if "\0" in serial:
        return serial
    scheme, found, rest = serial.partition("://")
    if not found:
        return os.path.realpath(serial)
    if scheme.lower() not in _HOSTS_PORT:
        return serial
    place = rest.partition("?")[0].partition("/")[0]
    host, _, port = place.rpartition(":")
    return f"{_one_host(host)}:{port}"


def _one_host(host: str) -> str:
    return "localhost" if host.lower() in _HERE else host.lower()
