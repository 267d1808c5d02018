"""What `hil model import` prints: the audit, accuracies, what the images take, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hil.build.footprint import FLASH_WITHIN, RAM_WITHIN, Footprints
from hil.errors import cut
from hil.models.importer.audit import Operation
from hil.models.importer.bring import Imported, errors_text
from hil.text.table import table_lines
from hil.text.wording import percent
from hil.values import Method


def report_lines(imported: Imported, out: Path, taken: Sequence[Footprints] = ()) -> list[str]:
    """What `hil model import` prints: an audit per fixed-point precision, accuracies, what the images take of
    each kind of board (the first is the one that runs next), and what comes next.
    """
    spec = imported.spec
    lines = [
        f"{spec.name}: {spec.features} features, {spec.min_steps} to {spec.max_steps} steps, "
        f"{spec.outputs} outputs, {imported.vectors} vectors; weights read as {imported.layout}"
    ]
    if imported.unused:
        lines.append(f"not used: {', '.join(cut(imported.unused))}")
    if imported.expected is not None:
        lines.append(imported.expected)
    lines += [f"warning: {doubt}" for doubt in imported.doubts]
    for precision, operations in imported.audits.items():
        lines += ["", f"{precision}, every operation against float64:", *audit_lines(operations)]
    if imported.audits:
        lines += [
            "",
            "No sum can leave 32 bits: proved from the weights, for any input. Saturated values are clipped;",
            "errors are of the others. `pre` may saturate where its gates are flat: z and c show the cost.",
        ]
    lines += [""] if spec.classes else []
    if spec.classes and not imported.accuracy:
        lines.append("accuracy: not known without --labels")
    lines += [f"accuracy {precision}: {percent(share)}%" for precision, share in imported.accuracy.items()]
    lines += [""] if imported.errors else []
    lines += [f"{precision}: {errors_text(errors)}" for precision, errors in imported.errors.items()]
    lines += ["", *size_lines(taken)] if taken else []
    small = [image.precision for image in taken[0].images if image.fits] if taken else []
    name = spec.name
    if taken and len(small) < len(spec.precisions):
        name = ",".join(f"{spec.name}/{precision}" for precision in small)
    after = f"pytest --board=all --model={name} --models-dir={out}" if name else "a smaller model"
    return [*lines, "", f"written: {spec.folder}", f"next: {after}"]


def size_lines(taken: Sequence[Footprints]) -> list[str]:
    """What the images of a model take of each kind of board, as a table, and how that is known."""
    rows = [(one.images[0].kind, *map(str, one.images)) for one in taken]
    lines = table_lines(("KB", *(image.precision for image in taken[0].images)), rows)
    built = [f"{i.precision} for {i.kind}" for one in taken for i in one.images if i.method is Method.COUNTED]
    guess = (
        f"estimated from the arrays, to {FLASH_WITHIN / 1024:g} KB of flash and {RAM_WITHIN / 1024:g} of RAM"
    )
    how = f"counted from the images built: {', '.join(built)}; all else {guess}" if built else guess
    lines += ["", f"flash + RAM of data, and of the stack where it lies there; {how}"]
    return [*lines, *(f"not built: {one.missing}" for one in taken if one.missing)]


def audit_lines(operations: Iterable[Operation]) -> list[str]:
    """The audit as a table: largest value, the range of 16 bits, saturated share, largest error."""
    rows = []
    for one in operations:
        relative = one.error / one.float_largest if one.float_largest else 0.0
        rows.append(
            (
                one.name,
                f"{one.largest:.4g}",
                f"{one.range:.4g}",
                f"{percent(one.saturated)}%" if one.saturated else "none",
                f"{one.error:.2g}",
                f"{relative:.2%}",
            )
        )
    heads = ("operation", "largest", "range", "saturated", "error", "relative")
    return table_lines(heads, rows, rule=False)
