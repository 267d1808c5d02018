"""What `hil models` prints: models and their images for a kind of board, or what these take of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hil.build.footprint import estimated
from hil.build.own import why_not_current
from hil.errors import HilError
from hil.image import Image
from hil.kinds import IMAGE_KINDS
from hil.measure.memory import flash_bytes, memory
from hil.models.catalog import images_dir, is_own
from hil.models.spec import ModelSpec
from hil.text.table import table_lines
from hil.values import Precision

_BUILDS = "`hil build --kind={kind} --models-dir` builds it, or the next run"
_HEADS = ("model", "features", "steps", "outputs")


def kind_lines(specs: list[ModelSpec], kind: str) -> list[str]:
    """The table of models and their images for one kind of board, and a line for each that is not current."""
    body, remarks = [], []
    for spec in specs:
        cells = []
        for precision in Precision:
            cell, reason = _image(spec, kind, precision, _flash)
            cells.append(cell)
            if reason:
                remarks.append(f"{spec.name}/{precision}{reason}")
        body.append([spec.name, f"{spec.features}", _steps(spec), f"{spec.outputs}", *cells])
    return [
        *table_lines([*_HEADS, *Precision], body),
        "",
        f"bytes of flash of each image for {kind}; features are of one step",
        *remarks,
    ]


def size_lines(specs: list[ModelSpec]) -> list[str]:
    """The table of images and what each takes of every kind of board, and a line for each not current."""
    body, remarks = [], []
    for spec in specs:
        for precision in spec.precisions:
            cells = []
            for kind in IMAGE_KINDS:
                cell, reason = _image(spec, kind, precision, _flash_and_ram)
                cells.append(cell)
                if reason:
                    remarks.append(f"{spec.name}/{precision}{reason}")
            body.append([f"{spec.name}/{precision}", *cells])
    return [
        *table_lines(["image", *IMAGE_KINDS], body),
        "",
        "bytes of flash + static RAM, the port's ring included, the stack not",
        *dict.fromkeys(remarks),
    ]


def _steps(spec: ModelSpec) -> str:
    return f"{spec.max_steps}" if spec.min_steps == spec.max_steps else f"{spec.min_steps}-{spec.max_steps}"


def _image(
    spec: ModelSpec, kind: str, precision: Precision, taken: Callable[[Path], str]
) -> tuple[str, str | None]:
    """The table's cell of an image, and what is to be said of one that cannot be run as it is."""
    if precision not in spec.precisions:
        return "-", None
    elf = images_dir(spec, kind) / f"{spec.name}-{precision}.elf"
    try:
        reason = why_not_current(spec, kind, precision) if is_own(spec) else None
        if reason == "is missing" and (over := _over(spec, kind, precision)) is not None:
            return over, None
        if reason is not None:
            return "missing" if reason == "is missing" else "stale", f" {reason}; {_BUILDS.format(kind=kind)}"
        return taken(Image.load(elf).path), None
    except HilError as error:
        return "broken", f": {error}"


def _over(spec: ModelSpec, kind: str, precision: Precision) -> str | None:
    """By how much an image that is not built would be too large; None where it would fit, or nobody knows."""
    if spec.architecture.name == "own" or not spec.generated_c(precision).is_file():
        return None
    guess = estimated(spec, kind, precision)
    return None if guess.fits else str(guess)


def _flash(elf: Path) -> str:
    return f"{flash_bytes(elf):,}"


def _flash_and_ram(elf: Path) -> str:
    used = memory(elf)
    return f"{used.flash_bytes:,} + {used.ram_bytes:,}"
