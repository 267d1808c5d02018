"""Bytes from the kit made samples, whatever was lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from ppk2_api.ppk2_api import PPK2_API

from hil.power.base import Flaw
from hil.power.emulated.faults import Damage, Fault, damaged
from hil.power.emulated.kit import CALIBRATION, metadata
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import ADC_MOST
from power_probes import VOLTS, currents, words

CURRENT, DIGITAL = currents(0.2, 0.01)
WORDS = words(CURRENT, DIGITAL)
DECODER = Decoder(CALIBRATION, VOLTS)


def test_whole_bytes_are_all_samples() -> None:
    found = aligned(WORDS.tobytes())
    assert found.breaks == ()
    assert np.array_equal(found.words, WORDS)


def test_samples_say_what_the_board_took() -> None:
    samples = DECODER.samples(WORDS)
    assert not samples.flaws.any()
    assert np.array_equal(samples.digital, DIGITAL)
    assert np.abs(samples.current_a - CURRENT).max() < 1.0e-6  # half a step of a range of 7 mA


def test_every_word_is_what_nordics_formula_gives() -> None:
    """Against ppk2-api, but for its filter of spikes, which looks at the samples before."""
    other = PPK2_API.__new__(PPK2_API)
    PPK2_API.__init__.__globals__["serial"] = _NoSerial
    PPK2_API.__init__(other, "none")
    assert other._parse_metadata(metadata(CALIBRATION).decode())
    other.current_vdd = VOLTS * 1000
    rng = np.random.default_rng(1)
    adc = rng.integers(1, ADC_MOST, 500)
    for number, key in enumerate(adc | rng.integers(0, 5, 500) << 14):
        other.rolling_avg = other.rolling_avg4 = other.prev_range = None
        other.after_spike = 0
        micro, bits = other._handle_raw_data(int(key | (number % 256) << 24))
        ours = DECODER.samples(np.array([key | (number % 256) << 24], np.uint32))
        assert ours.current_a[0] == pytest.approx(micro * 1e-6, rel=1e-6)
        assert ours.digital[0] == bits


class _NoSerial:
    class Serial:
        def __init__(self, *_: object, **__: object) -> None:
            self.baudrate = 0

        def close(self) -> None:
            """Nothing is open."""


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("damage", [Damage.DROP, Damage.ADD])
def test_bytes_lost_or_added_break_the_trace_once(damage: Damage, count: int) -> None:
    found = aligned(damaged(WORDS, Fault(damage, 7_000, count)))
    assert [one.flaw for one in found.breaks] in ([Flaw.MISALIGNED], [Flaw.MISALIGNED, Flaw.LOST])
    assert {one.at for one in found.breaks} <= set(range(6_990, 7_001))
    assert np.array_equal(found.words[:6_990], WORDS[:6_990])
    assert np.array_equal(found.words[-12_900:], WORDS[-12_900:])


@pytest.mark.parametrize("count", [1, 4, 63, 65, 1000])
def test_samples_lost_break_the_trace_there(count: int) -> None:
    found = aligned(damaged(WORDS, Fault(Damage.LOSE, 7_000, count)))
    (one,) = found.breaks
    assert (one.at, one.flaw, one.lost) == (7_000, Flaw.LOST, count % 64)
    assert np.array_equal(found.words, np.delete(WORDS, np.s_[7_000 : 7_000 + count]))


def test_many_breaks_take_no_longer_than_the_bytes() -> None:
    data = b"".join(WORDS[begin : begin + 20].tobytes() for begin in range(0, len(WORDS), 40))
    found = aligned(data)
    assert len(found.breaks) == len(WORDS) // 40 - 1
    assert len(found.words) == len(WORDS) // 2


@pytest.mark.parametrize("length", [0, 1, 3, 4, 30, 5_000])
def test_what_are_no_samples_is_none(length: int) -> None:
    found = aligned(np.random.default_rng(length).bytes(length))
    assert len(found.words) <= 1
    assert length < 8 or found.breaks


@pytest.mark.parametrize(("damage", "flaw"), [(Damage.CLIP, Flaw.CLIPPED), (Damage.RANGE, Flaw.NO_RANGE)])
def test_a_sample_that_tells_nothing_is_no_number(damage: Damage, flaw: Flaw) -> None:
    found = aligned(damaged(WORDS, Fault(damage, 500, 3)))
    assert found.breaks == ()
    samples = DECODER.samples(found.words)
    assert list(np.flatnonzero(samples.flaws)) == [500, 501, 502]
    assert set(samples.flaws[500:503]) == {flaw}
    assert list(np.flatnonzero(np.isnan(samples.current_a))) == [500, 501, 502]
