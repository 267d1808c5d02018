"""Images of another compiler, whose bytes nothing can be compared with, run instead."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np

from hil.bench.share import share
from hil.board import Board
from hil.errors import ImageError
from hil.image import Image
from hil.lab.boards import BoardSpec, builtin_lab
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
    """Run each image's first vectors on emulated boards; returns how many vectors ran.

    ImageError, naming the images, when an output is not the golden reference's: bit for bit in fixed point,
    within the tolerance of ``golden_exact`` in float.
    """

    def run(board: Board, image: Image) -> tuple[int, float]:
        manifest = image.manifest
        vectors = first(load_vectors(manifest.model, manifest.precision), count)
        with Session(board, image) as session:
            results = session.infer(vectors.inputs, macs=vectors.macs)
        outputs = np.stack([result.output for result in results])
        return len(results), golden_exact(outputs, vectors.goldens).value

    wrong: list[str] = []
    done = 0
    with closing(share(spec or builtin_lab().boards[0], images, run)) as found:
        for number, image in enumerate(images, 1):
            progress(number, len(images), image.name)
            vectors, exact = next(found)
            done += vectors
            if exact < 1.0:
                wrong.append(f"{image.name}: {exact:.0%} of {vectors} vectors")
    if wrong:
        raise ImageError(
            "images of this compiler do not give what the golden reference gives",
            evidence="; ".join(wrong),
            remedy="the compiler or the source is at fault: compare with Debian 12's compiler",
        )
    return done
