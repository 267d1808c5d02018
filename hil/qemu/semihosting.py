"""Semihosting without the host: QEMU hands a program's calls to its debugger, and this is the debugger.

Printing, and what else touches nothing, is answered; files and commands are refused. QEMU's part of GDB's
remote protocol is used: packets, reads and writes of memory, and its File-I/O extension.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator

_PACKET = re.compile(rb"\$([^#]*)#[0-9a-f]{2}", re.DOTALL)
_CHUNK = 2000  # bytes of memory per packet; QEMU before 11.1 takes packets of 4096 characters
_TEXT_MOST = 200  # letters shown of a name or a command
_REFUSALS_MOST = 20
_STAT_SIZE = 64  # of GDB's struct stat
# GDB's numbers for errors and modes (File-I/O, "Protocol-specific Representation of Datatypes").
_EACCES, _EFAULT, _ESPIPE = 13, 14, 29
_WRITES = 1 | 2
_FAILED = b"F-1,%x"

# What a packet asks QEMU for comes back as the reply to it; what is returned is the answer to the call.
_Conversation = Generator[bytes, bytes, bytes]


class HostCalls:
    """The debugger that QEMU asks: what it sends goes into `feed`, whose result goes back to it.

    ``say`` gets what the program prints. ``refused`` says what else it wanted, each thing once, the first
    twenty. Answers are those of a host whose standard input is empty and whose output is a pipe.
    """

    def __init__(self, say: Callable[[bytes], object]) -> None:
        self.refused: list[str] = []
        self._say = say
        self._received = b""
        self._conversation: _Conversation | None = None

    def begin(self) -> bytes:
        """What makes the program run once the debugger is connected."""
        return _frame(b"c")

    def feed(self, data: bytes) -> bytes:
        """Take what QEMU sent, whole packets or not."""
        self._received += data
        answers = b""
        while (packet := _PACKET.search(self._received)) is not None:
            self._received = self._received[packet.end() :]
            answers += self._take(packet[1])
        return answers

    def _take(self, packet: bytes) -> bytes:
        try:
            if self._conversation is not None:
                return _frame(self._conversation.send(packet))
            if packet.startswith(b"F"):
                self._conversation = self._call(packet[1:])
                return _frame(next(self._conversation))
        except StopIteration as answered:
            self._conversation = None
            return _frame(answered.value)
        # Stopped for no reason of ours: go on. W and X tell the end.
        return _frame(b"c") if packet[:1] in (b"S", b"T") else b""

    def _call(self, packet: bytes) -> _Conversation:
        name, *arguments = packet.decode("ascii", "replace").split(",")
        numbers = [_number(one) for one in arguments]
        match name:
            case "write" if len(numbers) == 3:
                return (yield from self._write(numbers[1], numbers[2]))
            case "read" | "isatty" | "close":
                return b"F0"
            case "lseek":
                return _FAILED % _ESPIPE
            case "fstat" if len(numbers) == 2:
                yield b"M%x,%x:%s" % (numbers[1], _STAT_SIZE, b"00" * _STAT_SIZE)
                return b"F0"
            case "open" if len(numbers) == 3:
                how = "write" if numbers[1] & _WRITES else "read"
                return (yield from self._refuse(f"{how} {{}}", arguments[:1]))
            case "system":
                return (yield from self._refuse("run {}", arguments))
            case "unlink":
                return (yield from self._refuse("remove {}", arguments))
            case "rename":
                return (yield from self._refuse("rename {} to {}", arguments))
        return (yield from self._refuse(f"call {name[:_TEXT_MOST]!r}", []))

    def _write(self, address: int, size: int) -> _Conversation:
        for at in range(address, address + size, _CHUNK):
            text = _memory((yield b"m%x,%x" % (at, min(_CHUNK, address + size - at))))
            if text is None:
                return _FAILED % _EFAULT
            self._say(text)
        return b"F%x" % size

    def _refuse(self, what: str, texts: list[str]) -> _Conversation:
        """Refuse the call; ``texts`` are the addresses and lengths of the names that it gives."""
        named = []
        for text in texts:
            address, _, size = text.partition("/")
            length = min(_number(size), _TEXT_MOST)
            held = _memory((yield b"m%x,%x" % (_number(address), length))) if length else b""
            named.append(repr((held or b"").partition(b"\0")[0].decode(errors="replace")))
        said = what.format(*named) if named else what
        if said not in self.refused and len(self.refused) < _REFUSALS_MOST:
            self.refused.append(said)
        return _FAILED % _EACCES


def _number(text: str) -> int:
    """A hexadecimal number, whatever follows it (QEMU 10.0 adds an ``x`` to lengths); 0 for none."""
    found = re.match(r"[0-9a-fA-F]+", text)
    return int(found[0], 16) if found is not None else 0


def _memory(reply: bytes) -> bytes | None:
    """What a read of memory found, None where nothing answers."""
    try:
        return None if reply.startswith(b"E") else bytes.fromhex(reply.decode("ascii"))
    except ValueError:
        return None


def _frame(packet: bytes) -> bytes:
    return b"$%s#%02x" % (packet, sum(packet) & 0xFF)
