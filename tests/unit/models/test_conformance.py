"""A published low-rank FastGRNN (microsoft/EdgeML, MIT): 10 of 10 right in every precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hil.models import golden_f32
from hil.models.spec import Network
from hil.models.weights import FastGrnn, from_arrays
from hil.resources import data_root

USPS = data_root().parent / "shared" / "conformance" / "usps_fastgrnn_lr.npz"
pytestmark = pytest.mark.skipif(not USPS.exists(), reason="the conformance data is not beside the checkout")


def usps(gate: str, update: str) -> tuple[FastGrnn, Any, Any]:
    with np.load(USPS) as archive:
        data = {name: archive[name] for name in archive.files}
    network = Network(16, 32, 10, 5, 5, gate, update)
    arrays = {
        "W1": data["USPS_W1"].reshape(5, 16),
        "W2": data["USPS_W2"].reshape(32, 5),
        "U1": data["USPS_U1"].reshape(5, 32),
        "U2": data["USPS_U2"].reshape(32, 5),
        "Bg": data["USPS_Bg"],
        "Bh": data["USPS_Bh"],
        "zeta": data["USPS_sigmoid_zeta"],
        "nu": data["USPS_sigmoid_nu"],
        "FC": data["FC_weights"].reshape(10, 32),
        "FCbias": data["FCbias"],
        "mean": data["USPS_mean"].reshape(16, 16),
        "std": data["USPS_stdDev"].reshape(16, 16),
    }
    return from_arrays(network, arrays, squashed=True), data["input"].reshape(10, 16, 16), data["labels"]


def test_float_references_and_kernel_are_right(kernels: Any) -> None:
    model, inputs, labels = usps("sigmoid", "tanh")
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(golden_f32.run(model, list(inputs), dtype).argmax(1), labels)
    reference = golden_f32.run(model, list(inputs), np.float64)
    answers = kernels.f32(model, inputs)
    np.testing.assert_array_equal(answers.argmax(1), labels)
    assert (np.abs(answers - reference).max(1) <= 1e-4 * np.abs(reference).max(1)).all()
