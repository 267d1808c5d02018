"""The bench's options: those names that nobody else uses, and ``--hil-…`` for each in any case."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hil.blas import asleep
from hil.errors import HilError, ProbeError, refusal
from hil.flash.nursery import Nursery

if TYPE_CHECKING:
    from hil.bench.run import BenchRun
    from hil.commit import Commit
    from hil.meters.power import Energy


@dataclass(frozen=True)
class Given:
    """What a run is of, and by which command, where that is not for git and pytest to say."""

    commit: Commit
    command: str


GIVEN = pytest.StashKey[Given]()
_RUN = pytest.StashKey["BenchRun"]()


def _count(text: str) -> int:
    if text == "all":
        return sys.maxsize
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of vectors: give one from 1 on, or all")
    return int(text)


def _emulators(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of emulators: give one from 1 on")
    return int(text)


def _passes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of resets: give one from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give seconds above 0")
    return seconds


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "board": {"metavar": "all|NAME[,NAME]", "help": "run the bench on these boards of the lab"},
    "model": {
        "metavar": "GLOB[,GLOB]",
        "help": "only images whose model, or model/precision, matches",
    },
    "models-dir": {
        "metavar": "DIR",
        "help": "models of your own beside those of the lab, one folder each",
    },
    "vectors": {
        "metavar": "N|all",
        "type": _count,
        "help": "only the first N vectors, or all (default: as many as the model's description says)",
    },
    "most-vectors": {
        "metavar": "N",
        "type": _count,
        "help": "at most N vectors of each model, where its description, or --vectors, says more",
    },
    "pool": {
        "metavar": "N",
        "type": _emulators,
        "help": "how many emulators share the images of an emulated board (default: as many as processors)",
    },
    "hang-after": {
        "metavar": "SECONDS",
        "type": _seconds,
        "help": "how long a board may be silent before it hangs (default: many times its model's cost, "
        "at least 10; 60 for your own C)",
    },
    "link-faults": {
        "metavar": "SPEC",
        "help": "damage what travels between host and board: flip=1e-4,drop=1e-2,seed=7 (docs/link.md)",
    },
    "link-record": {
        "metavar": "DIR",
        "help": "record what each session's link carries in a file of this folder, for `hil replay`",
    },
    "no-energy": {
        "action": "store_true",
        "help": "use no power probe, also where a board has one",
    },
    "energy-window": {
        "metavar": "SECONDS",
        "type": _seconds,
        "help": "how long a window of energy lasts at least (default: 1, on an emulated board 0.1 "
        "of its own)",
    },
    "energy-repeats": {
        "metavar": "N",
        "type": _passes,
        "help": "after how many resets energy is measured (default: 3, of an emulated board 1)",
    },
    "energy-profile": {
        "choices": ["mlperf"],
        "help": "measure energy by other rules: MLPerf Tiny's, five windows of 10 s between falling edges",
    },
    "baseline": {
        "metavar": "REF",
        "help": "fail the tests of images that are worse than in that run: a number, a named baseline, "
        "a branch, a tag or latest (docs/verdicts.md)",
    },
    "wait": {
        "metavar": "SECONDS",
        "type": _seconds,
        "help": "how long to wait for a board that another run uses (default: not at all)",
    },
    "allow-offline": {
        "action": "store_true",
        "help": "skip the tests of boards that are not attached; else the run does not begin",
    },
    "allow-mass-erase": {
        "action": "store_true",
        "help": "unlock a chip that is protected against debuggers, which erases all of it",
    },
    "lab": {"metavar": "FILE", "help": "the lab file (default: the lab is one QEMU board)"},
    "db": {"metavar": "URL", "help": "the database (default: SQLite in the user's data folder)"},
}


def add_options(parser: pytest.Parser) -> None:
    """Add each option as ``--hil-NAME``, and as ``--NAME`` unless a conftest or another plug-in has that."""
    groups = [*parser._groups, parser._anonymous]
    taken = {name for group in groups for option in group.options for name in option.names()}
    group = parser.getgroup("hil", "hardware-in-the-loop lab")
    for name, attributes in _OPTIONS.items():
        names = [one for one in (f"--{name}", f"--hil-{name}") if one not in taken]
        group.addoption(*names, dest=_dest(name), **attributes)


def option(config: pytest.Config, name: str) -> Any:
    """What was given for an option; None when it was not."""
    return config.getoption(_dest(name), None)


def _dest(name: str) -> str:
    return f"hil_{name.replace('-', '_')}"


def wanted(config: pytest.Config) -> bool:
    """Whether the bench was asked for: --board was given."""
    return option(config, "board") is not None


def refuse_workers(config: pytest.Config) -> str | None:
    """Why there can be no bench in this pytest: it, or the one that started it, shares tests out."""
    shared = hasattr(config, "workerinput") or (
        config.pluginmanager.hasplugin("xdist") and config.getoption("dist", "no") != "no"
    )
    if not shared:
        return None
    return (
        "tests of boards run in one process, which has the boards to itself, not in pytest-xdist's workers; "
        "add -n0, or keep them out of a run with -n"
    )


def the_run(config: pytest.Config) -> BenchRun:
    """The run of this invocation: made once, by the options; UsageError when they name what is not there."""
    run = config.stash.get(_RUN, None)
    if run is None:
        for name in ("lab", "models-dir", "link-record"):
            if option(config, name) == "":
                raise pytest.UsageError(f"--{name} is empty; give a path, or leave it out")
        nursery = Nursery()
        config.add_cleanup(nursery.close)
        if not config.option.collectonly:
            with suppress(OSError, ProbeError):  # the board that needs it tells
                nursery.start()  # first of all: it imports pyOCD while we import the rest

        with asleep():
            from hil.bench.run import BenchRun, Options  # numpy and the store are slow: not in every pytest

        given = config.stash.get(GIVEN, None)
        names = ("board", "lab", "models-dir", "link-record")
        boards, lab, models_dir, record = (option(config, name) for name in names)
        options = Options(
            boards="all" if boards is None else boards,  # one that is empty was not meant to name all
            models=option(config, "model"),
            vectors=option(config, "vectors"),
            lab=None if lab is None else Path(lab),
            db=option(config, "db"),
            models_dir=None if models_dir is None else config.invocation_params.dir / models_dir,
            folder=config.invocation_params.dir,
            command=" ".join(["pytest", *config.invocation_params.args]) if given is None else given.command,
            hang_after_s=option(config, "hang-after"),
            link_faults=option(config, "link-faults"),
            most_vectors=option(config, "most-vectors"),
            pool=option(config, "pool"),
            link_record=None if record is None else config.invocation_params.dir / record,
            commit=None if given is None else given.commit,
            wait_s=option(config, "wait"),
            allow_mass_erase=bool(option(config, "allow-mass-erase")),
            allow_offline=bool(option(config, "allow-offline")),
            energy=_energy(config),
        )
        try:
            run = BenchRun(options, nursery)
        except HilError as error:
            raise pytest.UsageError(str(error)) from None
        except OSError as error:
            raise pytest.UsageError(refusal(error)) from error
        config.stash[_RUN] = run
        if not config.option.collectonly:
            run.ahead()
        config.add_cleanup(run.boards.close)
        run.ending.take()
        config.add_cleanup(run.ending.release)
    return run


def _energy(config: pytest.Config) -> Energy | None:
    from hil.meters.power import Energy, Profile

    if option(config, "no-energy"):
        return None
    profile = option(config, "energy-profile")
    return Energy(
        option(config, "energy-window"),
        option(config, "energy-repeats"),
        None if profile is None else Profile(profile),
    )


def run_if_any(config: pytest.Config) -> BenchRun | None:
    """The run of this invocation, if one was made."""
    return config.stash.get(_RUN, None)
