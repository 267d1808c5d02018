"""The instrument through Jetperch's library: topics published, blocks that its thread calls back with."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil.errors import PowerProbeError
from hil.power import arrival
from hil.power.attached import Attached
from hil.power.base import Break, Capabilities, Flaw, PowerTrace, Samples
from hil.power.drivers import Driver, ProbeSpec
from hil.power.joulescope.blocks import CURRENT, VOLTAGE, Block, block, decoded, joined

NAME = "joulescope"
_LEAST_V, _MOST_V = 0.0, 15.0
_REFUSED = (TimeoutError, RuntimeError, ValueError, OSError)  # what the library raises
_REMOVED = "@/!remove"


@dataclass(frozen=True)
class _Model:
    """An instrument's rate, logic inputs and most; how it is made ready, and the topic that switches."""

    rate_hz: int
    channels: int
    most_a: float
    ready: tuple[tuple[str, str], ...]
    switch: str
    gain_share: float | None = None


_MODELS = {
    # Joulescope User's Guide, as quoted by its maker: 0.3 % besides the range's offset
    "js110": _Model(2_000_000, 2, 10.0, (("s/v/range/select", "15 V"),), "s/i/range/select", 0.003),
    "js220": _Model(1_000_000, 4, 10.0, (("s/v/range/mode", "auto"),), "s/i/range/mode"),
}


@dataclass
class Collected:
    """Blocks of each signal since the start, and the current's samples by the host's clock."""

    signals: dict[str, list[Block]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    rate_hz: float = 0.0
    failed: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, signal: str, value: Mapping[str, Any]) -> None:
        """A block as the library calls back with it."""
        found, rate_hz = block(value, bits=signal not in (CURRENT, VOLTAGE))
        with self.lock:
            blocks = self.signals.setdefault(signal, [])
            blocks.append(found)
            if signal == CURRENT:
                self.rate_hz = rate_hz
                self.seconds.append(time.monotonic())
                self.counts.append(found.end - blocks[0].first)

    def taken_out(self) -> Collected:
        """What all signals have by now, which is kept no longer; what some have besides stays."""
        with self.lock:
            ends = [max((one.end for one in blocks), default=0) for blocks in self.signals.values()]
            end = min(ends, default=0)
            came = {name: [one.before(end) for one in blocks] for name, blocks in self.signals.items()}
            self.signals = {
                name: [one.behind(end) for one in blocks if one.end > end]
                for name, blocks in self.signals.items()
            }
            self.seconds.clear()
            self.counts.clear()
        came = {name: [one for one in blocks if len(one.values)] for name, blocks in came.items()}
        return Collected(came, rate_hz=self.rate_hz)


class Joulescope:
    """An instrument in the board's supply, a context manager; the board has a supply of its own.

    ``port`` is what the library calls it (u/js220/002557). Its volts are measured, and count for energy.
    """

    def __init__(self, port: str, *, board: str | None = None) -> None:
        self._path = port
        self._board = board
        parts = port.split("/")
        model = parts[1] if len(parts) == 3 else ""
        if model not in _MODELS:
            raise self._error(
                f"{port} is no Joulescope that this driver knows",
                f"it knows {', '.join(_MODELS)}, called u/js220/002557, say",
                "see `hil power list`; check the lab file's power.port",
            )
        self._model, self._model_name = _MODELS[model], model
        self._library: Any = None
        self._volts: float | None = None
        self._collected = Collected()
        self._callbacks: list[tuple[str, Any]] = []
        self._measures = False

    @property
    def capabilities(self) -> Capabilities:
        """Of its model; it is no supply."""
        model = self._model
        return Capabilities(
            NAME, float(model.rate_hz), model.channels, None, model.most_a, gain_share=model.gain_share
        )

    @property
    def taken(self) -> int:
        """How many samples of the current have come since ``start``."""
        return self._collected.counts[-1] if self._collected.counts else 0

    def __enter__(self) -> Self:
        library = _library()
        try:
            there = self._attached(library)
            if self._path not in there:
                raise self._error(
                    f"there is no Joulescope {self._path}",
                    f"attached: {', '.join(there) or 'none'}",
                    "check its cable and the lab file's power.port; Jetperch has its rules for udev",
                )
            self._call("open", self._path, "defaults")
            self._publish("h/fs", self._model.rate_hz)
            for topic, value in self._model.ready:
                self._publish(topic, value)
        except BaseException:
            self._finalize()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(PowerProbeError):  # one that went away cannot be told to stop
            self._end()
            self._call("close", self._path)
        self._finalize()

    def supply(self, volts: float) -> None:
        """What the board's own supply is meant to be."""
        if not _LEAST_V < volts <= _MOST_V:
            raise self._error(
                f"the power probe cannot measure {volts:g} V",
                f"it can up to {_MOST_V:g} V",
                "see the lab file's power.supply_v",
            )
        self._volts = volts

    def power(self, on: bool) -> None:
        """Let the board's supply through, or not; on only once the supply is told."""
        if on and self._volts is None:
            raise self._error("the power probe's supply is not set", None, "call supply first")
        self._publish(self._model.switch, "auto" if on else "off")

    def start(self) -> None:
        """Take samples from now on."""
        if self._volts is None:
            raise self._error("the power probe's supply is not set", None, "call supply first")
        if self._measures:
            raise self._error("the power probe measures already", None, "call stop first")
        collected = self._collected = Collected()
        signals = {CURRENT: "s/i", VOLTAGE: "s/v"}
        signals |= {str(number): f"s/gpi/{number}" for number in range(self._model.channels)}
        self._measures = True
        self._subscribe(_REMOVED, lambda _, path: self._removed(path))
        for signal, topic in signals.items():
            collected.signals[signal] = []

            def take(_: str, value: Mapping[str, Any], signal: str = signal) -> None:
                collected.take(signal, value)

            self._subscribe(f"{self._path}/{topic}/!data", take)
            self._publish(f"{topic}/ctrl", 1)

    def watched(self) -> PowerTrace | None:
        """What came since it was last asked, while it measures; it is no part of what ``stop`` gives."""
        collected = self._collected
        came = collected.taken_out()
        if all(came.signals.values()):
            return traced(came, self._model_name, self._path, self._given_volts(), self._board)
        if collected.failed is not None:
            raise self._error(
                f"the Joulescope {self._path} sends nothing any more",
                collected.failed,
                "check its cable and its USB port",
            )
        return None

    def stop(self) -> PowerTrace:
        """What was taken since ``start``; PowerProbeError when that is nothing."""
        if not self._measures:
            raise self._error("the power probe does not measure", None, "call start first")
        with contextlib.suppress(PowerProbeError):  # what came before it went away is kept
            self._end()
        return traced(self._collected, self._model_name, self._path, self._given_volts(), self._board)

    def _given_volts(self) -> float:
        assert self._volts is not None
        return self._volts

    def _removed(self, path: object) -> None:
        if path == self._path:
            self._collected.failed = "it went away: it was unplugged"

    def _end(self) -> None:
        """Switch the streams off; the library has called back with all of them when it has unsubscribed."""
        if not self._measures:
            return
        self._measures = False
        try:
            for topic in ("s/i", "s/v", *(f"s/gpi/{number}" for number in range(self._model.channels))):
                self._publish(f"{topic}/ctrl", 0)
        finally:
            callbacks, self._callbacks = self._callbacks, []
            for topic, callback in callbacks:
                self._call("unsubscribe", topic, callback)

    def _subscribe(self, topic: str, callback: Any) -> None:
        self._call("subscribe", topic, "pub", callback)
        self._callbacks.append((topic, callback))  # the library knows it by this very object

    def _publish(self, topic: str, value: object) -> None:
        self._call("publish", f"{self._path}/{topic}", value)

    def _call(self, name: str, *given: object) -> None:
        try:
            getattr(self._library, name)(*given)
        except _REFUSED as error:
            raise self._error(
                f"the Joulescope {self._path} does not answer",
                f"{type(error).__name__}: {error}",
                "check its cable, and that no other program has it; unplug it and plug it in again",
            ) from error

    def _attached(self, library: Any) -> Sequence[str]:
        try:
            self._library = library.Driver()
            return list(self._library.device_paths())
        except _REFUSED as error:
            raise _not_listed(error, self._board) from error

    def _finalize(self) -> None:
        library, self._library = self._library, None
        if library is not None:
            with contextlib.suppress(*_REFUSED):  # nothing is asked of it any more
                library.finalize()

    def _error(self, what: str, evidence: str | None, remedy: str) -> PowerProbeError:
        return PowerProbeError(what, board=self._board, evidence=evidence, remedy=remedy)


def traced(
    collected: Collected, model: str, path: str, supply_v: float, board: str | None = None
) -> PowerTrace:
    """What was collected, as a trace; PowerProbeError when a signal never came."""
    with collected.lock:
        found = joined(collected.signals, collected.rate_hz)
        if not len(found.raw):
            never = ", ".join(name for name, blocks in collected.signals.items() if not blocks)
            raise PowerProbeError(
                "the power probe sent no samples",
                board=board,
                evidence=collected.failed or (f"nothing of {never}" if never else None),
                remedy="check its cable; unplug it and plug it in again",
            )
        came = arrival.Arrivals(np.array(collected.seconds), np.array(collected.counts, np.int64))
    breaks = list(found.breaks)
    counts = np.minimum(came.samples, len(found.raw))
    breaks += arrival.breaks(arrival.Arrivals(came.seconds, counts), found.rate_hz)
    if collected.failed is not None:
        breaks.append(Break(len(found.raw), Flaw.STALLED, collected.failed))
    return PowerTrace.of(
        decoded(found.raw, _MODELS[model].most_a),
        found.raw,
        driver=NAME,
        rate_hz=found.rate_hz,
        supply_v=supply_v,
        breaks=breaks,
        calibration={"model": model, "path": path},
    )


def _library() -> Any:
    try:
        import pyjoulescope_driver
    except ImportError as error:
        raise PowerProbeError(
            "a Joulescope needs pyjoulescope_driver, which is not installed",
            evidence=str(error),
            remedy="pip install 'hil-lab[joulescope]'",
        ) from error
    return pyjoulescope_driver


def _not_listed(error: Exception, board: str | None = None) -> PowerProbeError:
    return PowerProbeError(
        "Jetperch's library does not list what is attached",
        board=board,
        evidence=f"{type(error).__name__}: {error}",
        remedy="see who may use USB devices (`hil doctor`)",
    )


def _attached() -> Sequence[Attached]:
    try:
        with _library().Driver() as library:
            paths = library.device_paths()
    except _REFUSED as error:
        raise _not_listed(error) from error
    return [Attached(NAME, path, path.rpartition("/")[2]) for path in paths if path.split("/")[1] in _MODELS]


def _probe(spec: ProbeSpec) -> Joulescope:
    assert spec.port is not None
    if spec.source:
        raise PowerProbeError(
            "a Joulescope is no supply: it measures in the board's own",
            board=spec.board,
            remedy='say power.source = "board" in the lab file, or --ampere-meter by hand',
        )
    return Joulescope(spec.port, board=spec.board)


def _decode(raw: npt.NDArray[Any], calibration: Mapping[str, str | float], supply_v: float) -> Samples:
    return decoded(raw, _MODELS[str(calibration["model"])].most_a)


DRIVER = Driver(NAME, _probe, _decode, _attached)
