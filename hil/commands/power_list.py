"""`hil power list`: the power probes that are attached."""

from __future__ import annotations

import argparse

HELP = "list attached power probes"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    """Print a line for each."""
    from hil.power.attached import attached

    lines = [f"{one.driver}  {one.port}  serial number {one.serial_number or 'none'}" for one in attached()]
    print("\n".join(lines) or "no power probe is attached")
    return 0
