"""Whether a probe measures what it should: the current through a resistor that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hil.power.base import Capabilities, PowerTrace

_STEADY_SHARE = 0.2  # from the 5th to the 95th percentile, of the mean


@dataclass(frozen=True)
class Checked:
    """Amperes expected and measured, by how much the latter may differ, and why they say nothing, if so.

    ``allowed_share`` is None where nobody says how exact the probe is.
    """

    expected_a: float
    measured_a: float
    allowed_share: float | None
    wrong: str | None = None

    @property
    def gain_error(self) -> float:
        """The share by which the probe reads too much."""
        return self.measured_a / self.expected_a - 1

    @property
    def within(self) -> bool | None:
        """Whether it is as exact as is said."""
        return None if self.allowed_share is None else abs(self.gain_error) <= self.allowed_share


def checked(
    trace: PowerTrace, ohm: float, volts: float, capabilities: Capabilities, reference_share: float
) -> Checked:
    """A trace of nothing but a resistor, whose ``ohm`` and ``volts`` together may be off by a share.

    The probe's own volts count where it measures them.
    """
    measured_v = None if trace.voltage_v is None else float(np.nanmean(trace.voltage_v.astype(float)))
    expected = (volts if measured_v is None else measured_v) / ohm
    good = trace.current_a[~np.isnan(trace.current_a)].astype(float)
    mean = float(good.mean()) if len(good) else float("nan")
    allowed = None
    if capabilities.gain_share is not None:
        allowed = capabilities.gain_share + reference_share + capabilities.offset_a / expected
    return Checked(expected, mean, allowed, trace.wrong_within(0, len(trace)) or _unsteady(good, mean))


def _unsteady(good: np.ndarray[tuple[int], np.dtype[np.float64]], mean: float) -> str | None:
    low, high = np.quantile(good, [0.05, 0.95])
    if high - low <= _STEADY_SHARE * abs(mean):
        return None
    return (
        f"the current is not steady, from {low * 1e3:.4g} to {high * 1e3:.4g} mA: is it the resistor alone?"
    )
