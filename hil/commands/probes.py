"""`hil probes`: the debug probes that are attached."""

from __future__ import annotations

import argparse

HELP = "list attached debug probes and how to add them to a lab file"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    """Print a line for each, and what a lab file says of it."""
    from hil.bench.probes import unlisted_probes
    from hil.flash.process import ProbeProcess

    with ProbeProcess() as process:
        print("\n".join(unlisted_probes(process.attached)) or "no debug probe is attached")
    return 0
