"""`hil build`: the firmware images, or a proof of the committed ones (`--check`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ModelError

if TYPE_CHECKING:
    from hil.build.toolchain import Toolchain

HELP = "build the firmware images, or check the committed ones"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to build, for which boards, or what to check."""
    from hil.kinds import IMAGE_KINDS

    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all")
    parser.add_argument("--kind", choices=IMAGE_KINDS, default="qemu_mps2_an386", help="for which boards")
    parser.add_argument("--precision", metavar="P[,P]", help="f32, q15, q7 (default: all)")
    parser.add_argument("--models-dir", type=Path, metavar="DIR", help="models of your own: build only those")
    parser.add_argument(
        "--check", action="store_true", help="prove that the images are what the sources give"
    )
    parser.add_argument(
        "--require-bytes", action="store_true", help="with --check: no other compiler than the images'"
    )
    parser.add_argument(
        "--accept-sizes", action="store_true", help="let images be larger than firmware/sizes.toml"
    )


def run(options: argparse.Namespace) -> int:
    """Print each image that was built with its sections, or what was proven of the committed ones."""
    from hil.build.prebuilt import build
    from hil.build.sizes import settle
    from hil.models.catalog import ModelLibrary
    from hil.text.progress import steps
    from hil.values import precisions_of

    if options.check:
        if options.precision or options.accept_sizes or options.models_dir:
            raise ModelError("--check looks at all images of a model", remedy="leave the other options out")
        _check(options.kind, options.models, require_bytes=options.require_bytes)
        return 0
    if options.require_bytes:
        raise ModelError("--require-bytes says how --check is done", remedy="give both")
    precisions = precisions_of(options.precision)
    library = ModelLibrary(options.models_dir)
    warnings: list[str] = []
    larger: list[str] = []
    with steps(sys.stderr, "built") as progress:
        images = build(
            options.kind,
            options.models,
            precisions,
            None,
            None,
            library,
            progress,
            warnings.append,
            lambda recipe, over: larger.append(f"{recipe.name}: {over.short} ({over.evidence})"),
        )
    for line in warnings:
        print(f"hil: {line}", file=sys.stderr)
    for line in larger:
        print(line)
    for image in images:
        manifest = image.manifest
        sizes = ", ".join(f"{name} {size:,}" for name, size in manifest.sections.items() if size)
        print(f"{image.name}: {sizes} B, sha256 {manifest.sha256[:12]}…")
    if options.models_dir:
        return 0
    complete = not options.models and not precisions
    for grown in settle(options.kind, images, accept=options.accept_sizes, complete=complete):
        print(f"hil: {grown}; `hil build --accept-sizes` announces it", file=sys.stderr)
    return 0


def _check(kind: str, models: Sequence[str], *, require_bytes: bool) -> None:
    """Prove what the compiler at hand can prove of all images, or of some models'; prints what was proven.

    BuildError or ImageError where it does not hold, and with ``require_bytes`` for another compiler than the
    one that made the images.
    """
    from hil.build.check import check, other_compiler
    from hil.build.toolchain import find_toolchain
    from hil.text.progress import steps

    toolchain = find_toolchain()
    other = other_compiler(kind, toolchain, models)
    if other is None or require_bytes:
        with steps(sys.stderr, "built") as progress:
            images = check(kind, toolchain, models, progress)
        print(f"{len(images)} images for {kind} are what the sources give, byte for byte")
    else:
        print(f"bytes are not compared: {other} made the committed images, here is {toolchain.version}")
        _run_instead(kind, models, toolchain)


def _run_instead(kind: str, models: Sequence[str], toolchain: Toolchain) -> None:
    import tempfile

    from hil.bench.rebuilt import run_images
    from hil.build.check import check_sources
    from hil.lab.boards import builtin_lab
    from hil.text.progress import steps

    with tempfile.TemporaryDirectory(prefix="hil-check-") as folder:
        with steps(sys.stderr, "built") as progress:
            images = check_sources(kind, toolchain, Path(folder), models, progress)
        print(f"{len(images)} images for {kind} are built, from the sources that the committed ones name")
        spec = next((spec for spec in builtin_lab().known if spec.kind.image_kind == kind), None)
        if spec is None:
            print(f"none is run: no emulated board is a {kind}")
            return
        runnable = [image for image in images if image.manifest.vectors_sha256]
        with steps(sys.stderr, "running") as progress:
            vectors = run_images(runnable, progress, spec=spec)
    print(
        f"{len(runnable)} of them, all that have vectors, compute as the golden reference ({vectors} vectors)"
    )
