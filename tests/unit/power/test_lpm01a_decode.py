"""The PowerShield's bytes made samples, whatever was lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from hil.power.base import Flaw, PowerTrace
from hil.power.lpm01a import wire
from hil.power.lpm01a.decode import Found, decoded, stamped
from power_probes import currents

CURRENT, _ = currents(0.1, 0.01)
HEAD = b"PowerShield > ack start\r\n"


def stream(extra: dict[int, bytes] | None = None, skipped_ms: int = 0) -> bytes:
    """As the board sends it; ``extra`` bytes stand before the sample of that number."""
    words = wire.words(CURRENT).astype(">u2")
    data = bytearray(HEAD + wire.stamp(0))
    for begin in range(0, len(words), wire.STAMP_SAMPLES):
        for number in range(begin, begin + wire.STAMP_SAMPLES):
            data += (extra or {}).get(number, b"") + words[number : number + 1].tobytes()
        late = skipped_ms if begin >= 5 * wire.STAMP_SAMPLES else 0
        data += wire.stamp((begin + wire.STAMP_SAMPLES) // 100 + late, load=2)
    return bytes(data) + wire.ENDED + b"\r\nsummary begin\r\n1-06\r\nsummary end\r\n"


def trace(found: Found) -> PowerTrace:
    return PowerTrace.of(
        decoded(found.raw),
        found.raw,
        driver="lpm01a",
        rate_hz=wire.RATE_HZ,
        supply_v=3.0,
        breaks=found.breaks,
        calibration={},
    )


@pytest.mark.parametrize(("word", "ampere"), [(0x52A0, 640.9e-6), (0x3145, 79.35e-3)])
def test_a_word_is_what_the_manual_says(word: int, ampere: float) -> None:
    assert wire.amperes()[word] == pytest.approx(ampere, rel=1e-3)


def test_currents_come_back_within_the_format() -> None:
    meant = np.geomspace(2e-9, 0.04, 10_000).astype(np.float32)
    found = wire.amperes()[wire.words(meant)]
    assert np.abs(found / meant - 1).max() < 0.0021  # the manual's 0.2 %


def test_whole_bytes_are_all_samples() -> None:
    found = stamped(stream())
    assert (found.breaks, found.ended) == ((), True)
    assert np.abs(decoded(found.raw).current_a / CURRENT - 1).max() < 0.002


def test_samples_that_no_stamp_vouches_for_are_left_out() -> None:
    data = stream()
    cut = stamped(data[: len(HEAD) + 9 + 2 * 2_500])
    assert len(cut.raw) == 2_000
    assert (cut.breaks, cut.ended) == ((), False)
    assert len(stamped(b"").raw) == len(stamped(HEAD).raw) == 0


def test_a_fault_anywhere_never_passes() -> None:
    """What bytes are missing or added, wherever: the samples around them do not count."""
    rng = np.random.default_rng(5)
    data = stream()
    ends = len(HEAD) + 9, len(data) - data[::-1].index(wire.ENDED[::-1]) - 9
    for _ in range(400):
        at, count = int(rng.integers(*ends)), int(rng.integers(1, 300))
        whole = data[:at] + (rng.bytes(count) if rng.random() < 0.5 else b"") + data[at:]
        if rng.random() < 0.5:
            whole = data[:at] + data[at + count :]
        if whole == data:
            continue
        found = trace(stamped(whole))
        late = len(CURRENT) - len(found)
        if not found.breaks:  # the first stamp is hit, or the last: what is next to it is left out
            assert late, at
            assert same(found, 0, len(found)) or same(found, 0, len(found), late), at
            continue
        first = found.breaks[0].at
        last = max(np.flatnonzero(found.flaws) + 1, default=first)
        assert same(found, 0, first), at
        assert same(found, last, len(found), late), at
        assert found.wrong_within(max(0, first - 5), first + 5) is not None, at


def same(found: PowerTrace, begin: int, end: int, late: int = 0) -> bool:
    """Whether samples are those that the board took, ``late`` samples after these."""
    meant = CURRENT[begin + late : end + late]
    return len(meant) == end - begin and np.allclose(found.current_a[begin:end], meant, rtol=0.002)


def test_missing_samples_are_counted() -> None:
    data = stream()
    at = len(HEAD) + 9 + 2 * 2_500 + 2 * 9
    (one,) = stamped(data[:at] + data[at + 20 :]).breaks
    assert (one.at, one.flaw, one.lost) == (2_000, Flaw.LOST, 10)
    assert one.evidence == "1,980 bytes between two time stamps, not 2,000"


def test_samples_that_were_never_taken_show_in_the_stamps() -> None:
    (one,) = stamped(stream(skipped_ms=3)).breaks
    assert (one.at, one.flaw) == (5_000, Flaw.LOST)
    assert one.evidence == "13 ms between two time stamps, not 10"


def test_a_few_that_are_missing_everywhere_are_another_rate() -> None:
    words = wire.words(CURRENT).astype(">u2").tobytes()
    data = wire.stamp(0)
    for number in range(100):
        data += words[: 2 * 990] + wire.stamp(10 * (number + 1))
    (one,) = stamped(data).breaks
    assert (one.flaw, one.evidence) == (Flaw.RATE, "99,000 samples in 1,000 ms by its own stamps")


@pytest.mark.parametrize(
    ("metadata", "flaw", "told"),
    [
        (wire.metadata(wire.OVERCURRENT), Flaw.CLIPPED, "takes more than the probe can supply"),
        (wire.metadata(wire.ERROR, b"voltage drop\r\n"), Flaw.FAULT, "voltage drop"),
        (wire.metadata(wire.POWER_DOWN), Flaw.FAULT, "switched off"),
        (wire.metadata(wire.POWER, b"\0"), Flaw.FAULT, "switched off"),
    ],
)
def test_what_the_board_reports_breaks_the_trace(metadata: bytes, flaw: Flaw, told: str) -> None:
    found = stamped(stream({2_300: metadata}))
    (one,) = found.breaks
    assert (one.at, one.flaw) == (2_300, flaw)
    assert told in one.evidence
    assert len(found.raw) == len(CURRENT)


@pytest.mark.parametrize(
    "metadata",
    [
        wire.metadata(wire.INFO, b"hello\r\n"),
        wire.metadata(wire.VOLTS, b"\x0c\xe4"),
        wire.metadata(wire.CELSIUS, b"\xff\xfd"),
        wire.metadata(wire.POWER, b"\1"),
    ],
)
def test_what_is_no_fault_is_passed_over(metadata: bytes) -> None:
    found = stamped(stream({2_300: metadata}))
    assert found.breaks == ()
    assert len(found.raw) == len(CURRENT)


def test_more_than_the_board_measures_is_clipped() -> None:
    raw = stamped(stream()).raw
    raw["word"][7] = wire.words(np.array([0.06], np.float32))[0]
    samples = decoded(raw)
    assert samples.flaws[7] == Flaw.CLIPPED
    assert np.isnan(samples.current_a[7])
