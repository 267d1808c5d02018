"""Modelled energy of an image is what its cycles take, and repeats, as far as samples tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench_runs import QUICK, database_url, rows, run_bench
from hil import cli
from hil.kinds import KINDS
from hil.metrics import ENERGY

pytestmark = pytest.mark.emulated

KIND = KINDS["qemu_mps2_an386"]


def test_modelled_energy_is_that_of_the_cycles_and_repeats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        done = run_bench(tmp_path, *QUICK)
        assert done.returncode == 0, done.stdout
    held = rows(
        tmp_path,
        "select metric, value, json_extract(conditions, '$.supply_v') from measure "
        "where metric in ('energy_per_inference', 'latency_cycles') order by id",
    )
    volts = {one[2] for one in held if one[0] == "energy_per_inference"}.pop()
    assert KIND.currents is not None
    joules = KIND.currents.run_a * float(str(volts)) / KIND.clock_hz
    cycles, uj = (
        [float(str(value)) for metric, value, _ in held if metric == name]
        for name in ("latency_cycles", "energy_per_inference")
    )
    assert uj == pytest.approx([one * joules * 1e6 for one in cycles], rel=1e-3)
    cli.main(["check", f"--db={database_url(tmp_path)}", "--baseline=1", "--run=2", "--format=json"])
    (image,) = json.loads(capsys.readouterr().out)["images"]
    found = {one["metric"]: one["outcome"] for one in image["metrics"]}
    names = [metric.name for metric in ENERGY]
    assert [found[name] for name in names] == ["unchanged"] * len(names)
