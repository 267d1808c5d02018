"""The last seconds of what a probe measures, for a plot."""

from __future__ import annotations

import numpy as np
import pytest

from hil.power.base import Break, Flaw, PowerTrace, Samples
from hil.power.rolling import Rolling

RATE = 1_000.0


def piece(current: list[float], digital: int = 0, breaks: int = 0) -> PowerTrace:
    amperes = np.array(current, np.float32)
    flaws = np.where(np.isnan(amperes), np.uint8(Flaw.LOST), np.uint8(0))
    return PowerTrace.of(
        Samples(amperes, np.full(len(amperes), digital, np.uint8), flaws),
        flaws,
        driver="ppk2",
        rate_hz=RATE,
        supply_v=3.0,
        breaks=[Break(0, Flaw.LOST, "")] * breaks,
        calibration={},
    )


def test_pieces_have_least_mean_and_most() -> None:
    rolling = Rolling(RATE, window_s=0.02, columns=5)  # four samples each
    rolling.add(piece([1, 2, 3]))
    assert len(rolling.shown().seconds) == 0
    rolling.add(piece([6, 7, 7, 7, 8, 5], digital=2, breaks=1))
    shown = rolling.shown()
    assert shown.seconds.tolist() == [0.004, 0.008]
    assert (shown.low.tolist(), shown.high.tolist()) == ([1, 7], [6, 8])
    assert shown.mean.tolist() == [3.0, 7.25]
    assert shown.digital.tolist() == [2, 2]
    assert shown.breaks == 1


def test_the_newest_are_kept() -> None:
    rolling = Rolling(RATE, window_s=0.02, columns=5)
    for number in range(30):
        rolling.add(piece([number] * 3))
    shown = rolling.shown()
    assert len(shown.seconds) == 5
    assert shown.seconds[-1] == pytest.approx(0.088)
    assert shown.high[-1] == 29


def test_what_does_not_count_is_no_number() -> None:
    rolling = Rolling(RATE, window_s=0.02, columns=5)
    rolling.add(piece([np.nan] * 4 + [1, np.nan, 3, np.nan]))
    shown = rolling.shown()
    assert np.isnan([shown.low[0], shown.mean[0], shown.high[0]]).all()
    assert (shown.low[1], shown.mean[1], shown.high[1]) == (1, 2, 3)
    assert shown.wrong.tolist() == [4, 2]
