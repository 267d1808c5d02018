"""What an inference takes from the board's supply, by a power probe: passes of their own, after the vectors.

In each pass the probe starts, the board waits for a moment, computes one vector as it did before, and then
again and again while its sync pin changes. All passes but the first begin with a reset. One with windows that
do not count is taken once more. What fails here costs the session its energy, and nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hil.board import Board
from hil.errors import ChangedError, HilError, PowerProbeError, ProtocolError
from hil.link.pacing import hang_after_s
from hil.measure.energy import EnergyFound, Pass, Windows, energy, idle_samples, windows
from hil.measure.mlperf import WINDOW_S, WINDOWS, mlperf, mlperf_windows
from hil.measure.shape import windows_by_shape
from hil.meters.base import Findings, Meter, Mishap, Streamed
from hil.meters.repeats import Repeats, planned, planned_between_falls, typical
from hil.metrics import LATENCY_CYCLES
from hil.power.base import PowerProbe, PowerTrace
from hil.power.board import BoardPower
from hil.wire import most_spans

_IDLE_SHARE, _MOST_IDLE_S = 0.07, 0.1  # of what follows
_OVER = 1.01  # than an estimate says, for a window to last as long as it has to
_SLICE_S = 0.005
_STANDS_S = 1.0  # without a new sample, a probe sends no more
_SLOW_S, _SLOWER = 10.0, 3.0  # by which a board may take longer than it should
_STANDS = "the board's counter stands: it counted no tick of a span"
_NO_WIRE = "no logic input sees the board's sync pin: wire one, see the lab file's power.channel"


class Profile(StrEnum):
    """Rules of others, by which energy can be measured instead."""

    MLPERF = "mlperf"


@dataclass(frozen=True)
class Energy:
    """How energy is to be found: ``window_s`` is how long windows last at least, ``repeats`` after how many
    resets there are some; None leaves either to the board, or to the ``profile``.
    """

    window_s: float | None = None
    repeats: int | None = None
    profile: Profile | None = None


class Power(Meter):
    def __init__(self, wanted: Energy) -> None:
        self._wanted = wanted

    def missing(self, board: Board) -> str | None:
        return board.power_missing if board.power is None else None

    def after(self, seen: Streamed, found: Findings) -> Findings:
        session = seen.session
        power = session.board.power
        if power is None:
            return Findings()
        costs_s = _inferences_s(seen, found)
        if costs_s is None:
            why = "no energy: nothing tells how long an inference takes"
            return Findings(notes=(f"{session.label}: {why}",))
        number = typical(costs_s)
        most = most_spans(session.link.require_hello().max_payload)
        repeats, count = self._planned(float(costs_s[number]), power, most)
        taken = _Passes(seen, power, number, repeats)
        taken.take(count)
        told = self._figures(taken, power)
        notes = tuple(f"{session.label}: {note}" for note in told.notes) + taken.notes
        return Findings(
            told.measures, told.samples, notes=notes, passes=tuple(taken.passes), mishaps=taken.mishaps
        )

    def _figures(self, taken: _Passes, power: BoardPower) -> EnergyFound:
        if not taken.passes:  # what failed is told
            return EnergyFound()
        figures = energy if self._wanted.profile is None else mlperf
        return figures(
            taken.passes,
            method=power.method,
            technique=power.technique,
            conditions=power.conditions,
            gain_share=taken.gain_share,
        )

    def _planned(self, inference_s: float, power: BoardPower, most: int) -> tuple[Repeats, int]:
        """What a pass is, and how many there are."""
        wanted = self._wanted
        if wanted.profile is Profile.MLPERF:
            window_s = max(_OVER * WINDOW_S, wanted.window_s or 0.0)
            return planned_between_falls(inference_s, window_s, most), max(WINDOWS, wanted.repeats or 0)
        window_s = wanted.window_s or power.window_s
        return planned(inference_s, window_s, power.windows, most), wanted.repeats or power.repeats


def _inferences_s(seen: Streamed, found: Findings) -> npt.NDArray[np.float64] | None:
    """How long each vector took, in seconds of the board's time; None where nothing tells."""
    cycles = found.samples_of(LATENCY_CYCLES)
    if cycles is None or np.any(cycles.values.astype(np.float64) <= 0):
        return None
    return cycles.values.astype(np.float64) / seen.session.board.kind.clock_hz


@dataclass
class _Passes:
    """Those of one session, and what kept it from taking more."""

    seen: Streamed
    power: BoardPower
    number: int
    repeats: Repeats
    gain_share: float | None = None
    passes: list[Pass] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    mishaps: tuple[Mishap, ...] = ()

    @property
    def idle_s(self) -> float:
        """How long the board waits before it begins."""
        return min(_IDLE_SHARE * self.repeats.seconds, _MOST_IDLE_S)

    def take(self, count: int) -> None:
        """So many, and as many more as there are some that do not count whole."""
        left = again = count
        try:
            with self.power.probe() as probe:
                known = self.power.gain_share
                self.gain_share = probe.capabilities.gain_share if known is None else known
                probe.supply(self.power.supply_v)
                probe.power(True)
                while left:
                    self.seen.beside(f"energy, {left} to go")
                    if self.passes:
                        self.seen.session.restart()
                    one = self._pass(probe)
                    self.passes.append(one)
                    left -= 1
                    whole = len(one.windows.valid) == self.repeats.windows
                    if not whole and again:
                        left, again = left + 1, again - 1
        except HilError as error:
            self._failed(error)
        finally:
            self.seen.beside("")

    def _failed(self, error: HilError) -> None:
        """Say what it cost; what the model does, and not the bench, is no mishap."""
        session = self.seen.session
        of_probe = isinstance(error, PowerProbeError)
        kind = "power probe failed" if of_probe else "failed while energy was measured"
        told = str(error.at(session.board.name))
        self.notes = (f"{session.label}: {kind}, its other results stand: {told}",)
        if not isinstance(error, ChangedError | ProtocolError):
            self.mishaps = (Mishap(kind, "its energy is not complete, its other results stand", told),)

    def _pass(self, probe: PowerProbe) -> Pass:
        probe.start()
        try:
            self._wait(probe)
            ticks = self._computed()
        except HilError as error:
            if (why := _wrong(probe)) is not None:
                error.evidence = "; ".join(filter(None, (error.evidence, f"its power probe: {why}")))
            raise
        trace = probe.stop()
        return Pass(
            trace,
            self._windows(trace, ticks),
            self.repeats.inferences,
            idle_samples(trace, self.power.channel, self.idle_s),
            self.number,
        )

    def _wait(self, probe: PowerProbe) -> None:
        """Until the probe has seen the board wait for long enough; what it does not see its trace tells."""
        clock = self.seen.session.board.clock  # which ends the wait where the run is ended
        enough = self.idle_s * probe.capabilities.rate_hz
        seen, since = 0, clock()
        while (taken := probe.taken) < enough and clock() - since < _STANDS_S:
            if taken > seen:
                seen, since = taken, clock()
            time.sleep(_SLICE_S)

    def _computed(self) -> tuple[int, ...]:
        """The ticks of every span; ChangedError where the vector has another output than before."""
        session, vectors = self.seen.session, self.seen.vectors
        (result,) = session.infer([vectors.inputs[self.number]], macs=vectors.macs)
        before = self.seen.results[self.number].output
        if result.output.tobytes() != before.tobytes():
            raise ChangedError(
                f"vector {self.number} has another output when it is computed once more",
                evidence=f"{before.tolist()} before, {result.output.tolist()} now",
                remedy="look for memory that is never set, and for state that a vector leaves behind",
            )
        repeats = self.repeats
        inferences = repeats.spans * repeats.per_span
        macs = None if vectors.macs is None else vectors.macs * inferences
        within_s = max(hang_after_s(macs, session.board.kind.clock_hz), _SLOWER * repeats.seconds + _SLOW_S)
        return session.repeat(result.wire_number, repeats.per_span, repeats.spans, within_s)

    def _windows(self, trace: PowerTrace, ticks: tuple[int, ...]) -> Windows:
        channel, repeats, clock_share = self.power.channel, self.repeats, self.power.clock_share
        if min(ticks) <= 0:
            return Windows((), _STANDS)
        spans_s = self.power.spans_s(ticks)
        if repeats.lead:
            found = Windows((), _NO_WIRE)
            if channel is not None:
                found = mlperf_windows(trace, channel, spans_s, clock_share)
        elif channel is None:
            found = windows_by_shape(trace, spans_s, repeats.per_window, clock_share)
        else:
            found = windows(trace, channel, spans_s, repeats.per_window, clock_share)
        wrong = trace.wrong_within(0, len(trace))
        if found.missing is not None and wrong is not None:
            return replace(found, missing=f"{wrong}: {found.missing}")
        return found


def _wrong(probe: PowerProbe) -> str | None:
    """What the probe says of the time in which the board failed: without power, a board does."""
    try:
        trace = probe.stop()
    except PowerProbeError as error:
        return str(error)
    return trace.wrong_within(0, len(trace))
