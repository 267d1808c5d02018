"""How large frames may be, and how long to listen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hil.link.pacing import Pacing, Patience, hang_after_s


def test_a_line_that_loses_nothing_gets_the_largest_frames() -> None:
    pacing = Pacing(2048)
    for _ in range(100):
        pacing.arrived(2060)
    assert pacing.limit == 2048
    assert not pacing.lossy


def test_more_loss_makes_smaller_frames() -> None:
    limits = []
    for every in (1000, 300, 100, 30, 10):
        pacing = Pacing(2048)
        for number in range(2000):
            (pacing.lost if number % every == 0 else pacing.arrived)(100)
        limits.append(pacing.limit)
    assert all(smaller < larger for larger, smaller in pairwise(limits))
    assert limits[-1] >= 74


def test_frames_grow_again_when_the_line_heals() -> None:
    pacing = Pacing(2048)
    for _ in range(20):
        pacing.lost(500)
    assert pacing.lossy
    for _ in range(20_000):
        pacing.arrived(500)
    assert not pacing.lossy


def test_a_fragment_always_fits() -> None:
    pacing = Pacing(2048)
    for _ in range(1000):
        pacing.lost(86)
    assert pacing.limit == 10 + 64


def test_patience_is_what_a_round_trip_takes_and_its_variance() -> None:
    """RFC 6298, 2: SRTT + 4 RTTVAR, of which the first sample gives half as RTTVAR."""
    patience = Patience(0.1, 0.0)
    assert patience.quiet_s == pytest.approx(0.1 + 4 * 0.05)
    patience.answered(0.18)
    srtt, rttvar = 7 / 8 * 0.1 + 1 / 8 * 0.18, 3 / 4 * 0.05 + 1 / 4 * 0.08
    assert patience.quiet_s == pytest.approx(srtt + 4 * rttvar)


def test_patience_forgets_a_first_guess_that_was_wrong() -> None:
    """As after a handshake that noise held up for seconds."""
    patience = Patience(3.0, 0.0)
    assert patience.quiet_s == 2.0
    for _ in range(60):
        patience.answered(0.004)
    assert patience.quiet_s < 0.06


def test_patience_doubles_with_each_silence_until_a_ping_is_answered() -> None:
    """Karn's rule: what comes late, for something that was sent before the silence, ends nothing."""
    patience = Patience(0.05, 0.0)
    first = patience.quiet_s
    patience.silent()
    assert patience.quiet_s == 2 * first
    patience.silent()
    assert patience.quiet_s == 4 * first
    patience.worked(0.01)
    assert patience.quiet_s == 4 * first
    patience.answered(0.05)
    assert patience.quiet_s < first


def test_patience_follows_what_the_device_takes() -> None:
    patience = Patience(0.001, 0.2)
    assert patience.quiet_s == 0.4
    for _ in range(50):
        patience.worked(0.001)
    assert patience.quiet_s < 0.06
    patience.worked(0.5)
    assert patience.quiet_s == 1.0


def test_patience_grows_slower_once_it_is_long() -> None:
    """A line that was dead is soon asked again, and a device that computes for long not all the time."""
    patience = Patience(0.05, 0.0)
    waited_s = 0.0
    while waited_s < 600.0:
        assert patience.quiet_s <= max(2.0, waited_s / 8)
        waited_s += patience.quiet_s
        patience.silent()
    assert patience.silences < 50
    patience.answered(0.05)
    assert patience.quiet_s < 0.5


@pytest.mark.parametrize(
    ("macs", "clock_hz", "limit_s"),
    [
        (10_560, 25e6, 10.0),
        (0, 25e6, 10.0),
        (37_800_000, 25e6, 151.2),  # RNNPool's published network for visual wake words
        (37_800_000, 168e6, 22.5),
        (None, 168e6, 60.0),
    ],
)
def test_a_hang_is_many_times_what_the_model_costs(macs: int | None, clock_hz: float, limit_s: float) -> None:
    assert hang_after_s(macs, clock_hz) == pytest.approx(limit_s)
