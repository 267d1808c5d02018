"""Images of a user's own models: built when they are missing, or not what the folder would give now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hil.build.builder import Recipe, Warn, build_image, source_digest, unheard
from hil.build.prebuilt import recipe_of
from hil.build.toolchain import find_toolchain
from hil.errors import BuildError, ImageError
from hil.image import Image
from hil.models.catalog import images_dir
from hil.models.export import refresh, stale
from hil.models.spec import ModelSpec
from hil.values import Precision


def bring_up_to_date(
    spec: ModelSpec,
    kind: str,
    precision: Precision,
    building: Callable[[str], None] = lambda _: None,
    warn: Warn = unheard,
) -> str | None:
    """Build the image of a user's own model unless it is current; returns why, None when it was not built.

    ``building`` is told the reason before the compiler starts, which takes seconds, and ``warn`` what the
    compiler warns of. BuildError when it has
    to be built and cannot: the cross compiler is missing, or refuses the sources.
    """
    refresh(spec)
    recipe = recipe_of(spec, kind, precision)
    folder = images_dir(spec, kind)
    reason = _why_stale(recipe, folder / recipe.file_name)
    if reason is None:
        return None
    try:
        toolchain = find_toolchain()
    except BuildError as error:
        raise BuildError(
            f"the image {recipe.name} {reason}, and cannot be built", evidence=error.what, remedy=error.remedy
        ) from error
    building(reason)
    build_image(recipe, folder, toolchain, warn)
    return reason


def why_not_current(spec: ModelSpec, kind: str, precision: Precision) -> str | None:
    """Why an image of a user's own model would be built before it runs, None when it is current.

    Writes nothing. VectorError when the model's vectors are missing, ModelError when its weights do not fit.
    """
    recipe = recipe_of(spec, kind, precision)
    reason = _why_stale(recipe, images_dir(spec, kind) / recipe.file_name)
    if reason is None and spec.architecture.name != "own" and stale(spec):
        return "was built from other weights"
    return reason


def _why_stale(recipe: Recipe, elf: Path) -> str | None:
    if not elf.exists():
        return "is missing"
    try:
        manifest = Image.load(elf).manifest
    except ImageError:
        return "is damaged"
    if manifest.vectors_sha256 != recipe.vectors_sha256:
        return "belongs to other vectors"
    if manifest.source_sha256 != source_digest(recipe, manifest.toolchain):
        return "was built from other sources"
    return None
