"""What an image takes of a board's flash and RAM: counted from it, or estimated before there is one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hil.build.builder import Recipe
from hil.build.prebuilt import build
from hil.build.toolchain import find_toolchain
from hil.errors import BuildError, TooLargeError, does_not_fit
from hil.kinds import KINDS
from hil.measure.memory import flash_bytes, ram_within
from hil.models.catalog import ModelLibrary, images_dir, list_models
from hil.models.ctext import C_BYTES
from hil.models.spec import ModelSpec
from hil.text.progress import Progress, silent
from hil.values import Method, Precision

FLASH_WITHIN = 3072  # bytes that an estimate may be off: kernels that some models link and others do not
RAM_WITHIN = 256
_KB = 1024
_ARRAY = re.compile(r"^static (const )?_Alignas\(\d+\) (\w+) \w+\[([^\]]+)\]", re.MULTILINE)
_SCRATCH = re.compile(r"HIL_CELL_SCRATCH\((\d+), (\d+), (\d+), (\d+)\)")
_INCLUDE = re.compile(r'^#include "(kernels/[^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Footprint:
    """Bytes of one image: all of its flash, all of the RAM for data, with the stack that is reserved in it.

    ``method`` is counted, or estimated to FLASH_WITHIN and RAM_WITHIN.
    """

    kind: str
    precision: Precision
    flash_bytes: int
    ram_bytes: int
    method: Method

    @property
    def fits(self) -> bool:
        """Whether the kind of board has that much."""
        return self.over_bytes <= 0

    @property
    def over_bytes(self) -> int:
        """How much more it is than the kind has, of the memory that it exceeds most."""
        kind = KINDS[self.kind]
        return max(self.flash_bytes - kind.flash_bytes, self.ram_bytes - kind.ram_bytes)

    def __str__(self) -> str:
        """As a table tells it: whole KB of flash and of RAM, or by how much it does not fit."""
        if not self.fits:
            return does_not_fit(self.over_bytes)
        return f"{-(-self.flash_bytes // _KB):,} + {-(-self.ram_bytes // _KB):,}"


@dataclass(frozen=True)
class Footprints:
    """Those of a model's images for one kind of board; ``missing`` says why they are only estimated."""

    images: tuple[Footprint, ...]
    missing: str | None = None


def elsewhere(built: Footprints, spec: ModelSpec, kind: str) -> Footprints:
    """Those for another kind, estimated: what the images built are more than was estimated of them, they are
    there too.
    """
    images = []
    for one in built.images:
        here, there = (estimated(spec, name, one.precision) for name in (one.kind, kind))
        images.append(
            replace(
                there,
                flash_bytes=there.flash_bytes + one.flash_bytes - here.flash_bytes,
                ram_bytes=there.ram_bytes + one.ram_bytes - here.ram_bytes,
            )
        )
    return Footprints(tuple(images))


def footprints(spec: ModelSpec, kind: str, library: ModelLibrary, progress: Progress = silent) -> Footprints:
    """Of every precision of one of the user's own models: counted from images that are built for it.

    What does not fit by far is not built, and without a compiler, or when it refuses, all is estimated.
    """
    guesses = {precision: estimated(spec, kind, precision) for precision in spec.precisions}
    buildable = [one for one, guess in guesses.items() if guess.fits]
    missing = None
    if buildable:
        try:
            made = build(
                kind, [spec.name], buildable, None, find_toolchain(), library, progress, too_large=_pass_over
            )
            for image in made:
                precision = image.manifest.precision
                guesses[precision] = counted(spec, kind, precision)
        except BuildError as error:
            missing = str(error)
    return Footprints(tuple(guesses.values()), missing)


def _pass_over(recipe: Recipe, larger: TooLargeError) -> None:
    """The linker found no room: the estimate is all there is to tell."""


def counted(spec: ModelSpec, kind: str, precision: Precision) -> Footprint:
    """Of the image that is there; ImageError when it is missing or damaged."""
    elf = images_dir(spec, kind) / f"{spec.name}-{precision}.elf"
    ram = ram_within(elf, KINDS[kind].ram_start, KINDS[kind].ram_bytes)
    return Footprint(kind, precision, flash_bytes(elf), ram, Method.COUNTED)


def estimated(spec: ModelSpec, kind: str, precision: Precision) -> Footprint:
    """From the arrays in the model's generated C, and from what the lab's own image with the most kernels in
    common takes beside its arrays.

    OSError when the C is missing. For a user's own C nothing can be told: what it declares is not looked for.
    """
    source = spec.generated_c(precision).read_text(encoding="utf-8")
    kernels = set(_INCLUDE.findall(source))
    rests = [(_likeness(kernels, other), *rest) for other, rest in _rests(kind, precision)]
    _, flash, ram = max(rests)
    constant, variable = _arrays(source)
    ram += variable + spec.room(precision).extra_ram_bytes
    return Footprint(kind, precision, flash + constant, ram, Method.ESTIMATED)


def _rests(kind: str, precision: Precision) -> list[tuple[set[str], tuple[int, int]]]:
    """Of each of the lab's images of a precision: its kernels, and the flash and RAM beside its arrays."""
    found = []
    for spec in list_models():
        if precision not in spec.precisions:
            continue
        taken = counted(spec, kind, precision)
        source = spec.generated_c(precision).read_text(encoding="utf-8")
        constant, variable = _arrays(source)
        rest = (taken.flash_bytes - constant, taken.ram_bytes - variable)
        found.append((set(_INCLUDE.findall(source)), rest))
    return found


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _arrays(source: str) -> tuple[int, int]:
    """Bytes of the constant arrays and of the others in generated C, each filled up to a word."""
    constant = variable = 0
    for const, c_type, count in _ARRAY.findall(source):
        size = C_BYTES[c_type] * _count(count) + 3 & ~3
        constant, variable = (constant + size, variable) if const else (constant, variable + size)
    return constant, variable


def _count(text: str) -> int:
    """The number of elements: a number, or HIL_CELL_SCRATCH of kernels/cell_shape.h."""
    scratch = _SCRATCH.fullmatch(text)
    if scratch is None:
        return int(text)
    hidden, rank_w, rank_u, sequences = (int(number) for number in scratch.groups())
    return sum(size + size % 2 for size in (rank_w, rank_u, hidden * sequences, hidden))
