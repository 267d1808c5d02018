"""`hil power record`: what a power probe sees for some seconds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import PowerProbeError

if TYPE_CHECKING:
    from hil.power.base import PowerTrace

HELP = "record current from a power probe: mean, peak and energy, and a file of all samples"
FAILED = 2  # 1: recorded, but not all of it counts


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which probe, at how many volts, for how long, and where to."""
    from hil.power import choosing

    choosing.arguments(parser)
    parser.add_argument("--volts", type=float, required=True, metavar="V", help="the board's supply")
    parser.add_argument("--seconds", type=choosing.seconds, default=10.0, metavar="S", help="default: 10")
    parser.add_argument("--out", type=Path, metavar="FILE", help="all samples, as .csv or .parquet")


def run(options: argparse.Namespace) -> int:
    """Print what was seen; 1 when a part of it does not count."""
    import time

    from hil.power.choosing import chosen
    from hil.power.drivers import opened
    from hil.power.files import check_writable, save, save_csv

    if options.out is not None:
        if options.out.suffix not in (".csv", ".parquet"):
            raise PowerProbeError(
                f"{options.out} ends neither in .csv nor in .parquet", remedy="name another file"
            )
        check_writable(options.out)
    name, spec = chosen(options)
    with opened(name, spec) as probe:
        probe.supply(options.volts)
        probe.power(True)
        probe.start()
        time.sleep(options.seconds)
        trace = probe.stop()
    print("\n".join(_lines(spec.port or name, trace)), flush=True)  # before a disk may turn out to be full
    if options.out is not None:
        (save if options.out.suffix == ".parquet" else save_csv)(trace, options.out)
    return 0 if trace.wrong_within(0, len(trace)) is None else 1


def _lines(port: str, trace: PowerTrace) -> list[str]:
    import numpy as np

    good = trace.current_a[~np.isnan(trace.current_a)].astype(float)
    lines = [f"{port}: {trace.seconds:.2f} s at {trace.supply_v:g} V, {len(trace):,} samples"]
    if len(good):
        mean = float(good.mean())
        volts = trace.supply_v if trace.voltage_v is None else trace.voltage_v
        watts = float(np.nanmean(trace.current_a.astype(float) * volts))
        lines += [
            f"current  mean {mean * 1e3:.4g} mA, from {good.min() * 1e3:.4g} to {good.max() * 1e3:.4g} mA",
            f"power    mean {watts * 1e3:.4g} mW; energy {watts * trace.seconds * 1e3:.4g} mJ",
        ]
    for channel in range(8):
        if count := len(trace.edges(channel)[0]):
            lines.append(f"input {channel}  changes {count:,} times")
    if wrong := trace.wrong_within(0, len(trace)):
        lines.append(f"not all of it counts: {wrong}")
        lines += [
            f"  at {one.at / trace.rate_hz:.3f} s: {one.flaw.text} ({one.evidence})"
            for one in trace.breaks[:10]
        ]
    return lines
