"""Draw 96×96 grey scenes with and without a face from what scikit-image's wheel carries; no network is used.

A scene is a crop of a photograph with patches on it: a face makes it a face, other patches (background of the
face pictures, squares of the photographs) lie on scenes of both kinds and are normalised, turned, scaled and
blended exactly as faces are, so that neither the pasting nor the blur of a 25×25 source is a cue.

Training and test share no face, no other patch and no photograph. Face i and other patch i of lfw_subset were
cut from one picture (scikit-image pull request 2897), so both are on the same side. Who is pictured is not
known: a person may have one picture in training and another in the test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hil.models.spec import DataSet

SIDE = 96  # pixels of a scene
PATCH = 25  # pixels of a source patch
PAIRS = 100  # faces in lfw_subset, and as many other patches
HELD_OUT = 30  # pairs that only test scenes use
SPLIT_SEED = 2018
TEST_SEED, TEST_SCENES = 96, 400

# Other patches in which an eye or a mouth is to be seen: they would be labelled wrong.
NOT_FACELESS = frozenset({25, 26, 30})

Split = Literal["train", "test"]
Floats = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Photograph:
    """A picture in scikit-image's wheel; rows above ``first_row`` are left out (there are faces in them)."""

    name: str
    split: Split
    licence: str
    origin: str
    first_row: int = 0


PHOTOGRAPHS = (
    Photograph("astronaut", "train", "public domain", "NASA, https://flic.kr/p/r9qvLn", 240),
    Photograph("brick", "train", "CC0-1.0", "https://cc0textures.com/view.php?tex=Bricks25"),
    Photograph("cell", "train", "CC0-1.0", "Paul Müller, https://doi.org/10.1364/OE.26.010729"),
    Photograph("chelsea", "train", "CC0-1.0", "Stefan van der Walt (a cat: not a face as meant here)"),
    Photograph("clock", "train", "public domain", "Stefan van der Walt"),
    Photograph("coffee", "train", "CC0-1.0", "Rachel Michetti"),
    Photograph("gravel", "train", "CC0-1.0", "https://cc0textures.com/view.php?tex=Gravel04"),
    Photograph("hubble_deep_field", "train", "public domain", "NASA, HubbleSite release 2012/37"),
    Photograph("immunohistochemistry", "train", "no known restrictions", "CMMI"),
    Photograph("camera", "test", "CC0-1.0", "Lav Varshney", 220),
    Photograph("grass", "test", "CC0-1.0", "https://www.deviantart.com/linolafett/art/Grass-01-434853879"),
    Photograph("retina", "test", "CC0-1.0", "Mikael Häggström, https://doi.org/10.15347/wjm/2014.008"),
    Photograph("rocket", "test", "public domain", "SpaceX, DSCOVR on Falcon 9"),
    Photograph("text", "test", "public domain", "https://en.wikipedia.org/wiki/File:Corner.png"),
)

DATA_SET = DataSet(
    title="Scenes drawn from scikit-image's lfw_subset and photographs (hil.models.train.faces)",
    citation="Huang, G. B., Mattar, M., Lee, H. and Learned-Miller, E. (2012). Learning to Align from "
    "Scratch. NeurIPS 25. van der Walt, S. et al. (2014). scikit-image: image processing in Python. "
    "PeerJ 2:e453. https://doi.org/10.7717/peerj.453",
    licence="faces: none stated (LFW, published for research); photographs: public domain, CC0-1.0 or no "
    "known restrictions",
    url="https://scikit-image.org/docs/stable/api/skimage.data.html#skimage.data.lfw_subset",
)


@dataclass(frozen=True)
class Sources:
    """What one split draws from: patches (N, 25, 25), 0 to 255; per photograph its halvings, largest first.

    ``pairs`` are the places in lfw_subset (faces, and others less ``NOT_FACELESS``). ``varied``: a background
    may also be drawn from nothing, or be two photographs in one; nine photographs are few to learn from.
    """

    pairs: tuple[int, ...]
    faces: Floats
    others: Floats
    photographs: tuple[tuple[Floats, ...], ...]
    varied: bool


@dataclass(frozen=True)
class Scenes:
    """``images`` (N, 96, 96) uint8 and ``labels`` (N,) int64: 1 where there is a face, every second one.

    ``places`` (N, 3) are row and column of the face's middle and its side, in pixels; 0 where there is none.
    """

    images: Grey
    labels: npt.NDArray[np.int64]
    places: Floats


def load_sources(split: Split) -> Sources:
    """Everything that ``split`` may use; reads the installed package alone (extra ``train``)."""
    from skimage import data

    def read(name: str) -> npt.NDArray[Any]:
        return np.asarray(getattr(data, name)())

    pictures = read("lfw_subset").astype(np.float64) * 255.0
    pairs = split_pairs(split)
    return Sources(
        pairs=pairs,
        faces=pictures[list(pairs)],
        others=pictures[[PAIRS + pair for pair in pairs if pair not in NOT_FACELESS]],
        photographs=tuple(
            _halvings(_grey(read(photograph.name))[photograph.first_row :])
            for photograph in PHOTOGRAPHS
            if photograph.split == split
        ),
        varied=split == "train",
    )


def split_pairs(split: Split) -> tuple[int, ...]:
    """The places 0 to 99 that a split may use, ascending."""
    order = np.random.default_rng(SPLIT_SEED).permutation(PAIRS)
    chosen = order[:HELD_OUT] if split == "test" else order[HELD_OUT:]
    return tuple(sorted(int(pair) for pair in chosen))


def draw_scenes(sources: Sources, count: int, seed: int) -> Scenes:
    """``count`` scenes; scene i depends on ``seed`` and i alone, and shows a face when i is odd."""
    drawn = [_scene(sources, np.random.default_rng([seed, i]), i % 2 == 1) for i in range(count)]
    images, places = (np.stack(parts) for parts in zip(*drawn, strict=True))
    return Scenes(images, np.arange(count, dtype=np.int64) % 2, places)


def draw_test_scenes() -> Scenes:
    """The held-out scenes that the vectors are made of."""
    return draw_scenes(load_sources("test"), TEST_SCENES, TEST_SEED)


def licences() -> str:
    """The README's section on what the scenes were drawn from, as Markdown."""
    rows = "\n".join(
        f"| `{photo.name}` | {photo.split} | {photo.licence} | {photo.origin} |" for photo in PHOTOGRAPHS
    )
    return f"""## What the scenes are made of

Everything is read from the wheel of scikit-image (BSD-3-Clause) by `hil/models/train/faces.py`; nothing is
downloaded. Training and test share no face, no other patch and no photograph; a person may be in both, as
lfw_subset does not say who is pictured.

Faces and other patches: `lfw_subset.npy`, 100 faces and 100 pieces of background, 25×25, from Labeled Faces
in the Wild (Huang et al., University of Massachusetts, Amherst, http://vis-www.cs.umass.edu/lfw/). The
package states no licence for it. LFW was published for research on photographs from the news, whose rights
stay with their owners. Do not use it to recognise persons.

| photograph | split | licence, as scikit-image states it | origin |
|---|---|---|---|
{rows}

Left out: `coins` (portraits), `motorcycle`, `moon` and `page` (no licence stated), the upper part of
`astronaut` and `camera` (faces).
"""


def _grey(picture: npt.NDArray[Any]) -> Floats:
    values = np.asarray(picture, dtype=np.float64)
    return values @ np.array([0.2125, 0.7154, 0.0721]) if values.ndim == 3 else values


def _halvings(picture: Floats) -> tuple[Floats, ...]:
    """The picture, and means over 2×2, 4×4, … pixels as long as they are larger than a patch."""
    levels = [picture]
    while min(levels[-1].shape) >= 4 * PATCH:
        rows, columns = (size // 2 * 2 for size in levels[-1].shape)
        even = levels[-1][:rows, :columns]
        levels.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4.0)
    return tuple(levels)


def _sample(picture: Floats, rows: Floats, columns: Floats) -> Floats:
    """Bilinear values of ``picture`` at real places (pixel centres are whole numbers), edges repeated."""
    height, width = picture.shape
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    top = np.minimum(rows.astype(np.intp), height - 2)
    left = np.minimum(columns.astype(np.intp), width - 2)
    down, right = rows - top, columns - left
    flat, place = picture.ravel(), top * width + left
    above = flat[place] * (1 - right) + flat[place + 1] * right
    below = flat[place + width] * (1 - right) + flat[place + width + 1] * right
    values: Floats = above * (1 - down) + below * down
    return values


def _crop(sources: Sources, rng: np.random.Generator, side: int, smallest: float) -> Floats:
    """A random square of a photograph, at least ``smallest`` pixels wide, seen at side × side pixels."""
    levels = sources.photographs[rng.integers(len(sources.photographs))]
    height, width = levels[0].shape
    largest = min(height, width, 4 * smallest)
    size = np.exp(rng.uniform(np.log(min(smallest, largest)), np.log(largest)))
    top, left = rng.uniform(0, height - size), rng.uniform(0, width - size)
    level = min(len(levels) - 1, max(0, round(float(np.log2(size / side)))))
    down, along = ((np.arange(side) + 0.5) * size / side for _ in range(2))
    along = along[:: rng.choice((-1, 1))]
    rows, columns = ((first + way) / 2**level - 0.5 for first, way in ((top, down), (left, along)))
    return _sample(levels[level], *np.broadcast_arrays(rows[:, None], columns[None, :]))


def _texture(rng: np.random.Generator, side: int) -> Floats:
    """Clouds, spots, stripes or cracks: noise of one to four sizes, as it is, folded or cut at a level."""
    values = np.zeros((side, side))
    coarsest = np.exp(rng.uniform(np.log(2.0), np.log(side / 3)))
    for octave in range(rng.integers(1, 5)):
        stretch = np.exp(rng.uniform(-1.0, 1.0))
        cells_y, cells_x = (min(coarsest * 2**octave * way, side) for way in (stretch, 1 / stretch))
        grid = rng.standard_normal((int(cells_y) + 3, int(cells_x) + 3))
        ways = (np.arange(side) + rng.random()) / side
        values += _sample(grid, *np.broadcast_arrays(ways[:, None] * cells_y, ways[None, :] * cells_x)) / (
            1 + octave * rng.uniform(0.0, 1.5)
        )
    values = values / max(float(values.std()), 1e-6)
    kind = rng.integers(4)
    if kind == 1:
        values = np.abs(values)
    elif kind == 2:
        values = np.clip((values - rng.uniform(-1.0, 1.0)) * rng.uniform(2.0, 12.0), -1.0, 1.0)
    elif kind == 3:
        values = np.sin(values * rng.uniform(2.0, 6.0))
    return 128.0 + 50.0 * values


def _background(sources: Sources, rng: np.random.Generator, side: int, smallest: float) -> Floats:
    """A square of a photograph; where sources are varied also of two, of a texture, turned or negated."""
    if not sources.varied:
        return _crop(sources, rng, side, smallest)

    def one() -> Floats:
        if rng.random() < 0.4:
            return _texture(rng, side)
        picture = _crop(sources, rng, side, smallest)
        picture = np.rot90(picture, int(rng.integers(4))) if rng.random() < 0.5 else picture
        return 255.0 - picture if rng.random() < 0.3 else picture

    picture = one()
    if rng.random() < 0.4:
        other = one()
        share = np.full((side, side), rng.uniform(0.2, 0.8))
        if rng.random() < 0.7:
            share = np.clip((_texture(rng, side) - 128.0) * rng.uniform(0.02, 0.5) + 0.5, 0.0, 1.0)
        picture = picture + share * (other - picture)
    return picture


def _scene(sources: Sources, rng: np.random.Generator, face: bool) -> tuple[Grey, Floats]:
    """One scene and the face's place: background, up to two other patches, the face on top, noise on all."""
    canvas = _background(sources, rng, SIDE, 110.0)
    canvas = (canvas - canvas.mean()) * rng.uniform(0.5, 1.1) + rng.uniform(60.0, 190.0)
    for _ in range(rng.choice(3, p=(0.6, 0.3, 0.1) if face else (0.1, 0.6, 0.3))):
        canvas = _paste(canvas, _other(sources, rng), _place(rng), rng)
    place = np.zeros(3)
    if face:
        place = _place(rng)
        canvas = _paste(canvas, sources.faces[rng.integers(len(sources.faces))], place, rng)
    canvas = canvas + rng.uniform(0.0, 6.0) * rng.standard_normal(canvas.shape)
    return np.rint(np.clip(canvas, 0.0, 255.0)).astype(np.uint8), place


def _other(sources: Sources, rng: np.random.Generator) -> Floats:
    """A patch without a face: background of a face picture, or a square of a photograph."""
    if rng.random() < 0.4:
        patch: Floats = sources.others[rng.integers(len(sources.others))]
        return patch
    return _background(sources, rng, PATCH, 50.0)


def _place(rng: np.random.Generator) -> Floats:
    """Row and column of a patch's middle and its side, 36 to 84 pixels, wholly inside the scene."""
    size = np.exp(rng.uniform(np.log(36.0), np.log(84.0)))
    return np.array([*rng.uniform(size / 2, SIDE - size / 2, 2), size])


def _paste(canvas: Floats, patch: Floats, place: Floats, rng: np.random.Generator) -> Floats:
    """``patch`` at ``place``, with a random angle and light, blended softly at its border."""
    row, column, size = place
    angle, mirror = rng.uniform(-0.25, 0.25), rng.choice((-1.0, 1.0))
    ways = np.arange(SIDE) + 0.5
    y, x = (ways - row)[:, None] * 2 / size, (ways - column)[None, :] * 2 / size
    u, v = mirror * (np.cos(angle) * x + np.sin(angle) * y), np.cos(angle) * y - np.sin(angle) * x
    roundness, softness = rng.uniform(2.5, 6.0), rng.uniform(0.15, 0.4)
    distance = (np.abs(u) ** roundness + np.abs(v) ** roundness) ** (1 / roundness)
    weight = np.clip((1.0 - distance) / softness, 0.0, 1.0)
    weight = weight * weight * (3.0 - 2.0 * weight)
    light = rng.uniform(25.0, 60.0) / max(float(patch.std()), 12.0)
    lit = (patch - patch.mean()) * light + rng.uniform(70.0, 185.0)
    lit = _sample(lit, (v + 1) * PATCH / 2 - 0.5, (u + 1) * PATCH / 2 - 0.5)
    lit = lit + rng.uniform(-25.0, 25.0) * u + rng.uniform(-15.0, 15.0) * v
    blended: Floats = canvas + weight * (np.clip(lit, 0.0, 255.0) - canvas)
    return blended
