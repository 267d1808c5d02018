"""The face scenes and the network trained on them: nothing shared between splits, nothing left to chance."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("skimage", reason="needs the extra train")
torch = pytest.importorskip("torch", reason="needs the extra train")

from hil.models.train import faces, rnnpool_face  # noqa: E402
from hil.models.train.cell import quant_sigm, quant_tanh  # noqa: E402
from hil.models.train.rnnpool import RnnPool, Scan  # noqa: E402
from hil.models.vectors import load_vectors, vectors_path  # noqa: E402
from hil.values import Precision  # noqa: E402

Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def sources() -> Mapping[str, faces.Sources]:
    return {"train": faces.load_sources("train"), "test": faces.load_sources("test")}


def test_splits_share_no_pair_and_no_photograph(sources: Mapping[str, faces.Sources]) -> None:
    train, test = sources["train"], sources["test"]
    assert sorted(train.pairs + test.pairs) == list(range(faces.PAIRS))
    assert len(test.pairs) == faces.HELD_OUT
    names = [photograph.name for photograph in faces.PHOTOGRAPHS]
    assert len(set(names)) == len(names) == len(train.photographs) + len(test.photographs)


def test_splits_share_no_pixels(sources: Mapping[str, faces.Sources]) -> None:
    def prints(split: str) -> set[bytes]:
        one = sources[split]
        pictures = [*one.faces, *one.others, *(levels[0] for levels in one.photographs)]
        return {picture.tobytes() for picture in pictures}

    train, test = prints("train"), prints("test")
    assert len(train) + len(test) == 2 * faces.PAIRS - len(faces.NOT_FACELESS) + len(faces.PHOTOGRAPHS)
    assert not train & test


def test_a_face_and_the_patch_of_its_picture_are_in_one_split(
    sources: Mapping[str, faces.Sources],
) -> None:
    from skimage import data

    patches = np.asarray(data.lfw_subset()) * 255.0
    for one in sources.values():
        places = [pair for pair in one.pairs if pair not in faces.NOT_FACELESS]
        np.testing.assert_array_equal(one.faces, patches[list(one.pairs)])
        np.testing.assert_array_equal(one.others, patches[[faces.PAIRS + place for place in places]])


def test_test_scenes_show_nothing_but_photographs_and_patches(
    sources: Mapping[str, faces.Sources],
) -> None:
    assert sources["train"].varied
    assert not sources["test"].varied


def test_the_sources_ship_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the data set asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(faces.load_sources("train").faces) == faces.PAIRS - faces.HELD_OUT


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_scene_depends_on_seed_and_number_alone(sources: Mapping[str, faces.Sources], split: str) -> None:
    few, more = (faces.draw_scenes(sources[split], count, 7) for count in (4, 9))
    np.testing.assert_array_equal(few.images, more.images[:4])
    np.testing.assert_array_equal(more.labels, [0, 1, 0, 1, 0, 1, 0, 1, 0])
    other = faces.draw_scenes(sources[split], 4, 8)
    assert (few.images != other.images).any(axis=(1, 2)).all()


def test_a_face_is_all_that_tells_the_classes_apart(sources: Mapping[str, faces.Sources]) -> None:
    """Brightness, contrast and sharpness overlap: the best threshold on any of them is of little use."""
    scenes = faces.draw_scenes(sources["test"], 300, 5)
    images = scenes.images.astype(np.float64)
    cues = {
        "brightness": images.mean((1, 2)),
        "contrast": images.std((1, 2)),
        "sharpness": np.abs(np.diff(images, axis=2)).mean((1, 2)),
    }
    for name, cue in cues.items():
        found = max(np.mean((cue > level) == scenes.labels) for level in cue)
        assert 0.3 < found < 0.75, name


def test_places_tell_where_the_face_is(sources: Mapping[str, faces.Sources]) -> None:
    """Faces lie wholly inside, and the cells of the last map that are told so lie around their middles."""
    scenes = faces.draw_scenes(sources["train"], 40, 2)
    assert (scenes.places[::2] == 0).all()
    rows, columns, sides = scenes.places[1::2].T
    assert ((sides >= 36) & (sides <= 84)).all()
    for middle in (rows, columns):
        assert ((middle - sides / 2 >= 0) & (middle + sides / 2 <= faces.SIDE)).all()
    near, counted = rnnpool_face.middles(scenes.places)
    assert not near[::2].any()
    assert counted[::2].all()
    assert near[1::2].flatten(1).any(1).all()
    for found, row, column in zip(near[1::2], rows, columns, strict=True):
        weights = found.numpy()
        ways = 16 * np.arange(6) + 8
        assert abs(float((weights.sum(1) * ways).sum() / weights.sum()) - row) < 9
        assert abs(float((weights.sum(0) * ways).sum() / weights.sum()) - column) < 9


def test_the_vectors_are_the_test_scenes() -> None:
    """To a step of grey here and there: another processor may round a sine in another way."""
    drawn, held = faces.draw_test_scenes(), load_vectors("rnnpool_face", Precision.Q7)
    assert len(held) == faces.TEST_SCENES >= 400
    assert held.inputs[0].dtype == np.uint8
    np.testing.assert_array_equal(held.labels, drawn.labels)
    steps = np.abs(np.stack(held.inputs).astype(int) - drawn.images)
    assert steps.max() <= 1
    assert np.mean(steps > 0) < 1e-3


@pytest.mark.parametrize(("precision", "least"), [("f32", 0.92), ("q15", 0.92), ("q7", 0.92)])
def test_the_goldens_are_right_often_enough(precision: str, least: float) -> None:
    held = load_vectors("rnnpool_face", Precision(precision))
    assert np.mean(held.goldens.argmax(1) == held.labels) >= least


def test_every_source_is_named_with_its_licence() -> None:
    text = vectors_path("rnnpool_face").with_name("README.md").read_text()
    assert faces.licences() in text
    for photograph in faces.PHOTOGRAPHS:
        row = f"| `{photograph.name}` | {photograph.split} | {photograph.licence} | {photograph.origin} |"
        assert row in text
        assert photograph.licence in ("public domain", "CC0-1.0", "no known restrictions")
    assert "http://vis-www.cs.umass.edu/lfw/" in text
    assert "states no licence for it" in text


def test_the_written_gradient_is_the_recorded_one() -> None:
    torch.manual_seed(2)
    shapes = (5, 40, 3), (3, 3), (3,), (3,)
    given = [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]

    def recorded(projected: Any, u: Any, bias_gate: Any, bias_update: Any) -> Any:
        state = torch.zeros_like(projected[0])
        for inputs in projected:
            sums = inputs + state @ u.T
            gate, update = quant_sigm(sums + bias_gate), quant_tanh(sums + bias_update)
            state = gate * state + (1.0 - gate) * update
        return state

    weight = torch.randn(40, 3, dtype=torch.float64)
    one = torch.autograd.grad((Scan.apply(*given) * weight).sum(), given)
    two = torch.autograd.grad((recorded(*given) * weight).sum(), given)
    for written, expected in zip(one, two, strict=True):
        torch.testing.assert_close(written, expected)


def run_cell(inputs: Floats, named: Mapping[str, Floats], suffix: str) -> Floats:
    """The last state of the cell over (T, D), from the paper's formula."""
    w, u, bg, bh, zeta, nu = (named[name + suffix] for name in ("W", "U", "Bg", "Bh", "zeta", "nu"))
    state = np.zeros(len(u))
    for features in inputs:
        sums = w @ features + u @ state
        gate, update = np.clip((sums + bg + 1) / 2, 0, 1), np.clip(sums + bh, -1, 1)
        state = gate * state + (zeta * (1 - gate) + nu) * update
    return state


def run_pool(patch: Floats, named: Mapping[str, Floats]) -> Floats:
    """RNNPool of one patch (P, P, C), as MODELS.md has it."""
    outputs = []
    for lines in (patch, patch.transpose(1, 0, 2)):
        states = np.stack([run_cell(line, named, "1") for line in lines])
        outputs += [run_cell(states, named, "2"), run_cell(states[::-1], named, "2")]
    return np.concatenate(outputs)


def run_convolution(maps: Floats, weight: Floats, bias: Floats, stride: int) -> Floats:
    """A 3×3 convolution of (H, W, C), depthwise if the weight is (C, 3, 3); padded with one 0; then ReLU6."""
    padded = np.pad(maps, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))[::stride, ::stride]
    rule = "ijcyx,cyx->ijc" if weight.ndim == 3 else "ijcyx,oyxc->ijo"
    return np.clip(np.einsum(rule, windows, weight) + bias, 0.0, 6.0)


def run_network(image: npt.NDArray[np.uint8], named: Mapping[str, Floats]) -> Floats:
    """Logits of one picture (96, 96) by the description, layer after layer."""
    network = rnnpool_face.description()
    maps = ((image.astype(np.float64) - network["mean"]) / network["std"])[:, :, None]
    for number, layer in enumerate(network["layers"]):
        kind, own = layer["kind"], f"{layer['kind']}{number}."
        mine = {name.removeprefix(own): array for name, array in named.items() if name.startswith(own)}
        if kind in ("conv", "depthwise"):
            maps = run_convolution(maps, mine["weight"], mine["bias"], layer["stride"])
        elif kind == "pointwise":
            maps = np.clip(maps @ mine["weight"].T + mine["bias"], 0.0, 6.0)
        elif kind == "rnnpool":
            size, stride = layer["patch"], layer["stride"]
            firsts = range(0, len(maps) - size + 1, stride)
            maps = np.array(
                [[run_pool(maps[i : i + size, j : j + size], mine) for j in firsts] for i in firsts]
            )
        elif kind == "average":
            maps = maps.mean((0, 1))
        else:
            maps = mine["FC"] @ maps + mine["FCbias"]
    return maps


def test_the_folded_weights_are_the_trained_network(sources: Mapping[str, faces.Sources]) -> None:
    torch.manual_seed(4)
    model = rnnpool_face.Net()
    scenes = faces.draw_scenes(sources["train"], 16, 3)
    with torch.no_grad():
        for _ in range(20):  # lets batch normalisation see the scenes
            model(rnnpool_face.as_input(scenes))
        for norm in (module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.uniform_(-0.5, 0.5)
        logits = model.eval()(rnnpool_face.as_input(scenes))[0].numpy()
    named = {name: array.astype(np.float64) for name, array in model.arrays().items()}
    expected = np.stack([run_network(image, named) for image in scenes.images[:3]])
    np.testing.assert_allclose(logits[:3], expected, atol=1e-4 * np.abs(expected).max())


def test_balancing_spares_eight_bits_and_changes_nothing_within_range() -> None:
    torch.manual_seed(6)
    before = rnnpool_face.Net().eval().arrays()
    before["depthwise4.weight"][3] *= 100.0
    before["pointwise3.weight"][3] *= 0.02
    before["pointwise3.bias"][3] = 0.01
    after = rnnpool_face.balanced(before, 6)
    assert np.abs(before["depthwise4.weight"]).max() > rnnpool_face.LARGEST
    for number in (4, 6):
        assert np.abs(after[f"depthwise{number}.weight"]).max() <= rnnpool_face.LARGEST
    images = faces.draw_scenes(faces.load_sources("train"), 2, 3).images
    for image in images:
        one, two = (
            run_network(image, {name: array.astype(np.float64) for name, array in arrays.items()})
            for arrays in (before, after)
        )
        np.testing.assert_allclose(one, two, rtol=1e-12)


def test_pooled_patches_lie_where_they_belong() -> None:
    """A picture that is not square, and a stride that does not divide it."""
    torch.manual_seed(5)
    pool = RnnPool(2, (3, 5), patch=4, stride=3)
    maps = torch.randn(2, 2, 11, 16)
    with torch.no_grad():
        pooled = pool(maps).numpy()
    named = {
        name: array.astype(np.float64)
        for suffix, cell in (("1", pool.first), ("2", pool.second))
        for name, array in cell.arrays(suffix).items()
    }
    assert pooled.shape == (2, 20, 3, 5)
    patch = maps[1, :, 6:10, 9:13].permute(1, 2, 0).double().numpy()
    np.testing.assert_allclose(pooled[1, :, 2, 3], run_pool(patch, named), atol=1e-5)


def test_a_second_training_gives_the_same_bytes(sources: Mapping[str, faces.Sources]) -> None:
    recipe = rnnpool_face.Recipe(
        seed=2, scenes=16, epochs=2, batch=8, rate=0.01, weight_decay=1e-4, smoothing=0.05
    )
    scenes = faces.draw_scenes(sources["train"], recipe.scenes, 3)
    one, two = (rnnpool_face.train(recipe, scenes).arrays() for _ in range(2))
    assert list(one) == list(two)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
