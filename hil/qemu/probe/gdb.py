"""A client for QEMU's gdbstub: packets over a unix socket, several in flight.

QEMU takes the start of the next packet as the acknowledgement of the last reply, so none are sent apart.
While the core runs, any byte stops it: only `interrupt` may send one then.
"""

from __future__ import annotations

import re
import socket
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from pyocd.core import exceptions

from hil.beside import readable
from hil.qemu.qmp import connect_within

DEADLINE_S = 5.0
_IN_FLIGHT = 12  # packets; their replies fit the socket's buffer
_CHUNK = 2000  # bytes of memory per packet; QEMU before 11.1 takes packets of 4096 characters


class GdbClient:
    """One connection; connecting stops the core. Raises pyOCD's ProbeError and TransferFaultError.

    Every call ends within the deadline; after one that did not get its answer, all fail at once.
    """

    def __init__(self, path: Path, *, deadline_s: float | None = None) -> None:
        self._deadline_s = DEADLINE_S if deadline_s is None else deadline_s
        self._buffer = bytearray()
        self._numbers: dict[str, int] = {}
        self._in_step = True
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            connect_within(self._socket, path, self._deadline_s)
        except BlockingIOError:
            self._socket.close()
            raise self._silent() from None
        except OSError as error:
            self._socket.close()
            raise exceptions.ProbeDisconnected(f"the emulator does not take a debugger: {error}") from error
        # Registers can be written only once their description was asked for.
        self._description = self._feature("target.xml")

    def close(self) -> None:
        """Let go of the connection; the core stays as it is."""
        self._socket.close()

    def request(self, packet: str) -> str:
        """Send one packet and return its reply."""
        return self.requests([packet])[0]

    def requests(self, packets: Sequence[str]) -> list[str]:
        """Send packets, several in flight, and return their replies in order; the core must be stopped."""
        self._check()
        self._in_step = False
        replies: list[str] = []
        for start in range(0, len(packets), _IN_FLIGHT):
            batch = packets[start : start + _IN_FLIGHT]
            self._send(b"".join(_frame(packet) for packet in batch))
            deadline = time.monotonic() + self._deadline_s
            replies += [self._reply(deadline) for _ in batch]
        self._in_step = True
        return replies

    def read(self, address: int, size: int) -> bytes:
        """Read memory; TransferFaultError when something there does not answer."""
        spans = [(at, min(_CHUNK, address + size - at)) for at in range(address, address + size, _CHUNK)]
        replies = self.requests([f"m{at:x},{count:x}" for at, count in spans])
        for (at, count), reply in zip(spans, replies, strict=True):
            if len(reply) != 2 * count:
                raise exceptions.TransferFaultError(fault_address=at, length=count)
        return bytes.fromhex("".join(replies))

    def write(self, address: int, data: bytes) -> None:
        """Write memory, read-only memory too; TransferFaultError when something there does not answer."""
        spans = [(address + start, data[start : start + _CHUNK]) for start in range(0, len(data), _CHUNK)]
        replies = self.requests([f"M{at:x},{len(part):x}:{part.hex()}" for at, part in spans])
        for (at, part), reply in zip(spans, replies, strict=True):
            if reply != "OK":
                raise exceptions.TransferFaultError(fault_address=at, length=len(part))

    def start(self, packet: str) -> None:
        """Send a packet that lets the core run; its reply comes when the core stops."""
        self._check()
        self._send(_frame(packet))

    def interrupt(self) -> str:
        """Stop the running core and return why it stopped; it may have stopped by itself meanwhile."""
        self._check()
        self._send(b"\x03")
        return self.wait_stop()

    def stopped(self, within_s: float) -> str | None:
        """Why the running core stopped; None when it has not after that time."""
        self._check()
        deadline = time.monotonic() + within_s
        while b"$" not in self._buffer:
            if not readable(self._socket, max(0.0, deadline - time.monotonic())):
                return None
            self._receive(time.monotonic() + self._deadline_s)
        return self.wait_stop()

    def wait_stop(self) -> str:
        """Why the running core stopped; ProbeError when it does not within the deadline."""
        return self._reply(time.monotonic() + self._deadline_s)

    def numbers(self) -> dict[str, int]:
        """The numbers of the registers that the core has, by their names in QEMU's description."""
        if not self._numbers:
            number = 0
            for name in re.findall(r'href="([^"]+)"', self._description):
                for register in ElementTree.fromstring(self._feature(name)).iter("reg"):
                    number = int(register.attrib.get("regnum", number))
                    self._numbers[register.attrib["name"]] = number
                    number += 1
        return self._numbers

    def _feature(self, name: str) -> str:
        text = ""
        while True:
            reply = self.request(f"qXfer:features:read:{name}:{len(text):x},7f0")
            if reply[:1] not in ("m", "l"):
                raise exceptions.ProbeError(f"the emulator does not describe its registers: {reply!r}")
            text += reply[1:]
            if reply[0] == "l":
                return text

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(self._deadline_s)
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise self._silent() from error
        except OSError as error:
            raise exceptions.ProbeDisconnected(f"the emulator is gone: {error}") from error

    def _reply(self, deadline: float) -> str:
        while True:
            start = self._buffer.find(b"$")
            end = self._buffer.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self._buffer) - 3:
                break
            self._receive(deadline)
        body = bytes(self._buffer[start + 1 : end])
        said = bytes(self._buffer[end + 1 : end + 3])
        del self._buffer[: end + 3]
        if said.lower() != b"%02x" % (sum(body) & 0xFF):
            raise exceptions.ProbeError(f"the emulator sent a damaged packet: {body[:40]!r}")
        return _unescape(body).decode("latin-1")

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._silent()
        self._socket.settimeout(left)
        try:
            got = self._socket.recv(1 << 16)
        except TimeoutError as error:
            raise self._silent() from error
        except OSError as error:
            raise exceptions.ProbeDisconnected(f"the emulator is gone: {error}") from error
        if not got:
            raise exceptions.ProbeDisconnected("the emulator is gone")
        self._buffer += got

    def _check(self) -> None:
        if not self._in_step:
            raise exceptions.ProbeError("an earlier request to the emulator was broken off")

    def _silent(self) -> Exception:
        self._in_step = False
        error: Exception = exceptions.ProbeError(f"the emulator did not answer for {self._deadline_s:g} s")
        return error


def _frame(packet: str) -> bytes:
    body = packet.encode("ascii")
    return b"$%b#%02x" % (body, sum(body) & 0xFF)


def _unescape(body: bytes) -> bytes:
    """Undo the protocol's escapes: `}` means that the next byte was xored with 0x20."""
    first, *rest = body.split(b"}")
    return first + b"".join(bytes([part[0] ^ 0x20]) + part[1:] for part in rest)
