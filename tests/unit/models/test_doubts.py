"""What the data say against an import: normalised twice, other outputs than the trainer's, too sensitive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hil.commands.reports.model_import import report_lines
from hil.errors import ModelError, VectorError
from hil.measure.accuracy import agreeing
from hil.models.catalog import models_dir
from hil.models.importer.bring import bring
from hil.models.importer.request import Request
from hil.models.vectors import load_vectors, vectors_path
from hil.models.weights import read_npz
from hil.values import Precision

D, H, C, T, N = 3, 8, 4, 9, 120
MEAN, STD = np.array([40.0, -3.0, 0.2]), np.array([9.0, 0.1, 2.5])


def weights(random: np.random.Generator, scale: float = 1.0) -> dict[str, Any]:
    return {
        "W": random.normal(size=(H, D)) * scale,
        "U": random.normal(size=(H, H)) * scale / 3,
        "Bg": random.normal(size=H),
        "Bh": random.normal(size=H),
        "zeta": np.array(1.0),
        "nu": np.array(-4.0),
        "FC": random.normal(size=(C, H)),
        "FCbias": random.normal(size=C) / 10,
    }


def logits_of(w: dict[str, Any], x: Any) -> Any:
    """(N, C) of (N, T, D) by the formula, sigmoid and tanh, in float64."""
    state = np.zeros((len(x), H))
    for t in range(x.shape[1]):
        pre = x[:, t] @ w["W"].T + state @ w["U"].T
        z, c = 1 / (1 + np.exp(-pre - w["Bg"])), np.tanh(pre + w["Bh"])
        state = z * state + ((1 - z) / (1 + np.exp(-1.0)) + 1 / (1 + np.exp(4.0))) * c
    return state @ w["FC"].T + w["FCbias"]


def request(place: Path, w: dict[str, Any], x: Any, **saved: Any) -> Request:
    np.savez(place / "w.npz", **w)
    np.save(place / "X.npy", x)
    for name, array in saved.items():
        np.save(place / f"{name}.npy", array)
    return Request(
        weights=place / "w.npz",
        cell="fastgrnn",
        name="mine",
        gate="sigmoid",
        update="tanh",
        vectors=place / "X.npy",
        out=place / "models",
        precisions=(Precision.F32,),
        **{name: place / f"{name}.npy" if name in saved else None for name in ("labels", "expect")},
    )


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_vectors_that_are_normalised_twice_are_told(tmp_path: Path, per_step: bool, labelled: bool) -> None:
    random = np.random.default_rng(5)
    w, normal = weights(random), random.normal(size=(N, T, D))
    labels = {"labels": logits_of(w, normal).argmax(axis=1)} if labelled else {}
    mean, std = (np.tile(one, (T, 1)) if per_step else one for one in (MEAN, STD))
    both = w | {"mean": mean, "std": std}
    imported = bring(request(tmp_path, both, normal, **labels))
    (doubt,) = imported.doubts
    assert doubt.startswith("the vectors look normalised already, and mean and std normalise them again")
    right = imported.accuracy.get(Precision.F32)
    assert (right is None) == (not labelled)
    assert (
        (f"; with them {right:.2%} are right, without 100.00%" in doubt) if labelled else "right" not in doubt
    )
    assert f"warning: {doubt}" in report_lines(imported, tmp_path)
    raw = bring(request(tmp_path, both, normal * STD + MEAN, **labels))
    assert raw.doubts == ()
    assert raw.accuracy.get(Precision.F32, 1.0) == 1.0
    assert bring(request(tmp_path, w, normal, **labels)).doubts == ()  # normalised once, by their owner


def test_a_mean_and_std_that_change_little_are_no_doubt(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    w = weights(random) | {"mean": np.full(D, 0.1), "std": np.full(D, 1.1)}
    assert bring(request(tmp_path, w, random.normal(size=(N, T, D)))).doubts == ()


@pytest.mark.parametrize("name", ["fastgrnn_digits", "fastgrnn_vowels"])
def test_the_labs_own_data_are_doubted_only_when_they_are_normalised(tmp_path: Path, name: str) -> None:
    """Digits are scaled to a range, not to a deviation of 1: (x - 8) / 8 of 0 to 16, mostly 0."""
    w = read_npz(models_dir() / name / "weights.npz")
    held = read_npz(vectors_path(name))
    asked = replace(
        request(tmp_path, w, np.zeros((1, 1, 1)), labels=held["labels"]),
        vectors=tmp_path / "X.npz",
        gate="quantSigm",
        update="quantTanh",
        layout="rows",
    )
    np.savez(asked.vectors, inputs=held["inputs"], steps=held["steps"])
    raw = bring(asked)
    assert raw.doubts == ()
    np.savez(asked.vectors, inputs=(held["inputs"] - w["mean"]) / w["std"], steps=held["steps"])
    twice = bring(asked)
    (doubt,) = twice.doubts
    before, after = raw.accuracy[Precision.F32], twice.accuracy[Precision.F32]
    assert after < before - 0.1
    assert f"with them {after:.2%} are right, without {before:.2%}" in doubt


def test_the_published_digits_are_not_doubted(tmp_path: Path) -> None:
    path = Path(__file__).parents[4] / "shared" / "conformance" / "usps_fastgrnn_lr.npz"
    if not path.exists():
        pytest.skip("the published weights are not here")
    with np.load(path) as data:
        arrays = {name.removeprefix("USPS_"): data[name] for name in data.files}
    x, labels = arrays.pop("input").reshape(10, 16, 16), arrays.pop("labels")
    shapes = {"W1": (5, 16), "W2": (32, 5), "U1": (5, 32), "U2": (32, 5), "FC_weights": (10, 32)}
    arrays |= {name: arrays[name].reshape(shape) for name, shape in shapes.items()}
    imported = bring(request(tmp_path, arrays, x, labels=labels))
    assert imported.doubts == ()
    assert imported.accuracy[Precision.F32] == 1.0


@pytest.mark.parametrize("form", ["outputs", "probabilities", "logarithms of probabilities"])
def test_outputs_as_the_trainer_gives_them_are_told(tmp_path: Path, form: str) -> None:
    random = np.random.default_rng(7)
    w, x = weights(random), random.normal(size=(N, T, D))
    logits = logits_of(w, x)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    shown = {"outputs": logits, "probabilities": softmax, "logarithms of probabilities": np.log(softmax)}[
        form
    ]
    imported = bring(request(tmp_path, w, x, expect=shown.astype(np.float32)))
    assert str(imported.expected).startswith(f"{form} as in {tmp_path / 'expect.npy'}, within ")
    assert float(str(imported.expected).split()[-4]) < 1e-5
    assert imported.expected in report_lines(imported, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "way"),
    [
        ({"gate": "quantSigm"}, "it does with --gate sigmoid --update tanh"),
        ({"gate": "tanh", "update": "relu"}, "it does with --gate sigmoid --update tanh"),
        ({"squashed": True}, "it does with scalars as trained"),
    ],
)
def test_a_wrong_reading_is_refused_with_the_right_one(tmp_path: Path, wrong: Any, way: str) -> None:
    random = np.random.default_rng(8)
    w, x = weights(random), random.normal(size=(N, T, D))
    w["nu"] = np.array(0.02)  # it could be squashed already, and so could zeta
    expect = load_vectors(bring(request(tmp_path, w, x)).spec, Precision.F32).goldens
    asked = replace(request(tmp_path, w, x, expect=expect), **wrong)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match=r"does not give the outputs in .*expect\.npy") as caught:
        bring(asked)
    assert "of the largest apart" in str(caught.value.evidence)
    assert caught.value.remedy == way
    assert sorted(tmp_path.rglob("*")) == before


def test_mean_and_std_that_the_trainer_did_not_use_are_named(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    w, x = weights(random), random.normal(size=(N, T, D))
    asked = request(tmp_path, w | {"mean": MEAN, "std": STD}, x, expect=logits_of(w, x))
    with pytest.raises(ModelError, match="it does with no mean and std"):
        bring(asked)


def test_outputs_of_another_model_are_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(10)
    w, x = weights(random), random.normal(size=(N, T, D))
    asked = request(tmp_path, w, x, expect=logits_of(weights(random), x))
    with pytest.raises(ModelError, match="check --gate, --update, --layout, --squashed, mean and std"):
        bring(asked)
    with pytest.raises(VectorError, match=rf"float64 5×{C}, not numbers {N}×{C}"):
        bring(request(tmp_path, w, x, expect=np.zeros((5, C))))
    with pytest.raises(VectorError, match="some are NaN or infinite"):
        bring(request(tmp_path, w, x, expect=np.full((N, C), np.nan)))


def test_a_model_too_sensitive_for_float32_is_told_and_a_tame_one_is_not(tmp_path: Path) -> None:
    """Chaos: one rounding apart, the states part for good. The C rounds elsewhere than numpy."""
    random = np.random.default_rng(11)
    x = random.normal(size=(N, 60, D)).astype(np.float32)
    w = weights(random, scale=10.0)
    w = {name: np.float32(array * 3 if name == "U" else array) for name, array in w.items()}
    imported = bring(request(tmp_path, w, x))
    (doubt,) = imported.doubts
    assert doubt.startswith("f32: rounding alone moves the outputs of ")
    assert "leave f32 out with --precision q15,q7" in doubt
    golden = load_vectors(imported.spec, Precision.F32).goldens
    exact = logits_of({name: array.astype(np.float64) for name, array in w.items()}, x.astype(np.float64))
    assert not agreeing(golden, exact).all()
    assert bring(replace(request(tmp_path, w, x), precisions=(Precision.Q15,))).doubts == ()
    assert bring(request(tmp_path, weights(random), x)).doubts == ()
