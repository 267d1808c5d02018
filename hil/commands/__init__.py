"""The commands of `hil`, a module each: HELP, arguments(parser) and run(options).

One whose exit code 1 means something of its own says in FAILED which one stands for what cannot be done.

A new one is a module here and a line in COMMANDS. `hil` imports them all for their HELP, but calls
``arguments`` and ``run`` of one alone: what takes time to import is imported within those.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from hil.commands import (
    baseline_list,
    baseline_remove,
    baseline_set,
    bench_kernels,
    bisect,
    boards,
    build,
    calibrate,
    check,
    dashboard,
    db_backup,
    db_check,
    db_export,
    db_import,
    db_prune,
    db_upgrade,
    doctor,
    export,
    lab_init,
    model_import,
    models,
    nightly,
    power_budget,
    power_calibrate_check,
    power_list,
    power_live,
    power_record,
    power_trace,
    probes,
    replay,
    report,
    store,
    time,
)


class Command(Protocol):
    """What a module of this folder has; HELP is its line in the help of `hil`."""

    HELP: str

    def arguments(self, parser: ArgumentParser) -> None:
        """Add what it takes to its parser."""

    def run(self, options: Namespace) -> int:
        """Do it and print what was found; the exit code. HilError or OSError when it cannot be done."""


class Group(NamedTuple):
    """The first word of several commands: its line in the help, and what the second word is called there."""

    help: str
    metavar: str


GROUPS = {
    "model": Group("bring a model of your own", "ACTION"),
    "lab": Group("the file that names the boards of a place", "ACTION"),
    "bench": Group("what the kernels cost", "WHAT"),
    "baseline": Group("runs that others are compared with, by name", "ACTION"),
    "power": Group("power probes: what boards take", "ACTION"),
    "db": Group("look after the database of results", "ACTION"),
}

# In the order of the help; two words are a group's and a command's in it.
COMMANDS: Mapping[str, Command] = {
    "build": build,
    "check": check,
    "bisect": bisect,
    "nightly": nightly,
    "report": report,
    "export": export,
    "store": store,
    "dashboard": dashboard,
    "replay": replay,
    "probes": probes,
    "boards": boards,
    "doctor": doctor,
    "lab init": lab_init,
    "models": models,
    "model import": model_import,
    "time": time,
    "calibrate": calibrate,
    "bench kernels": bench_kernels,
    "power list": power_list,
    "power record": power_record,
    "power live": power_live,
    "power trace": power_trace,
    "power budget": power_budget,
    "power calibrate-check": power_calibrate_check,
    "baseline set": baseline_set,
    "baseline list": baseline_list,
    "baseline remove": baseline_remove,
    "db upgrade": db_upgrade,
    "db check": db_check,
    "db backup": db_backup,
    "db prune": db_prune,
    "db import": db_import,
    "db export": db_export,
}
