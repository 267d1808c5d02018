"""What `hil models` prints: a table for each kind of board."""

from __future__ import annotations

from hil.build.own import why_not_current
from hil.errors import HilError
from hil.image import Image
from hil.measure.memory import flash_bytes
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
            cell, reason = _image(spec, kind, precision)
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


def _steps(spec: ModelSpec) -> str:
    return f"{spec.max_steps}" if spec.min_steps == spec.max_steps else f"{spec.min_steps}-{spec.max_steps}"


def _image(spec: ModelSpec, kind: str, precision: Precision) -> tuple[str, str | None]:
    """The table's cell of an image, and what is to be said of one that cannot be run as it is."""
    if precision not in spec.precisions:
        return "-", None
    elf = images_dir(spec, kind) / f"{spec.name}-{precision}.elf"
    try:
        reason = why_not_current(spec, kind, precision) if is_own(spec) else None
        if reason is not None:
            return "missing" if reason == "is missing" else "stale", f" {reason}; {_BUILDS.format(kind=kind)}"
        return f"{flash_bytes(Image.load(elf).path):,}", None
    except HilError as error:
        return "broken", f": {error}"
