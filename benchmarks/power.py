"""The power probe's path: how fast samples are decoded and read, how true energy is, and whether faults pass.

    python benchmarks/power.py [decode] [read] [truth] [faults]     (default: all four)
    python benchmarks/power.py read --seconds=60

`read` takes samples from an emulated Power Profiler Kit II, a process of its own.
`truth` lets two hundred emulated boards of random currents and spans repeat a vector, and compares what comes
of it with what they took, and with what comes of the same board when it begins between other samples.
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
from emulated_energy import INFERENCES, modelled
from power_probes import VOLTS, currents, emulated_ppk2, words

CASES = 1_000
BOARDS = 200
CRYSTAL = 1e-4
WINDOWS = 3
LAYOUTS = ((0.1, 1, 0.4), (1.0, 1, 0.2), (1.0, 10, 0.2), (10.0, 1, 0.1), (10.0, 100, 0.1))
APART = 2.5  # samples that an edge may be off: more of a valid window's energy is a fault that passed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", choices=["decode", "read", "truth", "faults", []])
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    what = options.what or ["decode", "read", "truth", "faults"]
    if "decode" in what:
        decode()
    if "read" in what:
        read(options.seconds)
    if "truth" in what:
        truth()
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


def truth() -> None:
    rng = np.random.default_rng(2026)
    off: dict[float, list[float]] = {}
    apart: Counter[str] = Counter()
    for number in range(BOARDS):
        window_s = (0.1, 0.3, 1.0)[number % 3]
        run_a, idle_a = 10 ** rng.uniform(-3, -1), 10 ** rng.uniform(-4, -3)
        clock_hz, per_window = float(rng.integers(16, 180)) * 1e6, int(rng.choice([1, 3]))
        span = int(window_s / per_window * clock_hz * rng.uniform(1.0, 1.3))
        first, second = (
            modelled(
                run_a, idle_a, clock_hz, [span] * (3 * per_window), per_window, int(rng.integers(10_000))
            )
            for _ in range(2)
        )
        taken_uj = run_a * VOLTS * span * per_window / clock_hz / INFERENCES * 1e6
        found = first["energy_per_inference"].value
        off.setdefault(window_s, []).append(abs(found / taken_uj - 1))
        for name, one in first.items():
            apart[name] += abs(one.value - second[name].value) > (one.resolution or 0.0)
    for window_s, shares in sorted(off.items()):
        print(
            f"truth: {len(shares)} boards, windows of {window_s:g} s or a little more: energy per inference "
            f"off by {max(shares):.4%} at most, {np.median(shares):.4%} in the middle"
        )
    several = ", ".join(f"{name} {count}" for name, count in apart.items() if count) or "none"
    print(f"truth: figures that did not repeat up to their resolution, of {BOARDS} boards: {several}")


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
        vector = round(span_s * RATE_HZ) // np.array([5, 3])
        digital[vector[0] : vector[1]] = 1  # which runs once before it is repeated
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
