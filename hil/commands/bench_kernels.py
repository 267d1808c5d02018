"""`hil bench kernels`: what the kernels cost."""

from __future__ import annotations

import argparse
import sys

HELP = "instructions on the papers' dimensions, beside the public reference's"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    """Run the workloads on an emulated board and print their tables."""
    from hil.bench.kernels import count, table_lines
    from hil.text.progress import steps

    with steps(sys.stderr, "counting") as progress:
        rows = list(count(progress))
    print("\n".join(table_lines(rows)))
    return 0
