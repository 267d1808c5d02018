"""The debugger that QEMU hands semihosting to, fed with what QEMU 7.2, 10.0 and 11.1 were seen to send."""

from __future__ import annotations

import re

import pytest

from hil.qemu.semihosting import HostCalls

MEMORY_SIZE = 0x8000
HELD = {
    0x4A4: b"write0\n\0",
    0x564: b"/tmp/evil.txt\0",
    0x5A8: b"/etc/passwd\0",
    0x5BC: b"touch /tmp/other\0",
}


def _frame(packet: bytes) -> bytes:
    return b"$%s#%02x" % (packet, sum(packet) % 256)


class Emulator:
    """Answers reads and writes of memory as QEMU does, and notes what each call is answered."""

    def __init__(self, step: int = 4096) -> None:
        self.said = b""
        self.zeroed: list[tuple[int, int]] = []
        self.calls = HostCalls(self._say)
        self._step = step  # bytes that come at once
        self.memory = bytearray(b"x" * MEMORY_SIZE)
        for address, data in HELD.items():
            self.memory[address : address + len(data)] = data

    def call(self, packet: bytes) -> bytes:
        """The answer to a call, without its frame."""
        sent = b"+" + _frame(packet)
        while True:
            back = b"".join(
                self.calls.feed(sent[at : at + self._step]) for at in range(0, len(sent), self._step)
            )
            asked = re.fullmatch(rb"\$([^#]*)#([0-9a-f]{2})", back)
            assert asked is not None, back
            assert int(asked[2], 16) == sum(asked[1]) % 256
            if asked[1].startswith(b"F"):
                return asked[1]
            sent = b"+" + _frame(self._memory(asked[1]))

    def _memory(self, packet: bytes) -> bytes:
        place, _, data = packet[1:].partition(b":")
        address, size = (int(part, 16) for part in place.split(b","))
        assert size <= 2000  # QEMU's packets have 4,096 characters
        if packet[:1] == b"M":
            assert bytes.fromhex(data.decode()) == bytes(size)
            self.zeroed.append((address, size))
            return b"OK"
        return self.memory[address : address + size].hex().encode() if address < MEMORY_SIZE else b"E14"

    def _say(self, text: bytes) -> None:
        self.said += text


@pytest.mark.parametrize("packet", [b"Fwrite,00000002,000004a4,00000007", b"Fwrite,1,4a4,7"])
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_what_is_printed_is_said(packet: bytes, step: int) -> None:
    emulator = Emulator(step)
    assert emulator.call(packet) == b"F7"
    assert emulator.said == b"write0\n"
    assert emulator.calls.refused == []


def test_a_long_text_comes_in_parts() -> None:
    emulator = Emulator()
    assert emulator.call(b"Fwrite,1,4a4,1000") == b"F1000"
    assert emulator.said == emulator.memory[0x4A4:0x14A4]


def test_a_text_where_nothing_is_fails() -> None:
    emulator = Emulator()
    assert emulator.call(b"Fwrite,1,70000000,ffffffff") == b"F-1,e"
    assert emulator.said == b""


@pytest.mark.parametrize("end", [b"", b"x"], ids=["QEMU 7.2 and 11.1", "QEMU 10.0"])
@pytest.mark.parametrize(
    ("packet", "refused"),
    [
        (b"Fopen,564/e%s,601,1a4", "write '/tmp/evil.txt'"),
        (b"Fopen,564/e%s,2,1a4", "write '/tmp/evil.txt'"),
        (b"Fopen,5a8/c%s,0,1a4", "read '/etc/passwd'"),
        (b"Fsystem,5bc/11%s", "run 'touch /tmp/other'"),
        (b"Funlink,564/e%s", "remove '/tmp/evil.txt'"),
        (b"Frename,564/e%s,5a8/c", "rename '/tmp/evil.txt' to '/etc/passwd'"),
        (b"Fopen,70000000/e%s,0,1a4", "read ''"),
        (b"Fgettimeofday,564,0%s", "call 'gettimeofday'"),
        (b"Fopen%s", "call 'open"),
    ],
)
def test_the_hosts_things_are_refused_by_name(packet: bytes, refused: str, end: bytes) -> None:
    emulator = Emulator()
    for _ in range(2):
        assert emulator.call(packet % end) == b"F-1,d"
    (only,) = emulator.calls.refused
    assert only.startswith(refused)


def test_the_list_of_refusals_has_an_end() -> None:
    emulator = Emulator()
    for number in range(100):
        emulator.memory[0x1000:0x1004] = b"%03d\0" % number
        assert emulator.call(b"Fopen,1000/4,0,0") == b"F-1,d"
    assert emulator.calls.refused == [f"read '{number:03}'" for number in range(20)]


def test_an_empty_input_and_a_pipe_for_output() -> None:
    emulator = Emulator()
    assert emulator.call(b"Fread,0,20007f94,10") == b"F0"
    assert emulator.call(b"Fisatty,1") == b"F0"
    assert emulator.call(b"Flseek,1,0,0") == b"F-1,1d"
    assert emulator.call(b"Fclose,1") == b"F0"
    assert emulator.call(b"Ffstat,1,20007ee0") == b"F0"
    assert emulator.zeroed == [(0x20007EE0, 64)]
    assert emulator.calls.refused == []


def test_the_program_goes_on_and_ends() -> None:
    calls = HostCalls(lambda text: None)
    assert calls.begin() == b"$c#63"
    assert calls.feed(b"+$T05thread:01;#07") == b"$c#63"
    assert calls.feed(b"+$W07#be") == b""
