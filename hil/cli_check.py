"""`hil build --check`: the committed images' bytes by the compiler that made them, behaviour by any other."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hil.text.progress import steps

if TYPE_CHECKING:
    from hil.build.toolchain import Toolchain


def check_images(kind: str, models: Sequence[str], *, require_bytes: bool) -> int:
    """Prove what the compiler at hand can prove of all images, or of some models'; prints what was proven.

    BuildError or ImageError where it does not hold, and with ``require_bytes`` for another compiler than the
    one that made the images.
    """
    from hil.build.check import check, other_compiler
    from hil.build.toolchain import find_toolchain

    toolchain = find_toolchain()
    other = other_compiler(kind, toolchain, models)
    if other is None or require_bytes:
        with steps(sys.stderr, "built") as progress:
            images = check(kind, toolchain, models, progress)
        print(f"{len(images)} images for {kind} are what the sources give, byte for byte")
    else:
        print(f"bytes are not compared: {other} made the committed images, here is {toolchain.version}")
        _run_instead(kind, models, toolchain)
    return 0


def _run_instead(kind: str, models: Sequence[str], toolchain: Toolchain) -> None:
    from hil.bench.rebuilt import run_images
    from hil.build.check import check_sources
    from hil.lab import builtin_lab

    with tempfile.TemporaryDirectory(prefix="hil-check-") as folder:
        with steps(sys.stderr, "built") as progress:
            images = check_sources(kind, toolchain, Path(folder), models, progress)
        print(f"{len(images)} images for {kind} are built, from the sources that the committed ones name")
        spec = next((spec for spec in builtin_lab().boards if spec.kind.name == kind), None)
        if spec is None:
            print(f"none is run: no emulated board is a {kind}")
            return
        runnable = [image for image in images if image.manifest.vectors_sha256]
        with steps(sys.stderr, "running") as progress:
            vectors = run_images(runnable, progress, spec=spec)
    print(
        f"{len(runnable)} of them, all that have vectors, compute as the golden reference ({vectors} vectors)"
    )
