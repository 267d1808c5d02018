"""The library: the lab's models, a user's own beside them, and where each keeps its vectors and images."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hil.errors import ModelError, VectorError
from hil.image import prebuilt_dir
from hil.models.catalog import (
    ModelLibrary,
    find_model,
    images_dir,
    is_own,
    list_models,
    models_dir,
    source_files,
)
from hil.models.export import refresh
from hil.models.spec import ModelSpec
from hil.models.vectors import load_vectors, vectors_path
from hil.session import first
from hil.values import Precision

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_model" / "models"
KIND = "qemu_mps2_an386"
SHAPES = {"features": 1, "outputs": 3, "classes": 3, "inputs": {"q15": "int16"}}


def copied(folder: Path, name: str = "nearest") -> Path:
    """A folder of models with the example in it, by another name."""
    shutil.copytree(EXAMPLE / "nearest", folder / name, ignore=shutil.ignore_patterns("images"))
    fields = json.loads((folder / name / "model.json").read_text())
    (folder / name / "model.json").write_text(json.dumps({**fields, "name": name}))
    return folder


def test_own_models_stand_beside_those_of_the_lab(tmp_path: Path) -> None:
    library = ModelLibrary(copied(tmp_path, "a_first_one"))
    names = [spec.name for spec in library.models()]
    assert names == sorted([*(spec.name for spec in list_models()), "a_first_one"])
    own, theirs = library.find("a_first_one"), library.find("fastgrnn_digits")
    assert is_own(own)
    assert not is_own(theirs)
    assert [spec.name for spec in library.own_models()] == ["a_first_one"]
    assert ModelLibrary().own_models() == []


def test_an_own_model_keeps_its_things_in_its_folder(tmp_path: Path) -> None:
    own = ModelLibrary(copied(tmp_path)).find("nearest")
    assert vectors_path(own) == tmp_path / "nearest" / "vectors.npz"
    assert images_dir(own, KIND) == tmp_path / "nearest" / "images" / KIND
    theirs = find_model("fastgrnn_digits")
    assert vectors_path(theirs) == vectors_path("fastgrnn_digits")
    assert images_dir(theirs, KIND) == prebuilt_dir(KIND)
    held = load_vectors(own, Precision.Q15)
    assert (len(held), held.inputs[0].shape, held.inputs[0].dtype, held.classes) == (90, (16, 1), np.int16, 3)


def test_what_an_own_model_is_made_of_is_neither_its_images_nor_generated(tmp_path: Path) -> None:
    shutil.copytree(models_dir() / "fastgrnn_digits", tmp_path / "digits")
    description = tmp_path / "digits" / "model.json"
    description.write_text(description.read_text().replace('"fastgrnn_digits"', '"digits"'))
    (spec,) = ModelLibrary(tmp_path).own_models()
    assert [path.name for path in source_files(spec)] == ["model.json", "vectors.npz", "weights.npz"]
    own = ModelLibrary(EXAMPLE).find("nearest")
    made = ["model.json", "vectors.npz", "nearest_q15.c", "prototypes.c", "prototypes.h"]
    assert [path.name for path in source_files(own)] == made


def test_a_name_of_the_lab_is_not_shadowed(tmp_path: Path) -> None:
    library = ModelLibrary(copied(tmp_path, "fastgrnn_digits"))
    taken = r"fastgrnn_digits has the name of one that comes with the lab .*another"
    assert [spec.folder.parent for spec in library.models() if spec.name == "fastgrnn_digits"] == [
        models_dir()
    ]
    assert library.own_models() == []
    assert [one.name for one in library.broken()] == ["fastgrnn_digits"]
    with pytest.raises(ModelError, match=taken):
        library.find("fastgrnn_digits")
    assert library.find("fastgrnn_vowels") == find_model("fastgrnn_vowels")


def test_a_broken_model_hides_no_other(tmp_path: Path) -> None:
    for name in ("fine", "cut", "elsewhere", "fastgrnn_digits"):
        copied(tmp_path, name)
    (tmp_path / "cut" / "model.json").write_text('{"name": "cut", ')
    shutil.copy(tmp_path / "fine" / "model.json", tmp_path / "elsewhere" / "model.json")
    library = ModelLibrary(tmp_path)
    assert [spec.name for spec in library.own_models()] == ["fine"]
    assert [spec.name for spec in library.models()] == sorted(
        [*(spec.name for spec in list_models()), "fine"]
    )
    assert [(one.name, one.folder) for one in library.broken()] == [
        (name, tmp_path / name) for name in ("cut", "elsewhere", "fastgrnn_digits")
    ]
    assert library.find("fine").folder == tmp_path / "fine"
    for name, why in (
        ("cut", "description of model cut is damaged"),
        ("elsewhere", "model fine lies in a folder called elsewhere"),
    ):
        with pytest.raises(ModelError, match=why):
            library.find(name)


def test_a_folder_of_broken_models_is_not_an_empty_one(tmp_path: Path) -> None:
    copied(tmp_path, "cut")
    (tmp_path / "cut" / "model.json").write_text("[]")
    library = ModelLibrary(tmp_path)
    assert library.own_models() == []
    assert [one.name for one in library.broken()] == ["cut"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"min_steps": "16"}, r"min_steps cannot be '16' .*; give a whole number, 1 to 16"),
        ({"min_steps": 17}, "min_steps cannot be 17"),
        ({"max_steps": 70_000}, "max_steps cannot be 70000"),
        ({"max_steps": 1e400}, "max_steps cannot be inf"),
        ({"vectors": 0}, "vectors cannot be 0"),
        ({"vectors": True}, "vectors cannot be True"),
        ({"task": None}, "task is no text"),
        ({"name": ["nearest"]}, "name is no text"),
        ({"precisions": []}, "it has no precision"),
        ({"precisions": ["q15", "q7"]}, "it has no input type of q7"),
        ({"architecture": "transformer"}, "unknown architecture transformer .*; choose from: "),
        ({"network": {**SHAPES, "features": 1e400}}, "OverflowError"),
        ({"network": {**SHAPES, "features": 0}}, "features cannot be 0"),
        ({"network": {**SHAPES, "classes": 4}}, "classes cannot be 4"),
        ({"surplus": 1}, "surplus"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_is_told_in_one_line(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    path = copied(tmp_path) / "nearest" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    [broken] = ModelLibrary(tmp_path).broken()
    assert re.search(f"(?s)nearest.*{why}", str(broken.reason))
    assert str(path) in str(broken.reason)
    assert "\n" not in str(broken.reason)


SIZES = {
    "fastgrnn_vowels_1kb": [("cell", "features"), ("cell", "hidden"), ("cell", "rank_w"), ("cell", "rank_u")],
    "perf_vww": [("channels",), ("patch",), ("hidden1",), ("hidden2",), ("ranks",), ("classes",)],
}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("wrong", [{}, {"a": 1}, [[]], "x", -1, 1.5])
def test_sizes_that_cannot_be_are_told_in_one_line(tmp_path: Path, name: str, wrong: Any) -> None:
    described = json.loads((models_dir() / name / "model.json").read_text(encoding="utf-8"))
    folder = tmp_path / name
    folder.mkdir()
    for path in SIZES[name]:
        changed = copy.deepcopy(described)
        inner = changed["network"]
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = wrong
        (folder / "model.json").write_text(json.dumps(changed))
        with pytest.raises(ModelError) as caught:
            ModelSpec.read(folder)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400 + len(str(folder))


@pytest.mark.parametrize("name", ["a,b", "a\x1b[31m", " a", "x" * 129])
def test_a_name_that_nobody_could_select_is_refused(tmp_path: Path, name: str) -> None:
    [broken] = ModelLibrary(copied(tmp_path, name)).broken()
    assert "its name cannot be used" in str(broken.reason)
    assert str(broken.reason).isprintable()


def test_a_description_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = copied(tmp_path) / "nearest" / "model.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(ModelError, match=r"model nearest cannot be read .*Is a directory"):
        ModelLibrary(tmp_path).find("nearest")
    path.rmdir()
    path.write_text("[" * 100_000)
    with pytest.raises(ModelError, match="RecursionError"):
        ModelLibrary(tmp_path).find("nearest")
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(ModelError, match="UnicodeDecodeError"):
        ModelLibrary(tmp_path).find("nearest")


def test_a_folder_without_models_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model in .*nowhere \(it does not exist\)"):
        ModelLibrary(tmp_path / "nowhere").models()
    with pytest.raises(
        ModelError, match=r"no folder in it has a model\.json\); `hil model import` writes one"
    ):
        ModelLibrary(tmp_path).own_models()


def test_a_folder_that_the_system_refuses_is_told_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model in .* \(File name too long\)"):
        ModelLibrary(tmp_path / ("x" * 300)).models()


def test_an_unknown_name_lists_both_sorts(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"unknown model nerest; choose from: .*fastgrnn_digits.*nearest"):
        ModelLibrary(copied(tmp_path)).find("nerest")


def test_inputs_that_own_firmware_does_not_take_are_refused(tmp_path: Path) -> None:
    own = ModelLibrary(copied(tmp_path)).find("nearest")
    path = vectors_path(own)
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{**arrays, "inputs": arrays["inputs"].astype(np.float32) + 0.5})
    with pytest.raises(VectorError, match=r"an input of model nearest does not fit int16 \(values from"):
        load_vectors(own, Precision.Q15)
    np.savez(path, **{**arrays, "inputs": arrays["inputs"].astype(np.int32) * 100})
    with pytest.raises(VectorError, match="does not fit int16"):
        load_vectors(own, Precision.Q15)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"labels": lambda old: old[:, None]},
            r"labels are int64 \(90, 1\), not one whole number per vector",
        ),
        ({"labels": lambda old: old.astype(np.float32)}, "labels are float32"),
        ({"labels": lambda old: old + 1}, "labels reach from 1 to 3, the classes from 0 to 2"),
        ({"labels": lambda old: old - 1}, "labels reach from -1 to 1"),
        ({"labels": lambda old: old[:-1]}, r"labels are int64 \(89,\)"),
        ({"steps": lambda old: old[:-1]}, "steps add up to 1424, inputs have 1440"),
        ({"steps": lambda old: -old}, "not one whole number from 1 per vector"),
        ({"steps": lambda old: old.astype(float)}, "steps are float64"),
        ({"steps": lambda old: old[:0], "inputs": lambda old: old[:0]}, "there are none"),
        ({"inputs": lambda old: old.reshape(-1)}, r"inputs are int16 \(1440,\)"),
        ({"inputs": lambda old: old.astype("U8")}, "inputs are <U8"),
        ({"golden_q15": lambda old: old[:, :2]}, r"goldens are int16 \(90, 2\), not numbers \(90, 3\)"),
        ({"golden_q15": lambda old: old.astype(bool)}, "goldens are bool"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(
    tmp_path: Path, change: dict[str, Callable[[np.ndarray], np.ndarray]], why: str
) -> None:
    own = ModelLibrary(copied(tmp_path)).find("nearest")
    path = vectors_path(own)
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **arrays | {name: turn(arrays[name]) for name, turn in change.items()})
    with pytest.raises(VectorError, match=f"vectors of model nearest do not fit it .*{why}"):
        load_vectors(own, Precision.Q15)


def test_vectors_need_no_labels(tmp_path: Path) -> None:
    own = ModelLibrary(copied(tmp_path)).find("nearest")
    path = vectors_path(own)
    with np.load(path) as archive:
        np.savez(path, **{name: array for name, array in archive.items() if name != "labels"})
    held = load_vectors(own, Precision.Q15)
    assert (held.labels, len(held)) == (None, 90)
    assert len(first(held, 7)) == 7


def regressing(folder: Path) -> ModelSpec:
    path = copied(folder) / "nearest" / "model.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, "network": {**SHAPES, "classes": 0}}))
    return ModelLibrary(folder).find("nearest")


def test_own_firmware_without_classes_may_bring_targets(tmp_path: Path) -> None:
    own = regressing(tmp_path)
    path = vectors_path(own)
    with np.load(path) as archive:
        arrays = dict(archive)
    assert load_vectors(own, Precision.Q15).targets is None
    np.savez(path, **arrays, targets=arrays["golden_q15"] + 1)
    held = load_vectors(own, Precision.Q15)
    assert (held.classes, held.labels, held.output_scale) == (0, None, 1.0)
    assert held.targets is not None
    assert held.targets.dtype == np.float64
    np.testing.assert_array_equal(held.targets, arrays["golden_q15"] + 1)
    assert first(held, 3).targets.tolist() == held.targets[:3].tolist()
    classifying = ModelLibrary(copied(tmp_path / "other")).find("nearest")
    np.savez(vectors_path(classifying), **arrays, targets=np.zeros((1, 1)))
    assert load_vectors(classifying, Precision.Q15).targets is None


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (np.zeros((90, 1)), "targets are float64 (90, 1), not numbers (90, 3)"),
        (np.zeros((90, 3), complex), "targets are complex128"),
        (np.full((90, 3), np.nan), "a target is not finite, at [0 0]"),
    ],
)
def test_targets_that_do_not_fit_are_refused(tmp_path: Path, targets: Any, said: str) -> None:
    own = regressing(tmp_path)
    path = vectors_path(own)
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **arrays, targets=targets)
    with pytest.raises(VectorError, match=re.escape(said)) as caught:
        load_vectors(own, Precision.Q15)
    assert "leave `targets` out where there are none" in str(caught.value)


def test_an_unknown_type_of_own_firmware_is_refused(tmp_path: Path) -> None:
    copied(tmp_path)
    path = tmp_path / "nearest" / "model.json"
    path.write_text(path.read_text().replace("int16", "int64"))
    with pytest.raises(
        ModelError, match=r"nearest: unknown input type int64 .*; choose from: float32, int16, int8, uint8"
    ):
        ModelSpec.read(tmp_path / "nearest")


def test_own_c_is_never_rewritten(tmp_path: Path) -> None:
    own = ModelLibrary(copied(tmp_path)).find("nearest")
    before = own.generated_c(Precision.Q15).read_bytes()
    assert refresh(own) == []
    assert own.generated_c(Precision.Q15).read_bytes() == before
    with pytest.raises(ModelError, match=r"nearest_q15\.c is not generated"):
        own.architecture.source(own, None, Precision.Q15)
    with pytest.raises(ModelError, match="known to its C alone"):
        own.architecture.golden(own, None, Precision.Q15, [])
