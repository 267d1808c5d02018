"""`hil power calibrate-check`: whether a probe measures a known resistor as it should."""

from __future__ import annotations

import argparse

from hil.errors import PowerProbeError

HELP = "check a power probe against a known resistor: its gain error, and whether that is as its maker says"
FAILED = 2  # 1: measured, and not as it should be


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which probe, and what is connected to it."""
    from hil.power import choosing

    choosing.arguments(parser)
    parser.add_argument("--ohm", type=float, required=True, metavar="OHM", help="the resistor, as measured")
    parser.add_argument(
        "--volts", type=float, required=True, metavar="V", help="the volts across it, as measured"
    )
    parser.add_argument(
        "--reference", type=float, default=1.0, metavar="%", help="both together may be off by; default: 1"
    )
    parser.add_argument("--seconds", type=choosing.seconds, default=5.0, metavar="S", help="default: 5")


def run(options: argparse.Namespace) -> int:
    """Print what was expected and found; 1 when the probe is off by more than is said of it."""
    import time
    from math import inf

    from hil.power.checking import checked
    from hil.power.choosing import chosen
    from hil.power.drivers import opened

    if not (0 < options.ohm < inf and 0 < options.volts < inf):
        raise PowerProbeError("a resistor and its volts are above 0", remedy="see --ohm and --volts")
    name, spec = chosen(options)
    with opened(name, spec) as probe:
        most_a = probe.capabilities.most_a
        if options.volts / options.ohm > most_a:
            raise PowerProbeError(
                f"{options.volts / options.ohm * 1e3:.4g} mA is more than the probe measures",
                evidence=f"it measures {most_a * 1e3:g} mA",
                remedy="take a larger resistor",
            )
        probe.supply(options.volts)
        probe.power(True)
        time.sleep(0.5)  # until the supply and its capacitors are steady
        probe.start()
        time.sleep(options.seconds)
        trace = probe.stop()
    found = checked(trace, options.ohm, options.volts, probe.capabilities, options.reference / 100)
    print(f"expected  {found.expected_a * 1e3:.5g} mA through {options.ohm:g} Ω")
    print(f"measured  {found.measured_a * 1e3:.5g} mA, the mean of {len(trace):,} samples")
    if found.wrong is not None:
        print(f"it does not count: {found.wrong}")
        return 1
    print(f"gain      {found.gain_error * 100:+.3g} %, {_told(found.within, found.allowed_share, name)}")
    return 1 if found.within is False else 0


def _told(within: bool | None, allowed: float | None, name: str) -> str:
    if allowed is None:
        return f"and nobody says how exact {name} is"
    share = f"{allowed * 100:.3g} % that {name} and the resistor may be off by"
    return f"within the {share}" if within else f"more than the {share}"
