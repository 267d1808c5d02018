"""For benchmarks of the link: the image of ``link_program.c``, its vectors, and what it answers to each."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.build import find_toolchain
from hil.build.builder import Recipe, build_image
from hil.image import Image
from hil.link.link import Result
from hil.values import Precision

KIND = "qemu_mps2_an386"
SMALL = (4, 8)  # steps, features: 64 B
LARGE = (144, 96)  # 27,648 B
_OUTPUTS = 10

Vectors = Sequence[npt.NDArray[np.int16]]


def build(folder: Path, shape: tuple[int, int], kind: str = KIND) -> Image:
    """An image for vectors of that shape, in ``folder``."""
    steps, features = shape
    source = Path(__file__).with_name("link_program.c")
    flags = (f"-DSTEPS={steps}", f"-DFEATURES={features}")
    recipe = Recipe(kind, "checksum", Precision.Q15, source, extra_flags=flags)
    return build_image(recipe, folder, find_toolchain())


def vectors(count: int, shape: tuple[int, int]) -> Vectors:
    """Random vectors, no two alike, the same in every run."""
    made = np.random.default_rng(1).integers(-32768, 32767, (count, *shape), np.int16, endpoint=True)
    return list(made)


def right(inputs: Vectors, results: Sequence[Result]) -> int:
    """How many results are those of their vectors, under the vectors' own numbers."""
    return sum(
        result.number == number and np.array_equal(result.output, _answer(vector))
        for number, (vector, result) in enumerate(zip(inputs, results, strict=True))
    )


def _answer(vector: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    crc = zlib.crc32(vector.tobytes())
    return np.array([crc >> j & 0xFFFF for j in range(_OUTPUTS)], np.uint16).view(np.int16)
