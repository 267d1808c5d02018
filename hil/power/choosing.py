"""Which probe a command means: the one that its options name, or the only one that is attached."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from hil.errors import PowerProbeError
from hil.power.attached import Attached
from hil.power.drivers import ProbeSpec, driver, names

_LONGEST_S = 86_400.0
_DEFAULT = "ppk2"  # of a port that nobody knows: an emulated kit's, say


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names a probe, and how it is wired."""
    parser.add_argument(
        "--driver", metavar="NAME", help="the probe's kind (default: what is attached; `hil power list`)"
    )
    parser.add_argument(
        "--port", metavar="PORT", help="its serial port, or what it is listed by (default: the only one)"
    )
    parser.add_argument("--serial-number", metavar="NUMBER", help="the probe with that number")
    parser.add_argument(
        "--ampere-meter", action="store_true", help="the board has a supply of its own of --volts"
    )


def seconds(text: str) -> float:
    """How long something lasts, from the command line; argparse's error for what is no such time."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_LONGEST_S:,.0f}")
    return found


def chosen(options: argparse.Namespace) -> tuple[str, ProbeSpec]:
    """The driver's name, and a spec whose port is known; PowerProbeError when that is no single probe."""
    spec = ProbeSpec(options.port, options.serial_number, not options.ampere_meter)
    if options.driver is not None and (spec.port is not None or options.serial_number is not None):
        return options.driver, spec
    there = [one for name in ([options.driver] if options.driver else names()) for one in _attached(name)]
    meant = [
        one
        for one in there
        if spec.port in (None, one.port) and spec.serial_number in (None, one.serial_number)
    ]
    if len(meant) == 1:
        return meant[0].driver, ProbeSpec(meant[0].port, meant[0].serial_number, spec.source)
    if spec.port is not None:
        return _DEFAULT, spec
    raise PowerProbeError(
        f"{len(meant)} power probes are attached" if meant else "no power probe is attached",
        evidence=", ".join(f"{one.driver} {one.port}" for one in meant or there) or None,
        remedy="name its port by --port" if meant else "plug one in; see `hil power list`",
    )


def _attached(name: str) -> Sequence[Attached]:
    """Those of a driver; none of one that cannot be used, which `hil power list` tells."""
    try:
        return driver(name).attached()
    except PowerProbeError:
        return ()
