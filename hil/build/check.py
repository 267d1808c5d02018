"""Proof that the committed images are what the sources give."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from hil.build.builder import Recipe, source_digest
from hil.build.prebuilt import build_all, faulty_dir, faulty_recipes, prebuilt_recipes
from hil.build.sizes import check_sizes
from hil.build.toolchain import Toolchain, find_toolchain
from hil.errors import BuildError, ImageError, cut
from hil.image import Image, Manifest, prebuilt_dir, prebuilt_images
from hil.text.progress import Progress, silent


def check(
    kind: str,
    toolchain: Toolchain | None = None,
    models: Sequence[str] = (),
    progress: Progress = silent,
) -> list[Image]:
    """Build the images of a kind in a temporary folder and compare them, byte for byte, with the committed.

    Returns the committed images: those of the named models, or all, the misbehaving test images included.
    BuildError when an image differs, is missing or has no source, when one has grown unannounced
    (``hil.build.sizes``), and, before anything is built, when the compiler is missing or is not the one that
    the manifests name. ModelError for an unknown model.
    """
    images = check_folders(_folders(kind, models), toolchain, complete=not models, progress=progress)
    of_kind = [image for image in images if image.path.parent == prebuilt_dir(kind)]
    check_sizes(kind, of_kind, complete=not models)
    return images


def check_folders(
    folders: dict[Path, list[Recipe]],
    toolchain: Toolchain | None = None,
    *,
    complete: bool = True,
    progress: Progress = silent,
) -> list[Image]:
    """``check`` for any folders of committed images and the recipes that should give them.

    ``complete`` says that the recipes are all: an image without one is then a stranger.
    """
    toolchain = toolchain or find_toolchain()
    for folder, recipes in folders.items():
        for version in _versions(folder, recipes):
            if version != toolchain.version:
                raise BuildError(
                    f"the compiler is not the one that the images in {folder.name} were built with",
                    evidence=f"found {toolchain.version}, manifest says {version}",
                    remedy=f"install that version, or point PATH to it ({toolchain.compiler} was found)",
                )
    images: list[Image] = []
    troubles: list[str] = []
    for folder, recipes in folders.items():
        with tempfile.TemporaryDirectory(prefix="hil-check-") as scratch:
            for fresh in build_all(recipes, Path(scratch), toolchain, progress):
                committed = Image(folder / fresh.path.name, fresh.manifest)
                images.append(committed)
                troubles += _differences(fresh, committed.path)
        troubles += _strangers(folder, recipes) if complete else []
    _raise(troubles)
    return images


def other_compiler(kind: str, toolchain: Toolchain, models: Sequence[str] = ()) -> str | None:
    """Which compiler made the committed images, where not this one: their bytes cannot be proven then."""
    versions = {
        one for folder, recipes in _folders(kind, models).items() for one in _versions(folder, recipes)
    }
    return "; ".join(sorted(versions - {toolchain.version})) or None


def check_sources(
    kind: str,
    toolchain: Toolchain,
    out_dir: Path,
    models: Sequence[str] = (),
    progress: Progress = silent,
) -> list[Image]:
    """What another compiler can prove: the committed images name today's sources, and all can be built.

    Returns what this compiler makes, in ``out_dir``. BuildError when an image was built from other sources,
    is not the one of its manifest, is missing or has no source, has grown unannounced, or does not build.
    """
    images = check_sources_of(
        _folders(kind, models), toolchain, out_dir, complete=not models, progress=progress
    )
    check_sizes(kind, [Image.load(path) for path in prebuilt_images(kind)])
    return images


def check_sources_of(
    folders: dict[Path, list[Recipe]],
    toolchain: Toolchain,
    out_dir: Path,
    *,
    complete: bool = True,
    progress: Progress = silent,
) -> list[Image]:
    """``check_sources`` for any folders of committed images, as ``check_folders``."""
    troubles: list[str] = []
    for folder, recipes in folders.items():
        for recipe in recipes:
            troubles += _source_differences(recipe, folder / recipe.file_name)
        troubles += _strangers(folder, recipes) if complete else []
    _raise(troubles)
    every = [recipe for recipes in folders.values() for recipe in recipes]
    return build_all(every, out_dir, toolchain, progress)


def _folders(kind: str, models: Sequence[str]) -> dict[Path, list[Recipe]]:
    folders = {prebuilt_dir(kind): prebuilt_recipes(kind, models)}
    return folders if models else {**folders, faulty_dir(kind): faulty_recipes(kind)}


def _versions(folder: Path, recipes: Sequence[Recipe]) -> set[str]:
    """The compilers that the manifests name; a damaged one is reported as a difference."""
    found = set()
    for recipe in recipes:
        with suppress(ImageError):
            found.add(Manifest.read((folder / recipe.file_name).with_suffix(".json")).toolchain)
    return found


def _raise(troubles: Sequence[str]) -> None:
    if troubles:
        raise BuildError(
            "the committed images are not what the sources give",
            evidence="; ".join(cut(troubles)),
            remedy="run `hil build` and commit what it makes",
        )


def _source_differences(recipe: Recipe, committed: Path) -> list[str]:
    try:
        manifest = Image.load(committed).manifest
    except ImageError as error:
        return [error.what]
    if source_digest(recipe, manifest.toolchain) != manifest.source_sha256:
        return [f"{committed.name} was built from other sources"]
    return []


def _differences(fresh: Image, committed: Path) -> list[str]:
    name = committed.name
    try:
        manifest = Manifest.read(committed.with_suffix(".json"))
        content = committed.read_bytes()
    except ImageError as error:
        return [str(error)]
    except OSError:
        return [f"{name} is missing"]
    if manifest != fresh.manifest and manifest.source_sha256 != fresh.manifest.source_sha256:
        return [f"{name} was built from other sources"]
    found = []
    if content != fresh.path.read_bytes():
        found.append(f"{name} has other bytes")
    if manifest != fresh.manifest:
        old, new = asdict(manifest), asdict(fresh.manifest)
        fields = sorted(field for field in new if old[field] != new[field])
        found.append(f"the manifest of {name} differs in {', '.join(fields)}")
    return found


def _strangers(folder: Path, recipes: Sequence[Recipe]) -> list[str]:
    known = {recipe.file_name for recipe in recipes}
    return [f"{path.name} has no source" for path in sorted(folder.glob("*.elf")) if path.name not in known]
