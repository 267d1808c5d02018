"""The receiver and the runtime in C under libFuzzer, with the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fuzzing
from hil.resources import firmware_dir
from needs import absent

sys.path.insert(0, str(firmware_dir() / "tests" / "fuzz"))

from scripts import SEEDS
from targets import TARGETS, Target, clang, unpack

CORPUS = Path(".cache") / "fuzz"  # what long runs have found: the next one goes on with it


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_input_breaks_a_promise(target: Target, tmp_path: Path) -> None:
    if clang() is None:
        absent("no clang, whose libFuzzer this needs")
    program = target.build(tmp_path / target.name)
    seeds = unpack(target.seeds(), tmp_path / "seeds")
    found = unpack({}, CORPUS / target.name if fuzzing.seconds else tmp_path / "found")
    often = f"-max_total_time={fuzzing.seconds:.0f}" if fuzzing.seconds else f"-runs={target.runs}"
    seed = [] if fuzzing.seconds else ["-seed=1"]
    command = [program, *seed, often, f"-max_len={target.longest}", "-print_final_stats=1"]
    command += [f"-artifact_prefix={tmp_path}/", found, seeds]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-4000:]
    tried = next(int(line.split()[1]) for line in said.splitlines() if "number_of_executed_units" in line)
    assert tried >= len(target.seeds())
    print(f"{target.name}: {tried:,} inputs")


def test_the_seeds_are_those_of_their_generator() -> None:
    device = next(target for target in TARGETS if target.name == "device")
    made = {name: data for name, data in device.seeds().items() if name.startswith("device-made-")}
    assert made == {f"device-made-{name}": data for name, data in SEEDS.items()}
