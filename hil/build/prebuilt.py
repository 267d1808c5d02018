"""The images that come with the lab: one per model and precision, and a few that misbehave for the tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hil.build.builder import Recipe, build_image
from hil.build.toolchain import Toolchain, find_toolchain
from hil.errors import ModelError, VectorError
from hil.image import Image, prebuilt_dir
from hil.models.catalog import find_model, list_models
from hil.models.vectors import vectors_path
from hil.resources import firmware_dir, fixtures_dir
from hil.values import Precision

# What a misbehaving image needs besides its source in firmware/tests/faulty/<name>.c.
_FAULTY_FLAGS: dict[str, tuple[str, ...]] = {
    "crash": (),
    "hang": (),
    "other_protocol": ("-DHIL_ANSWERED_VERSION=65535",),
    "outside_flash": ("-Wl,--section-start=.outside=0x08000000",),
    "stack_overflow": ("-Wno-infinite-recursion",),
}


def faulty_dir(kind: str) -> Path:
    """Where the committed misbehaving images of a kind lie."""
    return fixtures_dir() / "faulty" / kind


def prebuilt_recipes(
    kind: str, models: Sequence[str] = (), precisions: Sequence[Precision] = ()
) -> list[Recipe]:
    """What ``build`` makes: the named models (none named: all) in the named precisions (all they have).

    ModelError for an unknown model, or when a named model has none of the named precisions.
    """
    recipes = []
    for spec in [find_model(name) for name in models] or list_models():
        chosen = [one for one in spec.precisions if not precisions or one in precisions]
        if models and not chosen:
            raise ModelError(
                f"model {spec.name} has no {' or '.join(precisions)}",
                remedy=f"choose from: {', '.join(spec.precisions)}",
            )
        digest = _vectors_digest(spec.name)
        recipes += [Recipe(kind, spec.name, one, spec.generated_c(one), digest) for one in chosen]
    return recipes


def faulty_recipes(kind: str) -> list[Recipe]:
    """The images of ``firmware/tests/faulty``: all f32, of the shape of fastgrnn_digits."""
    folder = firmware_dir() / "tests" / "faulty"
    return [
        Recipe(kind, name, Precision.F32, folder / f"{name}.c", extra_flags=flags)
        for name, flags in _FAULTY_FLAGS.items()
    ]


def build(
    kind: str,
    models: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    out_dir: Path | None = None,
    toolchain: Toolchain | None = None,
) -> list[Image]:
    """Build images of one kind into ``out_dir``, or in place of the committed ones.

    Without ``out_dir`` and without a choice of models the misbehaving test images are built as well.
    Raises BuildError, or ModelError for an unknown model.
    """
    toolchain = toolchain or find_toolchain()
    images = build_all(prebuilt_recipes(kind, models, precisions), out_dir or prebuilt_dir(kind), toolchain)
    if out_dir is None and not models and not precisions:
        build_all(faulty_recipes(kind), faulty_dir(kind), toolchain)
    return images


def build_all(recipes: Sequence[Recipe], out_dir: Path, toolchain: Toolchain) -> list[Image]:
    """Build several images at once, one per processor; in the recipes' order."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(lambda recipe: build_image(recipe, out_dir, toolchain), recipes))


def _vectors_digest(model: str) -> str:
    path = vectors_path(model)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise VectorError(f"no vectors of model {model}", evidence=f"{path}: {error.strerror}") from error
