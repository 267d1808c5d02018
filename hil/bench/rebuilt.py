"""Images of another compiler, whose bytes nothing can be compared with, run instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hil.board import open_board
from hil.errors import ImageError
from hil.image import Image
from hil.lab import BoardSpec, builtin_lab
from hil.measure.accuracy import golden_exact
from hil.models.vectors import load_vectors
from hil.session import Session, first
from hil.text.progress import Progress

VECTORS = 8  # of each image: what a compiler gets wrong shows in the first, and the slow models stay short


def run_images(
    images: Sequence[Image],
    progress: Progress,
    *,
    count: int = VECTORS,
    spec: BoardSpec | None = None,
) -> int:
    """Run each image's first vectors on the emulated board; returns how many vectors ran.

    ImageError, naming the images, when an output is not the golden reference's: bit for bit in fixed point,
    within the tolerance of ``golden_exact`` in float.
    """
    wrong: list[str] = []
    done = 0
    with open_board(spec or builtin_lab().boards[0]) as board:
        for number, image in enumerate(images, 1):
            progress(number, len(images), image.name)
            manifest = image.manifest
            vectors = first(load_vectors(manifest.model, manifest.precision), count)
            with Session(board, image) as session:
                results = session.infer(vectors.inputs, macs=vectors.macs)
            exact = golden_exact(np.stack([result.output for result in results]), vectors.goldens)
            done += len(results)
            if exact.value < 1.0:
                wrong.append(f"{image.name}: {exact.value:.0%} of {len(results)} vectors")
    if wrong:
        raise ImageError(
            "images of this compiler do not give what the golden reference gives",
            evidence="; ".join(wrong),
            remedy="the compiler or the source is at fault: compare with Debian 12's compiler",
        )
    return done
