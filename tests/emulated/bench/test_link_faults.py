"""`pytest --board --link-faults`: on either link, the figures of a clean line, and what it cost is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench_runs import rows, run_bench
from hil.link.recording import read_recording
from hil.link.replay import replay

pytestmark = pytest.mark.emulated

RUN = ("--board=all", "--model=fastgrnn_digits/q15,fastgrnn_digits/q7", "--vectors=40", "--no-energy")
# A machine that stalls is silent for so long that pings are sent, which are not the line's.
NO_SILENCE = """
import hil.link.pacing
hil.link.pacing._LEAST_QUIET_S = hil.link.pacing._MOST_QUIET_S = 120.0
"""
SPEC = "flip=0.0001,drop=0.003,cut=0.0001,seed=7"


def test_a_line_with_faults_changes_no_figure(tmp_path: Path) -> None:
    """One image through memory, one over the UART."""
    conftest = tmp_path / "conftest.py"
    for more in ([], [f"--link-faults={SPEC}", "--link-record=links"]):
        conftest.write_text("" if more else NO_SILENCE)
        ran = run_bench(tmp_path, *RUN, *more)
        assert ran.returncode == 0, ran.stdout
        assert ("its port went away and came back" in ran.stdout) == bool(more)
        assert (f"the link had faults on purpose: {SPEC}; " in ran.stdout) == bool(more)
    told = rows(
        tmp_path,
        "select s.run_id, s.precision, m.metric, m.technique, m.value, m.conditions "
        "from measure m join session s on s.id = m.session_id order by s.precision, m.id",
    )
    figures: dict[object, list[object]] = {1: [], 2: []}
    for run, precision, metric, technique, value, conditions in told:
        if "link" not in json.loads(str(conditions)) and technique != "host-clock":
            figures[run].append((precision, metric, technique, value))
    assert figures[1] == figures[2]
    assert {metric for _, metric, *_ in figures[1]} >= {"accuracy", "instructions", "latency_cycles"}

    costs = {
        (run, precision, metric): (value, json.loads(str(conditions)))
        for run, precision, metric, _, value, conditions in told
        if str(metric).startswith("link_") or metric in ("connect_s", "handshake_s", "stream_s")
    }
    for precision, link in (("q15", "ram"), ("q7", "uart")):
        for metric in ("link_wire_bytes", "link_lost", "link_damaged", "handshake_s", "stream_s"):
            assert costs[1, precision, metric][1] == {"link": link}
            assert costs[2, precision, metric][1] == {"link": link, "link_faults": SPEC}
        assert costs[1, precision, "connect_s"][1] == costs[2, precision, "connect_s"][1] == {}
        replayed = replay(read_recording(*tmp_path.glob(f"links/qemu-fastgrnn_digits-{precision}-*.hilrec")))
        assert (replayed.error, replayed.deviates_s, replayed.answered) == (None, None, 40)
        assert replayed.stats.lost == costs[2, precision, "link_lost"][0]
        assert replayed.stats.damaged == costs[2, precision, "link_damaged"][0]
        assert costs[1, precision, "link_lost"][0] == 0
        assert costs[2, precision, "link_lost"][0] > 0
        assert costs[2, precision, "link_wire_bytes"][0] > costs[1, precision, "link_wire_bytes"][0]
