"""Importing: what the model folder computes against formulas written out here, the audit, and refusals."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.build.prebuilt import recipe_of
from hil.cli import main
from hil.commands.reports.model_import import report_lines
from hil.errors import ModelError, VectorError
from hil.measure.accuracy import accuracy, agreeing, regression
from hil.models.catalog import ModelLibrary
from hil.models.export import stale
from hil.models.importer.bring import bring
from hil.models.importer.request import Request
from hil.models.vectors import load_vectors
from hil.values import Precision
from kernel_programs import build_host
from model_programs import model_sources, run_model

CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance"
needs_conformance = pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the published weights are not here")

Arrays = dict[str, Any]
ALL = tuple(Precision)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def quant_sigm(x: Any) -> Any:
    return np.clip((x + 1) / 2, 0, 1)


def quant_tanh(x: Any) -> Any:
    return np.clip(x, -1, 1)


def torch_cell(random: np.random.Generator, features: int, hidden: int, rank: int = 0) -> Arrays:
    """A FastGRNN as EdgeML's PyTorch cell holds it: y = xW."""
    arrays = {
        "W": random.normal(size=(features, hidden)) / np.sqrt(features),
        "U": random.normal(size=(hidden, hidden)) / np.sqrt(hidden) / 2,
        "bias_gate": random.normal(size=(1, hidden)),
        "bias_update": random.normal(size=(1, hidden)),
        "zeta": np.array([[1.0]]),
        "nu": np.array([[-4.0]]),
    }
    if rank:
        arrays |= {
            "W1": random.normal(size=(features, rank)),
            "W2": random.normal(size=(rank, hidden)) / rank,
        }
        del arrays["W"]
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def run_torch_cell(cell: Arrays, x: Any) -> Any:
    """The last state of (T, D), in float64."""
    state = np.zeros(cell["U"].shape[0])
    wide = {name: array.astype(np.float64) for name, array in cell.items()}
    w = wide["W"] if "W" in wide else wide["W1"] @ wide["W2"]
    zeta, nu = sigmoid(wide["zeta"].item()), sigmoid(wide["nu"].item())
    for row in x.astype(np.float64):
        pre = row @ w + state @ wide["U"]
        z, c = quant_sigm(pre + wide["bias_gate"][0]), quant_tanh(pre + wide["bias_update"][0])
        state = z * state + (zeta * (1 - z) + nu) * c
    return state


def request(place: Path, arrays: Arrays, vectors: Any, labels: Any, **rest: Any) -> Request:
    np.savez(place / "weights.npz", **arrays)
    np.save(place / "X.npy", vectors)
    if labels is not None:
        np.save(place / "y.npy", labels)
    made = Request(
        weights=place / "weights.npz",
        cell="fastgrnn",
        name="mine",
        gate="quantSigm",
        update="quantTanh",
        vectors=place / "X.npy",
        labels=None if labels is None else place / "y.npy",
        out=place / "models",
        precisions=ALL,
        layout="cols",
    )
    return replace(made, **rest)


SIZE = st.integers(1, 40)


@settings(max_examples=25, deadline=None)
@given(SIZE, SIZE, st.integers(2, 12), st.integers(0, 9), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_fastgrnn_of_any_size_computes_what_the_formula_says(
    features: int, hidden: int, classes: int, rank: int, steps: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    cell = torch_cell(random, features, hidden, rank)
    head = {"FC": random.normal(size=(hidden, classes)), "FCbias": random.normal(size=classes)}
    mean, std = random.normal(size=(steps, features)), random.uniform(0.5, 2, size=(steps, features))
    vectors = random.normal(size=(7, steps, features)).astype(np.float32)
    labels = random.integers(0, classes, size=7)
    arrays = cell | {name: array.astype(np.float32) for name, array in head.items()}
    with tempfile.TemporaryDirectory() as place:
        arrays |= {"mean": mean, "std": std}
        imported = bring(request(Path(place), arrays, vectors, labels))
        states = np.stack([run_torch_cell(cell, (vector - mean) / std) for vector in vectors])
        expected = states @ head["FC"] + head["FCbias"]
        largest = np.abs(expected).max()
        held = {one: load_vectors(imported.spec, one) for one in ALL}
        np.testing.assert_allclose(held[Precision.F32].goldens, expected, atol=1e-4 * largest)
        for precision, room in ((Precision.Q15, 0.02), (Precision.Q7, 0.5)):
            real = held[precision].goldens * imported.spec.scales[precision].outputs
            np.testing.assert_allclose(real, expected, atol=room * max(largest, 1.0))
        np.testing.assert_array_equal(held[Precision.F32].labels, labels)
        right = np.mean(expected.argmax(axis=1) == labels)
        assert imported.accuracy[Precision.F32] == pytest.approx(right, abs=1 / 7)


def test_a_fastrnn_computes_what_the_formula_says(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    w, u, b = random.normal(size=(3, 5)), random.normal(size=(5, 5)) / 4, random.normal(size=5)
    fc, bias = random.normal(size=(5, 4)), random.normal(size=4)
    arrays = {
        "W": w,
        "U": u,
        "B": b,
        "alpha": np.float64(-1),
        "beta": np.float64(2),
        "FC": fc,
        "FCbias": bias,
    }
    vectors = random.normal(size=(6, 9, 3))
    made = request(
        tmp_path, arrays, vectors, np.zeros(6), cell="fastrnn", gate=None, update="tanh", layout=None
    )
    imported = bring(made)
    state = np.zeros((6, 5))
    for step in range(9):
        state = sigmoid(2) * state + sigmoid(-1) * np.tanh(vectors[:, step] @ w + state @ u + b)
    expected = state @ fc + bias
    np.testing.assert_allclose(load_vectors(imported.spec, Precision.F32).goldens, expected, atol=1e-4)
    fixed = load_vectors(imported.spec, Precision.Q15).goldens * imported.spec.scales[Precision.Q15].outputs
    np.testing.assert_allclose(fixed, expected, atol=0.02)
    assert [one.name for one in imported.audits[Precision.Q15]] == ["input", "pre", "c", "state", "outputs"]


@pytest.mark.parametrize(("classes", "rank"), [(0, 0), (3, 0), (3, 2)])
def test_a_pool_computes_what_the_formula_says(tmp_path: Path, classes: int, rank: int) -> None:
    random = np.random.default_rng(5)
    first, second = torch_cell(random, 2, 5, rank), torch_cell(random, 5, 4)
    arrays = {f"cell_rnn.cell.{name}": array for name, array in first.items()}
    arrays |= {f"cell_bidirrnn.cell.{name}": array for name, array in second.items()}
    mean, std = np.array([0.5, -1]), np.array([2, 0.25])
    arrays |= {"mean": mean, "std": std}
    fc, bias = random.normal(size=(16, 3)), random.normal(size=3)
    if classes:
        arrays |= {"FC": fc, "FCbias": bias}
    patches = random.normal(size=(5, 6, 6, 2)) * std + mean
    labels = np.zeros(5) if classes else None
    imported = bring(request(tmp_path, arrays, patches.astype(np.float32), labels, cell="rnnpool"))

    def values(patch: Any) -> Any:
        parts = []
        for lines in (patch, patch.transpose(1, 0, 2)):
            states = np.stack([run_torch_cell(first, line) for line in lines])
            parts += [run_torch_cell(second, states), run_torch_cell(second, states[::-1])]
        return np.concatenate(parts)

    expected = np.stack([values((patch - mean) / std) for patch in patches])
    if classes:
        expected = expected @ fc + bias
    spec = imported.spec
    assert (spec.features, spec.min_steps, spec.max_steps, spec.classes) == (12, 6, 6, classes)
    np.testing.assert_allclose(load_vectors(spec, Precision.F32).goldens, expected, atol=1e-4)
    fixed = load_vectors(spec, Precision.Q15).goldens * spec.scales[Precision.Q15].outputs
    np.testing.assert_allclose(fixed, expected, atol=0.02)
    assert (imported.accuracy == {}) == (classes == 0)
    names = {one.name for one in imported.audits[Precision.Q7]}
    assert {"input", "first.pre", "first.z", "second.state"} <= names
    assert ("classifier" in names) == (classes > 0)


@needs_conformance
def test_published_weights_classify_the_published_digits(tmp_path: Path) -> None:
    data = dict(np.load(CONFORMANCE / "usps_fastgrnn_lr.npz"))
    features, steps, hidden = (
        int(data[f"DEF_{name}"]) for name in ("INPUT_DIMS", "TIME_STEPS", "HIDDEN_DIMS")
    )
    shapes = {"W1": (5, features), "W2": (hidden, 5), "U1": (5, hidden), "U2": (hidden, 5)}
    arrays = {name: data[f"USPS_{name}"].reshape(shape) for name, shape in shapes.items()}
    for name in ("Bg", "Bh", "sigmoid_zeta", "sigmoid_nu", "mean", "stdDev"):
        arrays[name] = data[f"USPS_{name}"]
    arrays |= {"FC_weights": data["FC_weights"].reshape(10, hidden), "FCbias": data["FCbias"]}
    vectors = data["input"].reshape(10, steps, features)
    made = request(tmp_path, arrays, vectors, data["labels"], gate="sigmoid", update="tanh", layout=None)
    imported = bring(made)
    assert imported.layout == "rows"
    assert imported.accuracy == dict.fromkeys(ALL, 1.0)


@needs_conformance
def test_a_published_pool_gives_the_published_values(tmp_path: Path) -> None:
    data = dict(np.load(CONFORMANCE / "vww_rnnpool.npz"))
    arrays = {name: data[name].reshape(8, 8) for name in ("W1", "U1", "W2", "U2")}
    arrays |= {name: data[name] for name in data if name[:2] in ("Bg", "Bh") or name.startswith("sigmoid")}
    patches = data["input"].reshape(1, 6, 6, 8)
    made = request(
        tmp_path, arrays, patches, None, cell="rnnpool", gate="sigmoid", update="tanh", layout="rows"
    )
    values = load_vectors(bring(made).spec, Precision.F32).goldens[0]
    assert ((values - data["output"]) ** 2).sum() < 1e-10


def mine(place: Path, **rest: Any) -> Request:
    random = np.random.default_rng(8)
    arrays = torch_cell(random, 3, 5) | {"FC": random.normal(size=(5, 2)), "FCbias": np.zeros(2)}
    made = request(place, arrays, random.normal(size=(4, 6, 3)), np.array([0, 1, 0, 1]))
    return replace(made, **rest)


def test_the_folder_holds_a_model_of_the_library(tmp_path: Path) -> None:
    imported = bring(mine(tmp_path, layout=None))
    folder = tmp_path / "models" / "mine"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("README.md", "mine_f32.c", "mine_q15.c", "mine_q7.c", "model.json", "vectors.npz", "weights.npz")
    ]
    assert list((tmp_path / "models").iterdir()) == [folder]
    assert ModelLibrary(tmp_path / "models").find("mine") == imported.spec
    assert stale(imported.spec) == []
    assert "(cols) and\n4 vectors of `X.npy`" in (folder / "README.md").read_text()


def test_importing_again_gives_the_same_bytes_and_drops_what_is_old(tmp_path: Path) -> None:
    bring(mine(tmp_path))
    folder = tmp_path / "models" / "mine"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "images").mkdir()
    bring(mine(tmp_path))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    bring(mine(tmp_path, precisions=(Precision.Q7,)))
    assert [path.name for path in sorted(folder.glob("*.c"))] == ["mine_q7.c"]
    assert json.loads((folder / "model.json").read_text())["precisions"] == ["q7"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "no/path"}, "'no/path' cannot be a model's name"),
        ({"name": "fastgrnn_digits"}, "a model called fastgrnn_digits comes with the lab"),
        ({"cell": "lstm"}, "unknown cell 'lstm'"),
        ({"cell": "fastrnn"}, "a FastRNN has no gate; leave --gate out"),
        ({"gate": None}, "fastgrnn has a gate; add --gate, one of quantSigm"),
        ({"gate": "hardSigm"}, "unknown --gate 'hardSigm'; choose from: quantSigm"),
        ({"update": "cosine"}, "unknown --update 'cosine'"),
        ({"layout": "rows"}, "read as rows (y = Wx"),
        ({"squashed": True}, "nu is -4: squashed values lie between 0 and 1"),
        ({"name": "taken"}, "taken is there and is no model; choose another --name or --out"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_is_written(
    tmp_path: Path, change: Arrays, said: str
) -> None:
    (tmp_path / "models" / "taken").mkdir(parents=True)
    bring(mine(tmp_path))
    before = (tmp_path / "models" / "mine" / "model.json").read_bytes()
    with pytest.raises((ModelError, VectorError)) as caught:
        bring(mine(tmp_path, **change))
    assert said in str(caught.value)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["mine", "taken"]
    assert (tmp_path / "models" / "mine" / "model.json").read_bytes() == before


def test_own_firmware_is_not_replaced(tmp_path: Path) -> None:
    bring(mine(tmp_path))
    description = tmp_path / "models" / "mine" / "model.json"
    fields = json.loads(description.read_text())
    for text, said in (
        (json.dumps({**fields, "generator": "make_vectors"}), "was not imported"),
        ("{", "is no model"),
    ):
        description.write_text(text)
        with pytest.raises(ModelError, match=f"mine is there and {said}; .*remove it"):
            bring(mine(tmp_path))
        assert description.read_text() == text


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_import_that_is_broken_off_leaves_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    bring(mine(tmp_path))
    folder = tmp_path / "models" / "mine"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    rename = Path.rename

    def broken_off(self: Path, target: Path) -> Path:
        if self.name == "mine" and target == folder:
            raise error
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", broken_off)
        with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else ModelError):
            bring(mine(tmp_path, precisions=(Precision.F32,)))
    assert list((tmp_path / "models").iterdir()) == [folder]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out, why in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "in", "Not a directory")):
        with pytest.raises(ModelError, match=rf"mine cannot be written \({why}\); see --out"):
            bring(mine(tmp_path, out=out))


def test_a_broken_link_is_not_a_place_for_a_model(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="mine is there and is no model"):
        bring(mine(tmp_path))


def test_file_names_need_not_be_text(tmp_path: Path) -> None:
    made = mine(tmp_path)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff\n.npz"))
    made.weights.rename(odd)
    assert bring(replace(made, weights=odd)).spec.task == "imported from w??.npz"


@pytest.mark.parametrize("label", [2**63, 1e300, 65_536])
def test_labels_beyond_all_numbers_are_refused(tmp_path: Path, label: float) -> None:
    made = mine(tmp_path)
    np.save(tmp_path / "y.npy", np.array([0, 1, label, 1]))
    with pytest.raises(VectorError, match=r"is not a class: there are at most 65,535"):
        bring(made)


def test_labels_beyond_the_classifier_are_refused(tmp_path: Path) -> None:
    made = mine(tmp_path)
    np.save(tmp_path / "y.npy", np.array([1, 2, 0, 0]))
    with pytest.raises(VectorError, match="vector 1 is of class 2, the model has 0 to 1"):
        bring(made)


def test_without_labels_there_is_no_accuracy(tmp_path: Path) -> None:
    imported = bring(mine(tmp_path, labels=None))
    assert imported.accuracy == {}
    assert load_vectors(imported.spec, Precision.Q15).labels is None
    report = report_lines(imported, tmp_path / "models")
    assert [line for line in report if "accuracy" in line] == ["accuracy: not known without --labels"]
    assert "labels" not in (tmp_path / "models" / "mine" / "README.md").read_text()


def test_a_single_output_is_a_logit_of_two_classes(tmp_path: Path) -> None:
    random = np.random.default_rng(31)
    cell, head = (
        torch_cell(random, 3, 5),
        {"head.weight": random.normal(size=(1, 5)), "head.bias": np.zeros(1)},
    )
    vectors = random.normal(size=(40, 6, 3)).astype(np.float32)
    logits = np.stack([run_torch_cell(cell, vector) for vector in vectors]) @ head["head.weight"].T
    labels = (logits[:, 0] > 0).astype(int)
    labels[:4] = 1 - labels[:4]
    imported = bring(request(tmp_path, cell | head, vectors, labels))
    assert (imported.spec.classes, imported.spec.outputs) == (1, 1)
    assert imported.accuracy == dict.fromkeys(ALL, 0.9)
    held = load_vectors(imported.spec, Precision.Q15)
    assert accuracy(held.goldens, held.labels).value == 0.9
    with pytest.raises(VectorError, match="is of class 2, the model has 0 to 1"):
        bring(request(tmp_path, cell | head, vectors, labels + 1))


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_regression_has_errors_in_the_targets_unit(tmp_path: Path, outputs: int) -> None:
    random = np.random.default_rng(32)
    cell = torch_cell(random, 3, 5)
    head = {"FC": random.normal(size=(5, outputs)), "FCbias": random.normal(size=outputs)}
    vectors = random.normal(size=(40, 6, 3)).astype(np.float32)
    exact = np.stack([run_torch_cell(cell, vector) for vector in vectors]) @ head["FC"] + head["FCbias"]
    targets = exact + 0.25
    np.save(tmp_path / "t.npy", targets[:, 0] if outputs == 1 else targets)
    asked = request(tmp_path, cell | head, vectors, None, targets=tmp_path / "t.npy")
    imported = bring(asked)
    spec = imported.spec
    assert (spec.regression, spec.classes, spec.outputs) == (True, 0, outputs)
    assert ModelLibrary(tmp_path / "models").find("mine") == spec
    for precision in ALL:
        held = load_vectors(spec, precision)
        assert held.labels is None
        np.testing.assert_allclose(held.targets, targets)
        found = {one.metric: one.value for one in regression(held.goldens, held.targets, held.output_scale)}
        assert found["mean_absolute_error"] == pytest.approx(0.25, abs=0.05)
        assert imported.errors[precision] == (found["mean_absolute_error"], found["r_squared"])
    lines = report_lines(imported, tmp_path)
    assert any(line.startswith("f32: mean absolute error 0.25") and "R² " in line for line in lines)
    with pytest.raises(ModelError, match="a model has labels or targets"):
        bring(replace(asked, labels=tmp_path / "t.npy"))


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (np.ones((7, 2)), "targets are 7×2, not 7×4"),
        (np.full((7, 4), [np.nan, 1, 1, 1]), "the target of vector 0 is not finite, 7 of 28"),
        (np.full((7, 4), "a"), "targets hold <U1, not numbers"),
    ],
)
def test_targets_that_are_none_are_refused(tmp_path: Path, targets: Any, said: str) -> None:
    random = np.random.default_rng(33)
    arrays = torch_cell(random, 3, 5) | {"FC": np.ones((5, 4)), "FCbias": np.zeros(4)}
    np.save(tmp_path / "t.npy", targets)
    with pytest.raises(VectorError, match=said):
        bring(request(tmp_path, arrays, np.ones((7, 2, 3)), None, targets=tmp_path / "t.npy"))


def test_labels_of_a_classifier_by_an_unknown_name_are_not_dropped(tmp_path: Path) -> None:
    first, second = (torch_cell(np.random.default_rng(9), size, 4) for size in (2, 4))
    pool = {f"cell_rnn.cell.{name}": array for name, array in first.items()}
    pool |= {f"cell_bidirrnn.cell.{name}": array for name, array in second.items()}
    made = request(tmp_path, pool | {"out.weight": np.ones((3, 16))}, np.ones((4, 5, 5, 2)), np.zeros(4))
    with pytest.raises(VectorError, match=r"no classifier \(names that mean nothing: out\.weight\)"):
        bring(replace(made, cell="rnnpool"))


def test_labels_without_a_classifier_are_refused(tmp_path: Path) -> None:
    cells = [torch_cell(np.random.default_rng(5), *sizes) for sizes in ((2, 5), (5, 4))]
    arrays = {f"{name}{number}": one for number, cell in enumerate(cells, 1) for name, one in cell.items()}
    made = request(tmp_path, arrays, np.ones((3, 4, 4, 2)), np.zeros(3), cell="rnnpool")
    with pytest.raises(VectorError, match="labels are given, and the weights have no classifier; leave"):
        bring(made)


def zeroed(place: Path, names: set[str] | None = None) -> Request:
    """A low-rank cell of which these arrays are zero; None: all but the scalars."""
    cell = torch_cell(np.random.default_rng(8), 3, 5, 2)
    arrays = cell | {"FC": np.ones((5, 2), np.float32), "FCbias": np.ones(2, np.float32)}
    named = names or set(arrays) - {"zeta", "nu"}
    arrays |= {name: np.zeros_like(arrays[name]) for name in named}
    return request(place, arrays, np.ones((4, 6, 3)), np.zeros(4))


@pytest.mark.parametrize("names", [{"W1"}, {"W2", "U"}, {"FC"}, None])
def test_weights_that_are_all_zero_build_and_run(tmp_path: Path, names: set[str] | None) -> None:
    spec = bring(zeroed(tmp_path, names)).spec
    for precision in ALL:
        program = build_host(tmp_path / precision, model_sources(spec, precision))
        held = load_vectors(spec, precision)
        assert agreeing(run_model(program, spec, precision, held.inputs), held.goldens).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"FC": np.full((5, 2), 3e38)}, r"the outputs of vector 0 are not finite in f32 \(4 of 4 vectors\)"),
        ({"mean": np.zeros(3), "std": np.full(3, 1e-40)}, r"std is too small: 9\.99995e-41, at least 1e-30"),
    ],
)
def test_numbers_that_float32_cannot_hold_are_refused(tmp_path: Path, change: Arrays, said: str) -> None:
    arrays = torch_cell(np.random.default_rng(8), 3, 5) | {"FC": np.ones((5, 2)), "FCbias": np.ones(2)}
    made = request(tmp_path, arrays | change, np.ones((4, 6, 3)), np.zeros(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ModelError, match=said):
            bring(replace(made, precisions=(Precision.F32,)))
    assert list((tmp_path / "models").glob("*")) == []


@pytest.mark.parametrize("raw", [-1e30, 1e30])
def test_scalars_far_out_are_those_of_a_flat_logistic_function(tmp_path: Path, raw: float) -> None:
    arrays = torch_cell(np.random.default_rng(8), 3, 5) | {"FC": np.ones((5, 2)), "FCbias": np.ones(2)}
    made = request(tmp_path, arrays | {"zeta": np.float64(raw)}, np.ones((4, 6, 3)), np.zeros(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bring(replace(made, precisions=(Precision.F32,)))


def test_what_the_link_cannot_carry_is_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    arrays = torch_cell(random, 3, 5) | {"FC": np.ones((5, 2)), "FCbias": np.zeros(2)}
    wide = request(tmp_path, arrays | {"W": np.ones((80, 5))}, np.zeros((1, 300, 80)), np.zeros(1))
    assert bring(wide).spec.room(Precision.F32).units == 1504  # 96,000 B: more than an image usually takes
    arrays |= {"FC": np.ones((5, 20_000)), "FCbias": np.zeros(20_000)}
    asked = request(tmp_path, arrays, np.zeros((1, 6, 3)), np.zeros(1))
    with pytest.raises(ModelError, match=r"an output of mine is too large .*80,000 B in f32, at most 65,526"):
        bring(asked)
    assert bring(replace(asked, precisions=(Precision.Q15,))).spec.room(Precision.Q15).payload == 40_012


def test_a_description_that_the_link_cannot_carry_is_named_when_it_is_built(tmp_path: Path) -> None:
    arrays = torch_cell(np.random.default_rng(8), 3, 5) | {"FC": np.ones((5, 2)), "FCbias": np.zeros(2)}
    spec = bring(request(tmp_path, arrays, np.zeros((1, 6, 3)), np.zeros(1))).spec
    long = replace(
        spec, max_steps=60_000, network=replace(spec.network, cell=replace(spec.network.cell, features=80))
    )
    with pytest.raises(ModelError, match=r"a vector of mine is too large for the link \(19,200,000 B in f32"):
        recipe_of(long, "qemu_mps2_an386", Precision.F32)


@pytest.mark.parametrize("shape", [(2, 4, 5, 1), (2, 4, 6), (2, 16), (0, 4, 4, 1), (1, 300, 300, 1)])
def test_patches_that_are_none_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    made = mine(tmp_path, cell="rnnpool")
    np.save(tmp_path / "X.npy", np.ones(shape))
    with pytest.raises(VectorError, match=r"save X\.npy as \(patches, rows, columns, channels\)"):
        bring(made)


def test_the_audit_counts_what_saturates(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    arrays = torch_cell(random, 3, 5) | {"FC": random.normal(size=(5, 2)), "FCbias": np.zeros(2)}
    arrays["W"] = arrays["W"] * 40
    vectors = random.normal(size=(4, 6, 3))
    imported = bring(request(tmp_path, arrays, vectors, np.zeros(4)))
    by_name = {one.name: one for one in imported.audits[Precision.Q15]}
    assert by_name["pre"].largest > by_name["pre"].range
    assert 0.3 < by_name["pre"].saturated < 1
    assert by_name["input"].largest == pytest.approx(np.abs(vectors).max(), rel=1e-3)
    assert by_name["input"].error <= by_name["input"].range / 32767
    for name in ("input", "z", "c", "state", "outputs"):
        assert by_name[name].saturated == 0
        assert by_name[name].error < 0.05 * max(by_name[name].float_largest, 1)
    coarse = {one.name: one for one in imported.audits[Precision.Q7]}
    assert coarse["state"].error > by_name["state"].error


def test_the_report_says_how_weights_were_read_and_what_comes_next(tmp_path: Path) -> None:
    made = mine(tmp_path)
    np.savez(made.weights, **{**np.load(made.weights), "epochs": np.array(3)})
    report = report_lines(bring(made), tmp_path / "models")
    assert "not used: epochs" in report
    assert "weights read as cols" in report[0]
    assert [line.split(":")[0] for line in report if line.startswith("accuracy")] == [
        *("accuracy f32", "accuracy q15", "accuracy q7")
    ]
    assert report[-1] == f"next: pytest --board=all --model=mine --models-dir={tmp_path / 'models'}"


def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = mine(tmp_path)
    given = [
        "model",
        "import",
        str(made.weights),
        "--cell=fastgrnn",
        "--gate=quantSigm",
        "--update=quantTanh",
    ]
    given += [f"--vectors={made.vectors}", f"--labels={made.labels}", f"--out={made.out}"]
    for wrong, said in (
        (["--name=mine", "--precision=q4"], "unknown precision 'q4'; choose from f32, q15, q7"),
        (["--name=mine", "--precision=,"], "--precision names none; choose from"),
        (["--name=mi ne"], "'mi ne' cannot be a model's name"),
        (["--name=mine", "--vectors=none.npy"], "no vectors in none.npy"),
    ):
        assert main([*given, *wrong]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith(f"hil: {said}")
        assert printed.err.count("\n") == 1
    assert not made.out.exists()
    assert main([*given, "--name=mine", "--precision=q15"]) == 0
    assert f"written: {made.out / 'mine'}" in capsys.readouterr().out
