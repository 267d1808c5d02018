"""The images of all models, one per precision, and a few that misbehave for the tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hil.build.builder import Recipe, Warn, build_image, unheard
from hil.build.toolchain import Toolchain, find_toolchain
from hil.errors import ModelError, TooLargeError, VectorError
from hil.image import Image
from hil.models.catalog import BUILTIN, ModelLibrary, images_dir, pick
from hil.models.export import refresh
from hil.models.spec import ModelSpec
from hil.models.vectors import vectors_path
from hil.reading import read_bytes
from hil.resources import firmware_dir, fixtures_dir
from hil.text.progress import Progress, silent
from hil.values import Precision

TooLarge = Callable[[Recipe, TooLargeError], object]  # is told of an image that does not fit its kind

# What a misbehaving image needs besides its source in firmware/tests/faulty/<name>.c.
_FAULTY_FLAGS: dict[str, tuple[str, ...]] = {
    "crash": (),
    "hang": (),
    "other_protocol": ("-DHIL_ANSWERED_VERSION=65535",),
    "outside_flash": (),
    "stack_overflow": ("-Wno-infinite-recursion",),
}
_OUTSIDE_FLASH = {
    "qemu_mps2_an386": 0x0800_0000,
    "b_l475e_iot01a": 0x0810_0000,
    "nrf52840dk": 0x0010_0000,
    "frdm_k64f": 0x0010_0000,
    "nucleo_f439zi": 0x0820_0000,
}


def faulty_dir(kind: str) -> Path:
    """Where the committed misbehaving images of a kind lie."""
    return fixtures_dir() / "faulty" / kind


def recipe_of(spec: ModelSpec, kind: str, precision: Precision) -> Recipe:
    """How the image of a model is made; VectorError when its vectors are missing, ModelError when the link
    cannot carry them.
    """
    path = vectors_path(spec)
    try:
        digest = hashlib.sha256(read_bytes(path)).hexdigest()
    except OSError as error:
        raise VectorError(f"no vectors of model {spec.name}", evidence=f"{path}: {error.strerror}") from error
    return Recipe(
        kind,
        spec.name,
        precision,
        spec.generated_c(precision),
        digest,
        extra_flags=spec.room(precision).flags,
    )


def prebuilt_recipes(
    kind: str,
    models: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    library: ModelLibrary = BUILTIN,
) -> list[Recipe]:
    """What ``build`` makes: the named models in the named precisions (none named: all they have).

    Without names: all that come with the lab, or all of a user's own where ``library`` has any. ModelError
    for an unknown model, or when a named model has none of the named precisions.
    """
    recipes = []
    for spec in chosen_models(models, library):
        chosen = [one for one in spec.precisions if not precisions or one in precisions]
        if models and not chosen:
            raise ModelError(
                f"model {spec.name} has no {' or '.join(precisions)}",
                remedy=f"choose from: {', '.join(spec.precisions)}",
            )
        recipes += [recipe_of(spec, kind, one) for one in chosen]
    return recipes


def chosen_models(models: Sequence[str], library: ModelLibrary) -> list[ModelSpec]:
    """The named ones, or all, of a user's own models where ``library`` has a folder of them, else the lab's.

    ModelError when a named one is broken, or one of the lab's. Of a user's own the good ones are given.
    """
    for one in library.broken():
        if one.name in models or (not models and library.own is None):
            raise one.reason
    specs = library.models() if library.own is None else library.own_models()
    return [pick(name, specs) for name in models] or specs


def faulty_recipes(kind: str) -> list[Recipe]:
    """The images of ``firmware/tests/faulty``: all f32, of the shape of fastgrnn_digits."""
    folder = firmware_dir() / "tests" / "faulty"
    outside = (f"-Wl,--section-start=.outside={_OUTSIDE_FLASH[kind]:#010x}",)
    return [
        Recipe(
            kind,
            name,
            Precision.F32,
            folder / f"{name}.c",
            extra_flags=outside if name == "outside_flash" else flags,
        )
        for name, flags in _FAULTY_FLAGS.items()
    ]


def build(
    kind: str,
    models: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    out_dir: Path | None = None,
    toolchain: Toolchain | None = None,
    library: ModelLibrary = BUILTIN,
    progress: Progress = silent,
    warn: Warn = unheard,
    too_large: TooLarge | None = None,
) -> list[Image]:
    """Build images of one kind into ``out_dir``, or to where each model's images lie.

    Without ``out_dir`` and without a choice of models the misbehaving test images are built as well. One that
    does not fit the kind is left out where ``too_large`` is there to be told of it, and else an error.
    Raises BuildError, or ModelError for an unknown model, and for a broken one once the others are built.
    """
    toolchain = toolchain or find_toolchain()
    for spec in library.own_models():
        if not models or spec.name in models:
            refresh(spec)
    recipes = prebuilt_recipes(kind, models, precisions, library)
    folders = {spec.name: images_dir(spec, kind) for spec in library.models()}
    images = build_all(recipes, out_dir or folders, toolchain, progress, warn, too_large)
    if out_dir is None and not models and not precisions and library.own is None:
        build_all(faulty_recipes(kind), faulty_dir(kind), toolchain, progress)
    for one in [] if models else library.broken():
        raise one.reason
    return images


def build_all(
    recipes: Sequence[Recipe],
    out_dir: Path | Mapping[str, Path],
    toolchain: Toolchain,
    progress: Progress = silent,
    warn: Warn = unheard,
    too_large: TooLarge | None = None,
) -> list[Image]:
    """Build several images at once, one per processor; in the recipes' order.

    ``out_dir`` may be one folder per model, by name. ``progress`` is told of each image that is built,
    ``warn`` what a compiler warned of, ``too_large`` as in ``build``, all from this thread.
    """

    def make(recipe: Recipe) -> tuple[Image | TooLargeError, list[str]]:
        folder = out_dir if isinstance(out_dir, Path) else out_dir[recipe.model]
        lines: list[str] = []
        try:
            return build_image(recipe, folder, toolchain, lines.append), lines
        except TooLargeError as larger:
            if too_large is None:
                raise
            return larger, lines

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        images = []
        for done, (recipe, (made, lines)) in enumerate(zip(recipes, pool.map(make, recipes), strict=True), 1):
            for line in lines:
                warn(line)
            if isinstance(made, Image):
                images.append(made)
            elif too_large is not None:
                too_large(recipe, made)
            progress(done, len(recipes), recipe.name)
        return images
