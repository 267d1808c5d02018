"""Reading what trainers write: names, layouts, and every way in which it can be wrong."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ModelError, VectorError
from hil.models.importer.arrays import read_arrays
from hil.models.importer.layout import LAYOUTS, Layout, Weights
from hil.models.importer.vectors import check_labels, read_inputs, read_labels
from hil.models.importer.weights import read_weights
from hil.models.weights import read_npz

Arrays = dict[str, Any]
MATRICES = re.compile(r"(.*\.)?([WU][12]?|FC)")
SCALARS = {"fastgrnn": ("zeta", "nu"), "fastrnn": ("alpha", "beta")}


def cell_arrays(
    cell: str, features: int, hidden: int, ranks: tuple[int, int] = (0, 0), seed: int = 0
) -> Arrays:
    """A random cell in rows, by the names of EdgeML's trainers."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    for letter, columns, rank in (("W", features, ranks[0]), ("U", hidden, ranks[1])):
        shapes = (
            {letter + "1": (rank, columns), letter + "2": (hidden, rank)}
            if rank
            else {letter: (hidden, columns)}
        )
        arrays |= {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name in ("Bg", "Bh") if cell == "fastgrnn" else ("B",):
        arrays[name] = random.normal(size=hidden).astype(np.float32)
    for name in SCALARS[cell]:
        arrays[name] = np.float32(random.normal())
    return arrays


def model_arrays(cell: str, features: int, hidden: int, classes: int, **rest: Any) -> Arrays:
    random = np.random.default_rng(99)
    return {
        **cell_arrays(cell, features, hidden, **rest),
        "FC": random.normal(size=(classes, hidden)).astype(np.float32),
        "FCbias": random.normal(size=classes).astype(np.float32),
    }


def as_columns(arrays: Arrays) -> Arrays:
    """What the PyTorch cell would hold: every matrix turned, biases 1×H, scalars 1×1."""

    def turn(name: str, array: Any) -> Any:
        if MATRICES.fullmatch(name):
            return array.T
        return array if name.endswith("FCbias") else np.reshape(array, (1, -1))

    return {name: turn(name, array) for name, array in arrays.items()}


def folder(path: Path, arrays: Arrays) -> Path:
    path.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", array)
    return path


def archive(path: Path, arrays: Arrays) -> Path:
    np.savez(path / "weights.npz", **arrays)
    return path / "weights.npz"


def same(one: Weights, other: Weights) -> None:
    for left, right in zip(one.cells, other.cells, strict=True):
        assert left.sizes == right.sizes
        assert list(left.arrays) == list(right.arrays)
        for name in left.arrays:
            np.testing.assert_array_equal(left.arrays[name], right.arrays[name])
        assert left.scalars == right.scalars
    for field in ("classifier", "classifier_bias", "mean", "std"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


SIZE = st.integers(1, 130)


@settings(max_examples=60, deadline=None)
@given(
    cell=st.sampled_from(("fastgrnn", "fastrnn")),
    features=SIZE,
    hidden=SIZE,
    classes=SIZE,
    ranks=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    seed=st.integers(0, 2**32 - 1),
)
def test_rows_and_columns_give_the_same_weights(
    cell: str, features: int, hidden: int, classes: int, ranks: tuple[int, int], seed: int
) -> None:
    arrays = model_arrays(cell, features, hidden, classes, ranks=ranks, seed=seed)
    with tempfile.TemporaryDirectory() as place:
        rows, cols = archive(Path(place), arrays), folder(Path(place) / "cols", as_columns(arrays))
        by_rows = read_weights(rows, cell, features=features, layout="rows")
        same(by_rows, read_weights(cols, cell, features=features, layout="cols"))
        assert by_rows.cells[0].sizes.hidden == hidden
        for name in ("W", "W1", "W2", "U", "U1", "U2", "Bg", "Bh", "B"):
            if name in arrays:
                np.testing.assert_array_equal(by_rows.cells[0].arrays[name], arrays[name])
        square = (features == hidden or ranks[0] > 0) and classes == hidden
        for path in (rows, cols):  # inferred rightly, or asked for: never the wrong way round
            if square and asked(path, cell, features):
                continue
            same(by_rows, read_weights(path, cell, features=features))


def asked(path: Path, cell: str, features: int) -> bool:
    try:
        read_weights(path, cell, features=features)
    except ModelError as error:
        return "do not tell their layout" in str(error)
    return False


def test_names_of_the_torch_cell_and_of_a_state_dict(tmp_path: Path) -> None:
    arrays = model_arrays("fastgrnn", 5, 7, 3)
    expected = read_weights(archive(tmp_path, arrays), "fastgrnn", features=5)
    torch = {"Bg": "bias_gate", "Bh": "bias_update"}
    named = {torch.get(name, name): array for name, array in as_columns(arrays).items()}
    same(expected, read_weights(folder(tmp_path / "torch", named), "fastgrnn", features=5))
    paths = {name if name.startswith("FC") else f"rnn.cell.{name}": array for name, array in named.items()}
    paths |= {  # the same tensors under a second path, as PyTorch lists them
        name.replace("cell", "unrollRNN.RNNCell"): array for name, array in paths.items()
    }
    same(expected, read_weights(folder(tmp_path / "dict", paths), "fastgrnn", features=5))
    paths["rnn.unrollRNN.RNNCell.W"] = np.zeros((5, 7))
    with pytest.raises(
        ModelError, match=r"rnn\.cell\.W and rnn\.unrollRNN\.RNNCell\.W both say what W is, and differ"
    ):
        read_weights(folder(tmp_path / "dict", paths), "fastgrnn", features=5)


def test_a_linear_layer_lies_in_rows_beside_any_cell(tmp_path: Path) -> None:
    arrays = model_arrays("fastgrnn", 5, 7, 3)
    expected = read_weights(archive(tmp_path, arrays), "fastgrnn", features=5)
    torch = as_columns(arrays)
    del torch["FC"], torch["FCbias"]
    torch |= {"net.FC.weight": arrays["FC"], "net.FC.bias": arrays["FCbias"]}
    same(expected, read_weights(folder(tmp_path / "torch", torch), "fastgrnn", features=5))


def test_scalars_are_squashed_once(tmp_path: Path) -> None:
    arrays = model_arrays("fastgrnn", 2, 3, 4) | {"zeta": np.float64(1.0), "nu": np.float64(0.25)}
    squashed = read_weights(archive(tmp_path, arrays), "fastgrnn", features=2, squashed=True)
    zeta, nu = squashed.cells[0].scalars["zeta"], squashed.cells[0].scalars["nu"]
    assert (zeta.squashed, nu.squashed) == (1.0, 0.25)
    assert 1 / (1 + np.exp(-np.float32([zeta.raw, nu.raw]))) == pytest.approx([1.0, 0.25], rel=1e-6)
    raw = read_weights(archive(tmp_path, arrays), "fastgrnn", features=2)
    assert raw.cells[0].scalars["zeta"].raw == 1.0
    assert raw.cells[0].scalars["zeta"].squashed == pytest.approx(1 / (1 + np.exp(-1.0)))
    by_name = {f"sigmoid_{name}" if name in ("zeta", "nu") else name: array for name, array in arrays.items()}
    same(squashed, read_weights(archive(tmp_path, by_name), "fastgrnn", features=2))
    arrays["zeta"] = np.float64(3.0)
    with pytest.raises(ModelError, match="zeta is 3: squashed values lie between 0 and 1"):
        read_weights(archive(tmp_path, arrays), "fastgrnn", features=2, squashed=True)


@pytest.mark.parametrize(
    ("mean", "std", "shape"),
    [
        (np.arange(3), np.ones((1, 3)), (1, 3)),
        (np.arange(12).reshape(4, 3), np.full((4, 3), 2), (4, 3)),
        (np.arange(12), np.full(12, 2), (4, 3)),  # as EdgeML's preprocessing lays it out
        (np.arange(3), np.full((4, 3), 2), (4, 3)),
    ],
)
def test_normalisation_per_feature_or_per_step(
    tmp_path: Path, mean: Any, std: Any, shape: tuple[int, int]
) -> None:
    arrays = model_arrays("fastgrnn", 3, 5, 2) | {"mean": mean, "stdDev": std}
    weights = read_weights(archive(tmp_path, arrays), "fastgrnn", features=3, most_steps=4)
    assert weights.mean.shape == weights.std.shape == shape
    np.testing.assert_array_equal(weights.mean, np.broadcast_to(np.reshape(mean, (-1, 3)), shape))
    np.testing.assert_array_equal(weights.std, np.broadcast_to(np.reshape(std, (-1, 3)), shape))


@pytest.mark.parametrize("form", ["suffix", "prefix", "torch"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_two_cells_of_a_pool(tmp_path: Path, form: str, layout: Layout) -> None:
    cells = cell_arrays("fastgrnn", 3, 5, seed=1), cell_arrays("fastgrnn", 5, 4, seed=2)
    if layout == "cols":
        cells = as_columns(cells[0]), as_columns(cells[1])
    spelt = {"suffix": "{0}{1}", "prefix": "rnn{1}.{0}", "torch": "net.{2}.cell.{0}"}[form]
    arrays = {
        spelt.format(name, number, path): array
        for number, path, cell in zip((1, 2), ("cell_rnn", "cell_bidirrnn"), cells, strict=True)
        for name, array in cell.items()
    }
    weights = read_weights(folder(tmp_path / "w", arrays), "rnnpool", features=3)
    assert weights.layout == layout
    assert [cell.sizes.hidden for cell in weights.cells] == [5, 4]
    assert weights.classifier is None
    np.testing.assert_array_equal(
        weights.cells[1].arrays["W"], cells[1]["W"] if layout == "rows" else cells[1]["W"].T
    )
    head = {"FC": np.ones((2, 16)), "FCbias": np.zeros(2)}
    arrays |= head if layout == "rows" else as_columns(head)
    classified = read_weights(folder(tmp_path / "w", arrays), "rnnpool", features=3)
    assert classified.classifier is not None
    assert classified.classifier.shape == (2, 16)


def test_the_factors_of_a_pool_need_a_prefix(tmp_path: Path) -> None:
    first, second = cell_arrays("fastgrnn", 6, 5, (2, 3), 1), cell_arrays("fastgrnn", 5, 4, (2, 0), 2)
    arrays = {f"rnn1.{name}": array for name, array in first.items()}
    arrays |= {f"rnn2.{name}": array for name, array in second.items()}
    weights = read_weights(archive(tmp_path, arrays), "rnnpool", features=6)
    assert [(cell.sizes.rank_w, cell.sizes.rank_u) for cell in weights.cells] == [(2, 3), (2, 0)]


def test_a_shape_that_fits_both_ways_is_asked_for(tmp_path: Path) -> None:
    path = archive(tmp_path, model_arrays("fastgrnn", 6, 6, 6))
    with pytest.raises(ModelError) as caught:
        read_weights(path, "fastgrnn", features=6)
    said = str(caught.value)
    assert "do not tell their layout" in said
    assert "--layout rows (y = Wx: W H×D, FC classes×H" in said
    assert "--layout cols (y = xW: W D×H, FC H×classes" in said
    assert read_weights(path, "fastgrnn", features=6, layout="cols").layout == "cols"


def test_a_single_number_everywhere_leaves_no_doubt(tmp_path: Path) -> None:
    weights = read_weights(archive(tmp_path, model_arrays("fastrnn", 1, 1, 1)), "fastrnn", features=1)
    assert weights.cells[0].sizes.hidden == 1


GOOD = model_arrays("fastgrnn", 3, 5, 2)
LOW = model_arrays("fastgrnn", 3, 5, 2, ranks=(2, 2))


@pytest.mark.parametrize(
    ("arrays", "change", "said"),
    [
        (GOOD, {"W": None}, ["W is missing (or W1 and W2)"]),
        (LOW, {"U1": None}, ["U1 is missing: U2 is there"]),
        (LOW, {"U": np.ones((5, 5))}, ["both U and U1, U2 are given: keep one form"]),
        (GOOD, {"Bg": None, "nu": None, "FC": None}, ["Bg is missing", "nu is missing", "FC is missing"]),
        (GOOD, {"Bg": None, "Bgate": np.ones(5)}, ["Bg is missing", "names that mean nothing here: Bgate"]),
        (GOOD, {"mean": np.ones(3)}, ["std is missing: mean is there"]),
        (GOOD, {"std": np.ones(3)}, ["mean is missing: std is there"]),
        (GOOD, {"mean": np.ones(4), "std": np.ones(3)}, ["mean is 4, neither 3 (features) nor 4×3"]),
        (GOOD, {"mean": np.ones((2, 3)), "std": np.ones(3)}, ["mean is 2×3, neither 3 (features) nor 4×3"]),
        (GOOD, {"mean": np.ones((5, 3)), "std": np.ones((4, 3))}, ["mean has 5 steps, std 4"]),
        (GOOD, {"mean": np.ones(3), "std": np.array([1, 0, 1])}, ["std is not positive: smallest 0"]),
        (GOOD, {"W": np.full((5, 3), np.nan)}, ["W is not finite at [0, 0], 15 of 15"]),
        (GOOD, {"U": np.full((5, 5), 1e39)}, ["U is too large for float32"]),
        (
            GOOD,
            {"W": np.ones((5, 4)), "FC": np.ones((2, 4))},
            ["W is 5×4, not 5×3 (H×D)", "FC is 2×4, not 2×5"],
        ),
        (GOOD, {"U": np.ones(25)}, ["U is 25, not 5×5 (H×H)"]),
        (GOOD, {"Bh": np.ones(4)}, ["Bh is 4, not 5 (H)"]),
        (GOOD, {"Bg": np.ones((5, 5))}, ["Bg is 5×5, not 25 (H)"]),
        (GOOD, {"zeta": np.ones(2)}, ["zeta is 2, not one number"]),
        (LOW, {"W2": np.ones((5, 3))}, ["W2 is 5×3, not 5×2 (H×rW)"]),
        (GOOD, {"W": np.array([["a"]])}, ["W holds <U1, not numbers"]),
        (GOOD, {"W": np.ones((0, 3))}, ["W is empty, 0×3"]),
        (GOOD, {"W": np.ones((5, 3), complex)}, ["W holds complex128, not numbers"]),
    ],
)
@pytest.mark.parametrize("as_folder", [False, True])
def test_what_is_wrong_with_the_weights_is_named(
    tmp_path: Path, arrays: Arrays, change: Arrays, said: list[str], as_folder: bool
) -> None:
    changed = {name: array for name, array in (arrays | change).items() if array is not None}
    path = folder(tmp_path / "w", changed) if as_folder else archive(tmp_path, changed)
    with pytest.raises(ModelError) as caught:
        read_weights(path, "fastgrnn", features=3, most_steps=4)
    assert str(caught.value).startswith(f"the weights in {path} cannot be used (")
    assert [text for text in said if text not in str(caught.value)] == []
    assert caught.value.remedy


def test_a_fastrnn_names_its_own_scalars(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"B is missing; alpha is missing; beta is missing; names .*: Bg, nu, zeta"
    ):
        read_weights(
            folder(tmp_path / "w", {k: v for k, v in GOOD.items() if k != "Bh"}), "fastrnn", features=3
        )
    alias = model_arrays("fastrnn", 3, 5, 2)
    alias["Bh"] = alias.pop("B")
    weights = read_weights(archive(tmp_path, alias), "fastrnn", features=3)
    np.testing.assert_array_equal(weights.cells[0].arrays["B"], alias["Bh"])


def test_a_pool_says_which_cell_lacks_what(tmp_path: Path) -> None:
    arrays = {f"{name}1": array for name, array in cell_arrays("fastgrnn", 3, 5).items()}
    with pytest.raises(ModelError, match=r"W of cell 2 is missing .*zeta of cell 2 is missing"):
        read_weights(archive(tmp_path, arrays), "rnnpool", features=3)
    with pytest.raises(ModelError, match="FCbias is missing"):
        read_weights(archive(tmp_path, {**arrays, "FC": np.ones((2, 16))}), "rnnpool", features=3)


def test_an_unknown_cell_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown cell 'lstm'; choose from: fastgrnn, fastrnn, rnnpool"):
        read_weights(tmp_path, "lstm", features=3)


def test_files_that_are_no_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no weights in .*none \(it does not exist\)"):
        read_weights(tmp_path / "none", "fastgrnn", features=3)
    with pytest.raises(ModelError, match="it holds no array"):
        read_weights(tmp_path, "fastgrnn", features=3)
    (tmp_path / "w.txt").write_text("1 2 3")
    with pytest.raises(ModelError, match=r"neither a folder nor an \.npz archive"):
        read_weights(tmp_path / "w.txt", "fastgrnn", features=3)
    (tmp_path / "w.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ModelError, match=r"w\.npz cannot be read: "):
        read_weights(tmp_path / "w.npz", "fastgrnn", features=3)


@pytest.mark.parametrize("header", [b"[" * 300, b"{'shape': (1,)}", b"{'descr': 7}", b"x" * 50, b"\xff" * 9])
def test_a_header_that_is_none_is_named(tmp_path: Path, header: bytes) -> None:
    text = header.ljust(400) + b"\n"
    whole = np.lib.format.magic(1, 0) + len(text).to_bytes(2, "little") + text
    (tmp_path / "W.npy").write_bytes(whole)
    with pytest.raises(ModelError, match=r"W\.npy cannot be read"):
        read_arrays(tmp_path)
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("W.npy", whole)
    with pytest.raises(ModelError, match=r"w\.npz is damaged"):
        read_npz(tmp_path / "w.npz")


def test_pickles_and_cut_files_are_named_together(tmp_path: Path) -> None:
    path = folder(tmp_path / "w", GOOD)
    np.save(path / "U.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    whole = (path / "W.npy").read_bytes()
    (path / "W.npy").write_bytes(whole[:-4])
    (path / "FC.npy").write_bytes(b"")
    (path / "Bg.npy").write_bytes(whole.replace(b"(5, 3), ", b"(5, 3000000000000000000), ")[:140])
    with pytest.raises(ModelError) as caught:
        read_weights(path, "fastgrnn", features=3)
    said = str(caught.value)
    assert "U.npy cannot be read: it holds Python objects" in said
    for name in ("W.npy", "FC.npy", "Bg.npy"):
        assert f"{name} cannot be read: " in said


def test_regular_and_ragged_vectors(tmp_path: Path) -> None:
    regular = np.arange(24).reshape(2, 4, 3)
    np.save(tmp_path / "X.npy", regular)
    np.testing.assert_array_equal(np.stack(read_inputs(tmp_path / "X.npy")), regular)
    np.savez(tmp_path / "X.npz", inputs=regular.reshape(8, 3), steps=np.array([1, 7]))
    ragged = read_inputs(tmp_path / "X.npz")
    assert [vector.shape for vector in ragged] == [(1, 3), (7, 3)]
    assert {vector.dtype for vector in ragged} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(np.concatenate(ragged), regular.reshape(8, 3))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("X.npy", np.ones((4, 6)), "it is 4×6, not vectors × steps × features"),
        ("X.npy", np.ones((0, 6, 2)), "it is 0×6×2"),
        ("X.npy", np.ones((1, 70_000, 1)), "1 to 65,535 steps and features"),
        ("X.npy", np.full((2, 2, 2), [[1, 2], [3, np.inf]]), "vector 0 is not finite at [1, 1]; vector 1"),
        ("X.npy", np.array([[["a"]]]), "it holds <U1, not numbers"),
        ("X.npz", {"inputs": np.ones((4, 2))}, "steps missing; it has inputs"),
        ("X.npz", {"inputs": np.ones(4), "steps": np.ones(4, int)}, "inputs is 4, not all steps × features"),
        ("X.npz", {"inputs": np.ones((4, 2)), "steps": np.ones(4)}, "steps is 4 of float64"),
        ("X.npz", {"inputs": np.ones((4, 2)), "steps": np.array([4, 0])}, "steps reach from 0 to 4"),
        ("X.npz", {"inputs": np.ones((4, 2)), "steps": np.array([4, 1])}, "steps add up to 5, inputs has 4"),
    ],
)
def test_what_is_wrong_with_the_vectors_is_named(tmp_path: Path, name: str, content: Any, said: str) -> None:
    if isinstance(content, dict):
        np.savez(tmp_path / name, **content)
    else:
        np.save(tmp_path / name, content)
    with pytest.raises(VectorError) as caught:
        read_inputs(tmp_path / name)
    assert said in str(caught.value)
    assert "save X.npy as (vectors, steps, features), or X.npz" in str(caught.value)


def test_missing_and_pickled_vectors_are_named(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match=r"no vectors in .*X\.npy .*No such file"):
        read_inputs(tmp_path / "X.npy")
    ragged = np.array([np.ones((1, 2)), np.ones((3, 2))], dtype=object)
    np.save(tmp_path / "X.npy", ragged, allow_pickle=True)
    with pytest.raises(
        VectorError, match=r"it holds Python objects.*save X\.npy as .* or X\.npz with `inputs`"
    ):
        read_inputs(tmp_path / "X.npy")


@pytest.mark.parametrize("labels", [np.array([0, 2, 1]), np.array([[0.0], [2.0], [1.0]], np.float32)])
def test_labels_are_class_numbers(tmp_path: Path, labels: Any) -> None:
    np.save(tmp_path / "y.npy", labels)
    read = read_labels(tmp_path / "y.npy", 3)
    assert read.dtype == np.int64
    assert read.tolist() == [0, 2, 1]
    check_labels(read, 3, tmp_path / "y.npy")
    with pytest.raises(VectorError, match="vector 1 is of class 2, the model has 0 to 1"):
        check_labels(read, 2, tmp_path / "y.npy")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.eye(3), "labels are 3×3, not 3: one per vector"),
        (np.array([0, 1]), "labels are 2, not 3"),
        (np.array([0, 0.5, 1]), "labels are not whole numbers"),
        (np.array([0, np.nan, 1]), "labels are not whole numbers"),
        (np.array([0, -1, 1]), "label -1 is not a class"),
        (np.array(["a", "b", "c"]), "labels hold <U1, not class numbers"),
    ],
)
def test_what_is_wrong_with_the_labels_is_named(tmp_path: Path, labels: Any, said: str) -> None:
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(VectorError) as caught:
        read_labels(tmp_path / "y.npy", 3)
    assert said in str(caught.value)
    with pytest.raises(VectorError, match=r"no labels in .*none\.npy"):
        read_labels(tmp_path / "none.npy", 3)


@pytest.mark.parametrize(("name", "between"), [("X.csv", ","), ("X.tsv", "\t"), ("X.txt", " ")])
def test_numbers_in_lines_are_told_how_to_become_an_array(tmp_path: Path, name: str, between: str) -> None:
    path = tmp_path / name
    path.write_text("\n".join(between.join(map(str, range(6))) for _ in range(4)))
    with pytest.raises(VectorError, match="it is text, not an array") as caught:
        read_inputs(path)
    line = str(caught.value.remedy).partition(", then give ")[0]
    words = shlex.split(line.replace("STEPS", "3").replace("FEATURES", "2"))
    subprocess.run([sys.executable, *words[1:]], check=True)
    assert [one.tolist() for one in read_inputs(path.with_suffix(".npy"))] == [[[0, 1], [2, 3], [4, 5]]] * 4
    path.write_text("\n".join("0123"))
    with pytest.raises(VectorError, match=r"\.astype\(int\)"):
        read_labels(path, 4)
