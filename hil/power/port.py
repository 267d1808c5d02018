"""A probe's serial port: what is asked and answered, and a reader that loses nothing of what streams."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import serial

from hil.desk.ports import users_of
from hil.errors import PowerProbeError

ANSWER_S = 2.0
_FLUSH_S = 60.0  # an emulated probe has more to tell than what fits a cable
_QUIET_S = 0.05
_PAUSE_S = 0.002  # the system keeps a hundred times as much
_WAITING = 2048  # bytes in a read, behind which there are more: a terminal gives 4095 at once
_CHUNK = 1 << 16
_MOST_TOLD = 3  # of those that have the port: /dev/null is open everywhere
_GONE = (serial.SerialException, OSError)


@dataclass
class Taken:
    """What the reader has taken: bytes, and how many there were at which second of the host's clock.

    ``failed`` says why it ended before the probe's last answer. ``lock`` is held while the others change.
    """

    data: bytearray = field(default_factory=bytearray)
    seconds: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    failed: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Port:
    """An exclusive serial port; PowerProbeError tells every failure, and names the ``board``."""

    def __init__(self, name: str, board: str | None, baud: int = 9600) -> None:
        self.name = name
        self._board = board
        self._baud = baud
        self._port: serial.Serial | None = None
        self._reader: threading.Thread | None = None
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self.taken = Taken()

    def acquire(self) -> None:
        """Take the port."""
        try:
            self._port = serial.Serial(
                self.name, self._baud, timeout=0, write_timeout=ANSWER_S, exclusive=True
            )
        except (*_GONE, ValueError) as error:
            others = [f"open in {one}" for one in users_of(self.name)[:_MOST_TOLD]]
            raise self.error(
                f"cannot open the power probe's port {self.name}",
                "; ".join([str(error), *others]),
                "check the lab file's power.port, the cable, and that no other program holds the port",
            ) from error

    def check_supply(self, volts: float, least: float, most: float) -> None:
        """Refuse a supply that the probe cannot be."""
        if not least <= volts <= most:
            raise self.error(
                f"the power probe cannot supply {volts:g} V",
                f"it can from {least:g} to {most:g} V",
                "see the lab file's power.supply_v",
            )

    def check_supplied(self, volts: float | None) -> None:
        """Refuse what needs a supply that is set."""
        if volts is None:
            raise self.error("the power probe's supply is not set", None, "call supply first")

    def check_start(self, volts: float | None) -> None:
        """Refuse to measure without a supply, or twice at once."""
        self.check_supplied(volts)
        if self.streams:
            raise self.error("the power probe measures already", None, "call stop first")

    def close(self) -> None:
        """Give it back; nothing when it is gone."""
        if self._port is not None:
            with contextlib.suppress(*_GONE):
                self._port.close()
            self._port = None

    def write(self, command: bytes) -> None:
        """Send a command."""
        assert self._port is not None
        try:
            self._port.write(command)
        except _GONE as error:
            raise self.gone(error) from error

    def silence(self) -> None:
        """Wait until nothing comes any more: what does is older than what is asked next."""
        give_up = time.monotonic() + ANSWER_S
        while self._more(_QUIET_S):
            if time.monotonic() > give_up:
                raise self.error(
                    f"the power probe at {self.name} does not stop sending",
                    None,
                    "unplug it and plug it in again; is it another device?",
                )

    def answer(self, whole: Callable[[bytearray], bool], most: int) -> tuple[bytes, bool]:
        """What comes until it is ``whole``, and whether it became so in two seconds and ``most`` bytes."""
        text = bytearray()
        give_up = time.monotonic() + ANSWER_S
        while not whole(text):
            left_s = give_up - time.monotonic()
            if left_s <= 0 or len(text) > most:
                return bytes(text), False
            text += self._more(left_s)
        return bytes(text), True

    def begin(self, last: Callable[[bytearray], bool]) -> None:
        """Take all that streams from now on; ``last`` says, of all, whether the answer to the end is in it.

        It cuts off what stands behind the samples.
        """
        self.taken = Taken()
        self._stopped.clear()
        self._ended.clear()
        reader = threading.Thread(target=self._read, args=(last,), name=f"power {self.name}", daemon=True)
        reader.start()
        self._reader = reader

    @property
    def streams(self) -> bool:
        """Whether it takes what streams."""
        return self._reader is not None

    def end(self, command: bytes) -> None:
        """Tell the probe to stop, and wait until it has answered, went away or went silent.

        Ctrl-C may cut that short; it is then to be called once more before the port is closed.
        """
        if self._reader is None:
            return
        try:
            self.write(command)
        finally:
            self._stopped.set()
            self._ended.wait()  # Thread.join takes a thread for ended once a signal interrupts it
            self._reader = None

    def _read(self, last: Callable[[bytearray], bool]) -> None:
        try:
            self._take_all(last)
        finally:
            self._ended.set()

    def _take_all(self, last: Callable[[bytearray], bool]) -> None:
        taken = self.taken
        give_up: float | None = None
        while True:
            if give_up is None and self._stopped.is_set():
                give_up = time.monotonic() + _FLUSH_S
            with taken.lock:
                if give_up is not None and last(taken.data):
                    return
            try:
                data = self._bytes(_QUIET_S if give_up is None else ANSWER_S)
            except OSError as error:
                taken.failed = f"it went away: {error}"
                return
            if not data and give_up is not None:
                taken.failed = "it stopped without an answer"
                return
            with taken.lock:
                taken.data += data
                if data:
                    taken.seconds.append(time.monotonic())
                    taken.counts.append(len(taken.data))
            if give_up is not None and time.monotonic() > give_up:
                taken.failed = "it does not stop sending"
                return
            if 0 < len(data) < _WAITING:
                time.sleep(_PAUSE_S)

    def _bytes(self, within_s: float) -> bytes:
        assert self._port is not None
        handle = self._port.fileno()
        if not select.select([handle], [], [], within_s)[0]:
            return b""
        data = os.read(handle, _CHUNK)
        if not data:
            raise OSError("the port is closed")
        return data

    def _more(self, within_s: float) -> bytes:
        try:
            return self._bytes(within_s)
        except _GONE as error:
            raise self.gone(error) from error

    def gone(self, error: Exception) -> PowerProbeError:
        """That it does not answer any more."""
        return self.error(
            f"the power probe at {self.name} went away", str(error), "check its cable and its USB port"
        )

    def error(self, what: str, evidence: str | None, remedy: str) -> PowerProbeError:
        """An error that names the board."""
        return PowerProbeError(what, board=self._board, evidence=evidence, remedy=remedy)
