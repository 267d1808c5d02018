"""The models that come with the lab: accuracy, agreement of all forms, generated C, damaged files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hil.errors import ModelError, VectorError
from hil.measure.accuracy import accuracy, agreeing
from hil.models import export, vectors
from hil.models.catalog import find_model, list_models
from hil.models.spec import ModelSpec
from hil.models.vectors import load_vectors
from hil.models.weights import load_weights, write_npz
from hil.values import Precision

MODELS = [spec.name for spec in list_models()]
LEAST_F32 = {
    "fastgrnn_digits": 0.97,
    "fastgrnn_vowels": 0.96,
    "fastgrnn_vowels_1kb": 0.96,
    "msc_rnn_radar": 0.97,
    "rnnpool_face": 0.92,
}
WORKLOADS = [name for name in MODELS if name.startswith("perf_")]
VECTORS = {
    "fastgrnn_digits": 540,
    "fastgrnn_vowels": 370,
    "fastgrnn_vowels_1kb": 370,
    "msc_rnn_radar": 450,
    "rnnpool_face": 400,
} | dict.fromkeys(WORKLOADS, 8)
WIRE = {Precision.F32: np.float32, Precision.Q15: np.int16, Precision.Q7: np.int16}
SENSOR = {"msc_rnn_radar": np.int16, "rnnpool_face": np.uint8}  # the same on the wire in every precision
LOSS = {Precision.F32: 0.0, Precision.Q15: 0.005, Precision.Q7: 0.015}  # of accuracy, against float32


def test_the_catalogue() -> None:
    assert sorted(VECTORS) == MODELS
    assert len(WORKLOADS) == 7
    with pytest.raises(ModelError, match="unknown model nonsense; choose from: fastgrnn_digits, "):
        find_model("nonsense")


@pytest.mark.parametrize("name", MODELS)
def test_vectors_are_whole_and_goldens_accurate(name: str) -> None:
    spec = find_model(name)
    scores = {}
    for precision in spec.precisions:
        held = load_vectors(name, precision)
        assert len(held) == VECTORS[name] == len(held.inputs)
        wire = SENSOR.get(name, WIRE[precision])
        assert {vector.dtype for vector in held.inputs} == {np.dtype(wire)}
        assert all(vector.flags.c_contiguous for vector in held.inputs)
        assert held.goldens.dtype == WIRE[precision]  # outputs have the type that inputs have elsewhere
        assert (held.labels is None) == (held.classes == 0)
        lengths = {len(vector) for vector in held.inputs}
        assert spec.min_steps <= min(lengths)
        assert max(lengths) <= spec.max_steps
        assert held.default is None or 200 <= held.default <= len(held)
        if held.labels is not None:
            assert held.labels.dtype == np.int64
            scores[precision] = accuracy(held.goldens[:, : held.classes], held.labels).value
    assert bool(scores) == (name in LEAST_F32)
    for precision, score in scores.items():
        assert scores[Precision.F32] >= LEAST_F32[name]
        assert score >= scores[Precision.F32] - LOSS[precision]


CASES = [(spec.name, precision) for spec in list_models() for precision in spec.precisions]


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_the_references_give_the_stored_goldens(name: str, precision: Precision) -> None:
    spec, held = find_model(name), load_vectors(name, precision)
    weights = load_weights(spec)
    answers = spec.architecture.golden(spec, weights, precision, held.inputs)
    np.testing.assert_array_equal(answers, held.goldens)
    if precision is Precision.F32:
        assert agreeing(spec.architecture.reference(spec, weights, held.inputs), held.goldens).all()


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_generated_c_gives_the_goldens(run_generated: Any, name: str, precision: Precision) -> None:
    held = load_vectors(name, precision)
    answers = run_generated(find_model(name), precision, held.inputs)
    assert agreeing(answers, held.goldens).all()


@pytest.mark.parametrize("name", MODELS)
def test_committed_c_is_what_the_weights_give(name: str) -> None:
    spec = find_model(name)
    assert export.stale(spec) == []


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of a model's folder, to be damaged."""
    folder = tmp_path / "fastgrnn_digits"
    shutil.copytree(find_model("fastgrnn_digits").folder, folder)
    return folder


def test_a_damaged_description_is_named(copied: Path) -> None:
    (copied / "model.json").write_text("{")
    with pytest.raises(ModelError, match="description of model fastgrnn_digits is damaged"):
        ModelSpec.read(copied)
    (copied / "model.json").unlink()
    with pytest.raises(ModelError, match="no model in fastgrnn_digits"):
        ModelSpec.read(copied)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"FC": None}, "weights have no FC"),
        ({"Bg": np.zeros(31, np.float32)}, "weight Bg has the wrong shape"),
        ({"U": np.full((32, 32), np.nan, np.float32)}, "weight U is not finite"),
        ({"std": np.zeros((1, 8), np.float32)}, "weight std is not positive"),
    ],
)
def test_damaged_weights_are_named(copied: Path, change: dict[str, Any], message: str) -> None:
    with np.load(copied / "weights.npz") as archive:
        arrays = {**archive, **change}
    write_npz(copied / "weights.npz", {name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ModelError, match=message):
        load_weights(ModelSpec.read(copied))


def test_an_archive_that_is_none_is_named(copied: Path) -> None:
    (copied / "weights.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ModelError, match=r"weights\.npz is damaged"):
        load_weights(ModelSpec.read(copied))
    (copied / "weights.npz").unlink()
    with pytest.raises(ModelError, match=r"no weights\.npz"):
        load_weights(ModelSpec.read(copied))


def test_scales_that_do_not_fit_are_refused(copied: Path) -> None:
    fields = json.loads((copied / "model.json").read_text())
    fields["scales"]["q15"]["outputs"] = 1e-9
    (copied / "model.json").write_text(json.dumps(fields))
    spec = ModelSpec.read(copied)
    with pytest.raises(ModelError, match="do not fit together"):
        spec.architecture.source(spec, load_weights(spec), Precision.Q15)


def test_missing_vectors_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(vectors, "fixtures_dir", lambda: tmp_path)
    with pytest.raises(VectorError, match=r"no f32 vectors of model fastgrnn_digits .*run `python -m hil"):
        load_vectors("fastgrnn_digits", Precision.F32)


def test_an_archive_has_the_same_bytes_twice(tmp_path: Path) -> None:
    arrays = {"a": np.arange(5), "zeta": np.float32(2.0)}
    for name in ("one", "two"):
        write_npz(tmp_path / name, {key: np.asarray(value) for key, value in arrays.items()})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with np.load(tmp_path / "one") as archive:
        assert archive["zeta"].shape == ()
