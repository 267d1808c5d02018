"""The metrics that sessions record are those that the lab names, each in its unit: none more, none fewer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil.board import open_board
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.meters.power import Energy
from hil.metrics import METRICS, PREDICTED, TIERS, lookup
from hil.models.vectors import VectorSet, load_vectors
from hil.session import Report, Session, first
from hil.values import Precision

pytestmark = pytest.mark.emulated


def _report(vectors: VectorSet, model: str) -> Report:
    with open_board(builtin_lab().boards[0]) as board:
        elf = prebuilt_dir(board.kind.name) / f"{model}-q15.elf"
        with Session(board, Image.load(elf), energy=Energy(0.02)) as session:
            return session.measure(vectors)


def test_sessions_record_every_metric_of_the_lab_in_its_unit_and_no_other() -> None:
    digits = first(load_vectors("fastgrnn_digits", Precision.Q15), 5)
    digits = replace(digits, targets=digits.goldens * digits.output_scale + 0.125)
    radar = first(load_vectors("msc_rnn_radar", Precision.Q15), 12)
    reports = [_report(digits, "fastgrnn_digits"), _report(radar, "msc_rnn_radar")]
    found = {one.metric: one.unit for report in reports for one in report.measures}
    tiers = {f"{metric}{tier.suffix}" for metric in ("instructions", "latency_cycles") for tier in TIERS}
    assert set(found) == set(METRICS) - {PREDICTED.name} | tiers  # that one is samples alone
    assert found == {name: lookup(name).unit for name in found}
    samples = {one.metric: one.unit for report in reports for one in report.samples}
    assert PREDICTED.name in samples
    assert samples == {name: METRICS[name].unit for name in samples}
