"""A board's supply through its power probe: on before anything is flashed, until the board is closed."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from hil.errors import PowerProbeError
from hil.power.base import Capabilities, PowerProbe, PowerTrace
from hil.power.board import BoardPower


class Supply:
    """A board's probe, a context manager: within, the board has power, and ``power`` measures what it takes.

    PowerProbeError on entry when the probe cannot be opened. One that went away is opened anew by whoever
    measures next.
    """

    def __init__(self, power: BoardPower) -> None:
        self._of = power
        self._stack = ExitStack()
        self._probe: PowerProbe | None = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def power(self) -> BoardPower:
        """The same, but that its probe is the one that is open, and stays so."""
        return replace(self._of, probe=lambda: _Lent(self))

    def probe(self) -> PowerProbe:
        """The open probe; opened anew where it does not take its supply any more."""
        try:
            if self._probe is not None:
                self._probe.supply(self._of.supply_v)
                return self._probe
        except PowerProbeError:
            self._probe = None
            self._stack.close()
        return self._open()

    def _open(self) -> PowerProbe:
        with ExitStack() as stack:
            probe = stack.enter_context(self._of.probe())
            probe.supply(self._of.supply_v)
            probe.power(True)
            self._stack = stack.pop_all()
        self._probe = probe
        return probe


class _Lent:
    """The probe for one measurement: leaving it ends what is measured, and nothing else."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._held: PowerProbe | None = None

    @property
    def _probe(self) -> PowerProbe:
        assert self._held is not None, "it was entered"
        return self._held

    @property
    def capabilities(self) -> Capabilities:
        return self._probe.capabilities

    @property
    def taken(self) -> int:
        return self._probe.taken

    def __enter__(self) -> Self:
        self._held = self._supply.probe()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PowerProbeError):  # it measured nothing, or went away
            self._probe.stop()

    def supply(self, volts: float) -> None:
        self._probe.supply(volts)

    def power(self, on: bool) -> None:
        self._probe.power(on)

    def start(self) -> None:
        self._probe.start()

    def stop(self) -> PowerTrace:
        return self._probe.stop()
