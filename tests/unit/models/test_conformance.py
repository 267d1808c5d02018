"""A published low-rank FastGRNN (microsoft/EdgeML, MIT): 10 of 10 right in every precision, by reference and
C.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hil.measure.accuracy import agreeing
from hil.models.folder import Description, write_folder
from hil.models.spec import ModelSpec
from hil.models.weights import load_weights
from hil.resources import data_root
from hil.values import Precision

USPS = data_root().parent / "shared" / "conformance" / "usps_fastgrnn_lr.npz"
pytestmark = pytest.mark.skipif(not USPS.exists(), reason="the conformance data is not beside the checkout")


def raw(squashed: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The archive holds zeta and nu through the logistic function already."""
    return np.asarray(np.log(squashed / (1.0 - squashed)))


@pytest.fixture(scope="module")
def usps(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelSpec, list[npt.NDArray[Any]], Any]:
    with np.load(USPS) as archive:
        data = {name: archive[name] for name in archive.files}
    inputs = list(data["input"].reshape(10, 16, 16))
    cell = {"features": 16, "hidden": 32, "rank_w": 5, "rank_u": 5, "gate": "sigmoid", "update": "tanh"}
    about = Description(
        name="usps", task="digits", architecture="rnn", network={"cell": cell, "classes": 10},
        min_steps=16, max_steps=16, dataset=None, generator="none",
    )  # fmt: skip
    arrays = {
        "W1": data["USPS_W1"].reshape(5, 16),
        "W2": data["USPS_W2"].reshape(32, 5),
        "U1": data["USPS_U1"].reshape(5, 32),
        "U2": data["USPS_U2"].reshape(32, 5),
        "Bg": data["USPS_Bg"],
        "Bh": data["USPS_Bh"],
        "zeta": raw(data["USPS_sigmoid_zeta"]),
        "nu": raw(data["USPS_sigmoid_nu"]),
        "FC": data["FC_weights"].reshape(10, 32),
        "FCbias": data["FCbias"],
        "mean": data["USPS_mean"].reshape(16, 16),
        "std": data["USPS_stdDev"].reshape(16, 16),
    }
    folder = tmp_path_factory.mktemp("conformance") / "usps"
    return write_folder(folder, about, arrays, inputs), inputs, data["labels"]


@pytest.mark.parametrize("precision", list(Precision))
def test_ten_of_ten(usps: Any, run_generated: Any, precision: Precision) -> None:
    spec, inputs, labels = usps
    weights = load_weights(spec)
    wired = [spec.architecture.wire(spec, weights, precision, vector) for vector in inputs]
    golden = spec.architecture.golden(spec, weights, precision, wired)
    np.testing.assert_array_equal(golden.argmax(1), labels)
    answers = run_generated(spec, precision, wired)
    np.testing.assert_array_equal(answers.argmax(1), labels)
    if precision is Precision.F32:
        assert agreeing(answers, spec.architecture.reference(spec, weights, inputs)).all()
    else:
        np.testing.assert_array_equal(answers, golden)
