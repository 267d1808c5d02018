"""The timeline of an emulated board that does what a test says, as the timing plug-in writes it."""

from __future__ import annotations

from pathlib import Path

from hil.power.emulated.timeline import BEGINS, ENDS, PIN, RECORD, RESETS, SLEEPS

CLOCK_HZ = 25_000_000


class Timeline:
    """Appends to the file; an instruction takes two cycles."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cycles = 0
        self.level = 0

    def event(self, event: int, value: int = 0) -> None:
        with self.path.open("ab") as file:
            file.write(RECORD.pack(self.cycles, self.cycles // 2, event, value))

    def run(self, cycles: int) -> None:
        self.cycles += cycles

    def toggle(self) -> None:
        self.level ^= 1
        self.event(PIN, self.level)

    def sleep(self) -> None:
        self.run(50)
        self.event(SLEEPS)

    def reset(self) -> None:
        self.level = 0
        self.event(RESETS)

    def infer(self, cycles: int) -> None:
        """As a vector is computed: the pin is high while it is."""
        self.run(2_000)
        self.toggle()
        self.event(BEGINS)
        self.run(cycles)
        self.event(ENDS)
        self.toggle()
        self.run(1_000)

    def repeat(self, spans: list[int]) -> None:
        """As a vector is repeated: the pin changes before the first span, and after each."""
        self.run(2_000)
        self.event(BEGINS)
        self.toggle()
        for cycles in spans:
            self.run(cycles)
            self.toggle()
        self.event(ENDS)
        self.run(1_000)
