"""The power probe's path: how fast samples are decoded and read, and whether faults ever pass as measured.

    python benchmarks/power.py [decode] [read] [faults]     (default: all three)
    python benchmarks/power.py read --seconds=60

`read` takes samples from an emulated Power Profiler Kit II, a process of its own.
`faults` puts a fault of a random kind at a random place into three windows of 0.1, 1 or 10 s, of one span or
of spans of 0.1 s, a thousand times, and none a thousand times.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.measure.energy import Windows, windows
from hil.power.base import PowerTrace
from hil.power.emulated.faults import Damage, Fault, damaged
from hil.power.emulated.kit import CALIBRATION
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.driver import Ppk2
from hil.power.ppk2.wire import RATE_HZ

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from power_probes import VOLTS, currents, emulated_ppk2, words

CASES = 1_000
CRYSTAL = 1e-4
WINDOWS = 3
LAYOUTS = ((0.1, 1, 0.4), (1.0, 1, 0.2), (1.0, 10, 0.2), (10.0, 1, 0.1), (10.0, 100, 0.1))
APART = 2.5  # samples that an edge may be off: more of a valid window's energy is a fault that passed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", choices=["decode", "read", "faults", []])
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    what = options.what or ["decode", "read", "faults"]
    if "decode" in what:
        decode()
    if "read" in what:
        read(options.seconds)
    if "faults" in what:
        faults()


def decode() -> None:
    data = words(*currents(100.0, 0.1)).tobytes()
    decoder = Decoder(CALIBRATION, VOLTS)
    rates = []
    for _ in range(5):
        began = time.process_time()
        found = aligned(data)
        decoder.samples(found.words)
        rates.append(len(found.words) / (time.process_time() - began) / 1e6)
    print(f"decode: {sorted(rates)[2]:,.0f} million samples a second, counter and logic inputs checked")


def read(seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="hil-power-") as name, emulated_ppk2(Path(name)) as port:
        with Ppk2(port) as probe:
            probe.supply(VOLTS)
            probe.power(True)
            began, used = time.monotonic(), time.process_time()
            probe.start()
            time.sleep(seconds)
            reading = time.process_time() - used
            trace = probe.stop()
        took = time.monotonic() - began
    lost = sum(one.lost or 0 for one in trace.breaks)
    print(
        f"read: {len(trace):,} samples in {took:.1f} s, {lost} lost, {len(trace.breaks)} breaks; "
        f"the reader took {100 * reading / seconds:.1f} % of a processor"
    )
    for one in trace.breaks[:5]:
        print(f"  at {one.at:,}: {one.flaw.text} ({one.evidence})")


def faults() -> None:
    rng = np.random.default_rng(2026)
    decoder = Decoder(CALIBRATION, VOLTS)
    passed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    refused = 0
    for window_s, spans, share in LAYOUTS:
        span_s = window_s / spans
        seconds = span_s + WINDOWS * window_s + 0.01 * span_s
        current_a, digital = currents(seconds, span_s)
        samples = words(current_a, digital)
        edges = round(span_s * RATE_HZ) + round(window_s * RATE_HZ) * np.arange(WINDOWS + 1)
        sums = [float(current_a[begin:end].sum(dtype=float)) for begin, end in pairwise(edges)]
        for _ in range(round(CASES * share)):
            board_s = [span_s * (1 + rng.uniform(-0.9, 0.9) * CRYSTAL)] * (WINDOWS * spans)
            clean = measured(samples.tobytes(), decoder, board_s, spans)
            refused += len(clean.valid) < WINDOWS
            fault = any_fault(rng, edges)
            name = f"{fault.damage}" + (
                " 64k" if fault.damage is Damage.LOSE and fault.count % 64 == 0 else ""
            )
            tried[name] += 1
            found = measured(damaged(samples, fault), decoder, board_s, spans)
            passed[name] += wrong(found, sums, current_a)
    print(f"faults: {sum(tried.values()):,} cases, {sum(passed.values())} of them passed as measured")
    for name, count in sorted(tried.items()):
        print(f"  {name:<8} {count:>4} cases, {passed[name]} passed")
    print(f"clean: {CASES:,} cases of {WINDOWS} windows, {refused} refused")


def any_fault(rng: np.random.Generator, edges: npt.NDArray[np.int64]) -> Fault:
    """Of a random kind and size, anywhere from the first edge to the last."""
    damage = rng.choice(list(Damage))
    counts = {
        Damage.DROP: rng.integers(1, 64),
        Damage.ADD: rng.integers(1, 64),
        Damage.LOSE: rng.choice([int(rng.integers(3, 2_000)), 64 * int(rng.integers(1, 20))]),
        Damage.RANGE: rng.integers(1, 50),
        Damage.CLIP: rng.integers(1, 50),
    }
    return Fault(Damage(damage), int(rng.integers(edges[0], edges[-1])), int(counts[Damage(damage)]))


def measured(data: bytes, decoder: Decoder, board_s: list[float], per_window: int) -> Windows:
    found = aligned(data)
    samples = decoder.samples(found.words)
    trace = PowerTrace(RATE_HZ, samples.current_a, samples.digital, samples.flaws, VOLTS, found.breaks)
    return windows(trace, 0, board_s, per_window, CRYSTAL)


def wrong(found: Windows, sums: list[float], current_a: npt.NDArray[np.float32]) -> bool:
    """Whether all count, or one counts that is not what the board took."""
    if found.missing is not None:
        return False
    off_j = APART * float(current_a.max()) * VOLTS / RATE_HZ
    close = [
        abs(one.energy_j - truth * VOLTS / RATE_HZ) < off_j + 1e-4 * one.energy_j
        for one, truth in zip(found.windows, sums, strict=True)
        if one.invalid is None
    ]
    return len(found.valid) == len(sums) or not all(close)


if __name__ == "__main__":
    main()
