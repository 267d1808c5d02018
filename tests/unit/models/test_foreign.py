"""What is no folder of arrays, or more than one cell: named, with the line that converts it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hil.errors import ModelError, VectorError
from hil.models.importer.arrays import read_arrays
from hil.models.importer.vectors import read_inputs, read_labels
from hil.models.importer.weights import probable_features, read_weights
from hil.models.weights import read_npz

RANDOM = np.random.default_rng(4)
D, H, C = 3, 5, 2


def cell(features: int = D, hidden: int = H) -> dict[str, Any]:
    """By the names of EdgeML's PyTorch cell: y = xW."""
    return {
        "W": RANDOM.normal(size=(features, hidden)),
        "U": RANDOM.normal(size=(hidden, hidden)),
        "bias_gate": RANDOM.normal(size=(1, hidden)),
        "bias_update": RANDOM.normal(size=(1, hidden)),
        "zeta": np.ones((1, 1)),
        "nu": -np.ones((1, 1)),
    }


def under(path: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {f"{path}.{name}": array for name, array in arrays.items()}


def saved(place: Path, arrays: dict[str, Any]) -> Path:
    np.savez(place / "w.npz", **arrays)
    return place / "w.npz"


def run_lines(text: str, place: Path) -> None:
    for line in text.split(" && "):
        words = shlex.split(line)
        assert words[0] == "python"
        subprocess.run([sys.executable, *words[1:]], cwd=place, check=True)


@pytest.mark.parametrize(
    ("name", "what", "way"),
    [
        ("m.pt", "a PyTorch file", "torch.load('{}', map_location='cpu', weights_only=True)"),
        ("m.PTH", "a PyTorch file", "save its state_dict() first"),
        ("m.onnx", "an ONNX graph", "onnx.load('{}').graph.initializer"),
        ("m.keras", "a Keras model", "keras.models.load_model('{}'"),
        ("model.ckpt.index", "a TensorFlow checkpoint", "tf.train.load_checkpoint('{stem}')"),
        ("m.tflite", "a TensorFlow Lite model", "the model it was made from"),
        ("m.pkl", "a pickle, which is never opened here", "pickle.load(open('{}', 'rb'))"),
        ("m.safetensors", "a safetensors file", "load_file('{}')"),
        ("m.txt", "neither a folder nor an .npz archive", "give a folder of .npy files, or one .npz"),
    ],
)
def test_a_file_of_another_kind_is_named_with_the_line_that_converts_it(
    tmp_path: Path, name: str, what: str, way: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"something")
    with pytest.raises(ModelError) as caught:
        read_arrays(path)
    assert caught.value.evidence == what
    assert way.format(path, stem=path.with_suffix("")) in str(caught.value.remedy)
    if "python -c" in str(caught.value.remedy):
        code = shlex.split(str(caught.value.remedy).partition(", then")[0])[2]
        compile(code, name, "exec")


@pytest.mark.parametrize("head", ["fc", "classifier", "head", "hidden2keyword", "net.fc", "classifier.1"])
@pytest.mark.parametrize("kind", ["fastgrnn", "fastrnn", "rnnpool"])
def test_a_linear_layer_by_any_usual_name_is_the_classifier(tmp_path: Path, head: str, kind: str) -> None:
    width = 4 * H if kind == "rnnpool" else H
    weight, bias = RANDOM.normal(size=(C, width)), RANDOM.normal(size=C)
    arrays = {
        "fastgrnn": cell(),
        "rnnpool": under("cell_rnn.cell", cell()) | under("cell_bidirrnn.cell", cell(H)),
    }
    scalars = {"alpha": np.ones((1, 1)), "beta": np.ones((1, 1))}
    arrays["fastrnn"] = {name: cell()[name] for name in ("W", "U", "bias_update")} | scalars
    found = read_weights(
        saved(tmp_path, arrays[kind] | {f"{head}.weight": weight, f"{head}.bias": bias}), kind, features=D
    )
    np.testing.assert_allclose(found.classifier, weight.astype(np.float32))
    np.testing.assert_allclose(found.classifier_bias, bias.astype(np.float32))
    assert found.unused == ()


@pytest.mark.parametrize(
    "names", [("FC_Weight", "FC_Bias"), ("FC:0", "FCbias:0"), ("fc/kernel:0", "fc/bias:0")]
)
def test_other_spellings_of_the_classifier(tmp_path: Path, names: tuple[str, str]) -> None:
    weight = RANDOM.normal(size=(H, C))  # as the cell: y = xW
    path = saved(tmp_path, cell() | dict(zip(names, (weight, np.zeros(C)), strict=True)))
    np.testing.assert_allclose(
        read_weights(path, "fastgrnn", features=D).classifier, weight.T.astype(np.float32)
    )


@pytest.mark.parametrize("kind", ["fastgrnn", "fastrnn", "rnnpool"])
def test_what_tensorflow_calls_its_variables(tmp_path: Path, kind: str) -> None:
    gated = {"bias_gate": "B_g", "bias_update": "B_h"}
    arrays = {f"rnn/cell/{gated.get(name, name)}:0": array for name, array in cell().items()}
    head = {"FC:0": RANDOM.normal(size=(H, C)), "FCbias:0": np.zeros(C)}
    if kind == "rnnpool":
        first, second = under("rnn1", cell()), under("rnn2", cell(H))
        arrays = {f"{name.replace('.', '/')}:0": array for name, array in (first | second).items()}
        head = {}
    if kind == "fastrnn":
        arrays = {
            name: array for name, array in arrays.items() if not name.endswith(("B_g:0", "zeta:0", "nu:0"))
        }
        arrays |= {"rnn/cell/alpha:0": np.ones(1), "rnn/cell/beta:0": np.ones(1)}
    found = read_weights(saved(tmp_path, arrays | head), kind, features=D)
    assert found.cells[0].sizes.hidden == H
    assert found.unused == ()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            under("rnn_list.0.cell", cell()) | under("rnn_list.1.cell", cell(H)),
            "it stacks 2 cells: rnn_list.0.cell, rnn_list.1.cell",
        ),
        (
            under("rnn1.cell", cell()) | under("rnn2.cell", cell(H)) | under("rnn3.cell", cell(H)),
            "it stacks 3 cells: rnn1.cell, rnn2.cell, rnn3.cell",
        ),
        (
            under("rnn.cell", cell()) | under("rnn.cell_reverse", cell()),
            "it runs both ways: rnn.cell_reverse is the way back",
        ),
        (
            {"gru.weight_ih_l0": np.ones((15, 3)), "gru.weight_hh_l0": np.ones((15, 5))},
            "gru.weight_ih_l0 belongs to PyTorch's own RNN, GRU or LSTM",
        ),
    ],
)
def test_what_is_not_one_cell_is_named(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_weights(
            saved(tmp_path, arrays | {"fc.weight": np.ones((C, H)), "fc.bias": np.ones(C)}),
            "fastgrnn",
            features=D,
        )
    assert caught.value.evidence == said
    assert "firmware of your own (docs/import.md)" in str(caught.value.remedy)


def test_the_same_weights_both_ways_are_no_single_cell(tmp_path: Path) -> None:
    one = cell()  # EdgeML shares them unless it is told; PyTorch lists them under both paths
    shared = under("rnn.unrollRNN.RNNCell", one) | under("rnn.unrollRNN.RNNCell_reverse", one)
    with pytest.raises(ModelError, match="runs both ways"):
        read_weights(saved(tmp_path, shared), "fastgrnn", features=D)
    second = cell(H)  # and a pool's second cell is meant to
    pool = under("cell_rnn.cell", one) | under("cell_bidirrnn.unrollRNN.RNNCell_reverse", second)
    assert read_weights(saved(tmp_path, pool), "rnnpool", features=D).cells[1].sizes.features == H


def test_integers_of_the_trainers_own_quantiser_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "QuantizedModel"
    folder.mkdir()
    for name in ("qW", "qU", "qBg", "qBh", "qzeta", "qnu", "qFC", "qFCbias", "paramScaleFactor"):
        np.save(folder / f"{name}.npy", np.ones(3, np.int8))
    with pytest.raises(ModelError) as caught:
        read_weights(folder, "fastgrnn", features=D)
    assert "integers of EdgeML's quantizeFastModels.py" in str(caught.value)
    assert "import the float arrays that it was made from" in str(caught.value)
    np.save(tmp_path / "W.npy", np.ones((3, 5)))
    with pytest.raises(ModelError, match=f"import {tmp_path}, which holds the float arrays"):
        read_weights(folder, "fastgrnn", features=D)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("ranks", [0, 2])
def test_flat_vectors_are_named_with_the_lines_that_turn_them(
    tmp_path: Path, labelled: bool, ranks: int
) -> None:
    vectors = RANDOM.normal(size=(20, 7, D))
    labels = np.arange(20) % C
    flat = vectors.reshape(20, -1)
    np.save(tmp_path / "test.npy", np.concatenate([labels[:, None], flat], axis=1) if labelled else flat)
    arrays = cell()
    if ranks:
        arrays |= {"W1": np.ones((D, ranks)), "W2": np.ones((ranks, H))}
        del arrays["W"]
    features = probable_features(saved(tmp_path, arrays), "fastgrnn")
    assert features == D
    with pytest.raises(VectorError) as caught:
        read_inputs(tmp_path / "test.npy", features)
    assert f"it is 20×{7 * D + labelled}" in str(caught.value)
    assert ("a label and then the features of all steps" in str(caught.value)) == labelled
    run_lines(str(caught.value.remedy), tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "test_X.npy"), vectors)
    assert np.stack(read_inputs(tmp_path / "test_X.npy")).shape == (20, 7, D)
    if labelled:
        assert read_labels(tmp_path / "test_y.npy", 20).tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("labels", "said"),
    [(np.eye(3)[[0, 2, 1]], "one-hot rows"), (np.array([-1, 1, 1]), "two classes, -1 and 1")],
)
def test_other_forms_of_labels_are_named_with_the_line_that_turns_them(
    tmp_path: Path, labels: Any, said: str
) -> None:
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(VectorError, match=said) as caught:
        read_labels(tmp_path / "y.npy", 3)
    run_lines(str(caught.value.remedy).partition(": ")[2], tmp_path)
    turned = labels.argmax(axis=1) if labels.ndim == 2 else (labels + 1) // 2
    assert read_labels(tmp_path / "y_classes.npy", 3).tolist() == turned.tolist()


def test_labels_that_are_no_whole_numbers_may_be_targets(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.array([0.5, 1.5]))
    with pytest.raises(VectorError, match=r"not whole numbers.*a regression should give are --targets"):
        read_labels(tmp_path / "y.npy", 2)


def test_an_archive_that_expands_too_far_is_refused_unread(tmp_path: Path) -> None:
    """4 MB that its own directory calls 4 GiB; the entry itself is not even there."""
    for name in ("w.npz", "X.npz"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inputs.npy", b"\x93NUMPY")
            archive.getinfo("inputs.npy").file_size = 1 << 32
    expands = r"its \d+ B expand to 4,294,967,296 B; at most 1,073,741,824 are read"
    with pytest.raises(ModelError, match=rf"w\.npz cannot be read: {expands}"):
        read_arrays(tmp_path / "w.npz")
    with pytest.raises(ModelError, match=rf"w\.npz is damaged .*{expands}"):
        read_npz(tmp_path / "w.npz")
    with pytest.raises(VectorError, match=expands):
        read_inputs(tmp_path / "X.npz")


@pytest.mark.parametrize(
    "header", [b"[" * 9000, b"[" * 4500 + b"]" * 4500, b"-" * 9000 + b"1", b"{'descr':" * 900, b"{'a'" * 2000]
)
def test_a_header_of_brackets_is_one_short_line(tmp_path: Path, header: bytes) -> None:
    whole = np.lib.format.magic(1, 0) + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
    (tmp_path / "X.npy").write_bytes(whole)
    with pytest.raises(VectorError, match=r"X\.npy cannot be read: ") as caught:
        read_inputs(tmp_path / "X.npy")
    assert len(str(caught.value)) < 500 + len(str(tmp_path)) * 2
    assert "\n" not in str(caught.value)


def test_many_problems_are_cut_after_a_few(tmp_path: Path) -> None:
    vectors = np.zeros((10_000, 2, 2))
    vectors[:, 1, 0] = np.nan
    np.save(tmp_path / "X.npy", vectors)
    with pytest.raises(VectorError) as caught:
        read_inputs(tmp_path / "X.npy")
    assert "vector 0 is not finite at [1, 0]; " in str(caught.value)
    assert "; and 9,997 more)" in str(caught.value)
    many = cell() | {f"layer{number}.weight": np.ones(1) for number in range(1000)}
    with pytest.raises(ModelError) as refused:
        read_weights(saved(tmp_path, many), "fastgrnn", features=D)
    assert "FC is missing" in str(refused.value)
    assert len(str(refused.value)) < 600 + len(str(tmp_path))
