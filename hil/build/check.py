"""Proof that the committed images are what the sources give."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hil.build.builder import Recipe
from hil.build.prebuilt import build_all, faulty_dir, faulty_recipes, prebuilt_recipes
from hil.build.sizes import check_sizes
from hil.build.toolchain import Toolchain, find_toolchain
from hil.errors import BuildError, ImageError
from hil.image import Image, Manifest, prebuilt_dir


def check(kind: str, toolchain: Toolchain | None = None) -> list[Image]:
    """Build all images of a kind in a temporary folder and compare them, byte for byte, with the committed.

    Returns the committed images. BuildError when an image differs, is missing or has no source, when one has
    grown unannounced (``hil.build.sizes``), and, before anything is built, when the compiler is missing or is
    not the one that the manifests name.
    """
    folders = {prebuilt_dir(kind): prebuilt_recipes(kind), faulty_dir(kind): faulty_recipes(kind)}
    images = check_folders(folders, toolchain)
    check_sizes(kind, [image for image in images if image.path.parent == prebuilt_dir(kind)])
    return images


def check_folders(folders: dict[Path, list[Recipe]], toolchain: Toolchain | None = None) -> list[Image]:
    """``check`` for any folders of committed images and the recipes that should give them."""
    toolchain = toolchain or find_toolchain()
    for folder in folders:
        _same_toolchain(folder, toolchain)
    images: list[Image] = []
    troubles: list[str] = []
    for folder, recipes in folders.items():
        with tempfile.TemporaryDirectory(prefix="hil-check-") as scratch:
            for fresh in build_all(recipes, Path(scratch), toolchain):
                committed = Image(folder / fresh.path.name, fresh.manifest)
                images.append(committed)
                troubles += _differences(fresh, committed.path)
        troubles += _strangers(folder, recipes)
    if troubles:
        raise BuildError(
            "the committed images are not what the sources give",
            evidence="; ".join(troubles),
            remedy="run `hil build` and commit what it makes",
        )
    return images


def _same_toolchain(folder: Path, toolchain: Toolchain) -> None:
    for path in sorted(folder.glob("*.json")):
        try:
            wanted = Manifest.read(path).toolchain
        except ImageError:
            continue  # reported as a difference
        if wanted != toolchain.version:
            raise BuildError(
                f"the compiler is not the one that {path.stem} was built with",
                evidence=f"found {toolchain.version}, manifest says {wanted}",
                remedy=f"install that version, or point PATH to it ({toolchain.compiler} was found)",
            )


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
