"""How each board of a lab stands now: ready, busy, offline or quarantined; looking touches none of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hil.desk.locks import holder
from hil.desk.ports import users_of
from hil.errors import HilError, LinkError, ProbeError
from hil.flash.base import AttachedProbe
from hil.lab.boards import BoardSpec, port_of, probe_key
from hil.link.usb import UsbPorts
from hil.qemu.program import find_program


class State(StrEnum):
    """What a board can be used for now."""

    READY = "ready"
    BUSY = "busy"
    OFFLINE = "offline"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class BoardState:
    """One board's state, and why it is not ready."""

    spec: BoardSpec
    state: State
    why: str | None = None


def states(
    boards: Sequence[BoardSpec],
    attached: Callable[[], Sequence[AttachedProbe]],
    usb: UsbPorts | None = None,
) -> list[BoardState]:
    """Each board's, in their order. ``attached`` is asked once, and only where a board's probe is local."""
    absent = offline([board for board in boards if board.quarantine is None], attached, usb)
    return [_state(board, absent.get(board.name)) for board in boards]


def offline(
    boards: Sequence[BoardSpec],
    attached: Callable[[], Sequence[AttachedProbe]],
    usb: UsbPorts | None = None,
) -> dict[str, str]:
    """Why boards cannot be used: what of theirs is not there, by name."""
    usb = usb or UsbPorts()
    refused: str | None = None
    there: set[str] = set()
    if any(_is_local(board) for board in boards):
        try:
            there = {probe_key(probe.unique_id) for probe in attached()}
        except ProbeError as error:
            refused = str(error)
    found = {board.name: _why_offline(board, there, refused, usb) for board in boards}
    return {name: why for name, why in found.items() if why is not None}


def _is_local(board: BoardSpec) -> bool:
    return board.probe is not None and not probe_key(board.probe).startswith("remote:")


def _why_offline(board: BoardSpec, there: set[str], refused: str | None, usb: UsbPorts) -> str | None:
    if board.kind.emulator is not None:
        try:
            find_program()
        except HilError as error:
            return str(error)
        return None
    if board.probe is not None and _is_local(board):
        if refused is not None:
            return refused
        if probe_key(board.probe) not in there:
            return f"its debug probe {board.probe} is not attached"
    if board.through_probe:
        return None
    try:
        port = port_of(board, usb)
    except LinkError as error:
        return error.what
    if "://" not in port and not os.path.exists(port):  # noqa: PTH110  # False for what is no name at all
        return f"its serial port {port} is not there"
    return None


def _state(board: BoardSpec, absent: str | None) -> BoardState:
    if board.quarantine is not None:
        since, reason = board.quarantine.since, board.quarantine.reason
        return BoardState(board, State.QUARANTINED, f"since {since}: {reason}")
    who = None if board.identity is None else holder(board.identity)
    if who is not None:
        return BoardState(board, State.BUSY, str(who))
    if absent is not None:
        return BoardState(board, State.OFFLINE, absent)
    others = users_of(port_of(board)) if board.kind.emulator is None and board.serial is not None else []
    if others:
        return BoardState(board, State.BUSY, f"its serial port is open in {others[0]}")
    return BoardState(board, State.READY)
