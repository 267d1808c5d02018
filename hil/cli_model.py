"""`hil model`: bring a model of your own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ModelError
from hil.kinds import KINDS
from hil.text.progress import steps
from hil.text.table import table_lines
from hil.values import Method, Precision

if TYPE_CHECKING:
    from hil.build.footprint import Footprints
    from hil.models.importer.audit import Operation
    from hil.models.importer.bring import Imported

_GATES = "quantSigm, quantSigm4, quantTanh, relu, sigmoid, tanh"


def precisions_of(text: str | None) -> list[Precision]:
    """The precisions in a comma-separated list; ModelError for one that there is not."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in list(Precision):
            raise ModelError(f"unknown precision {name!r}", remedy=f"choose from {', '.join(Precision)}")
    return [Precision(name) for name in names]


def add_parser(commands: Any) -> None:
    """Register `hil model import`."""
    model = commands.add_parser("model", help="bring a model of your own")
    model.set_defaults(command=lambda _: model.print_help())
    actions = model.add_subparsers(metavar="ACTION")
    importer = actions.add_parser(
        "import",
        help="a trainer's weights and vectors -> a model folder",
        description="docs/import.md has all.",
    )
    importer.add_argument("weights", type=Path, metavar="PATH", help="a folder of .npy files, or one .npz")
    importer.add_argument("--cell", required=True, metavar="CELL", help="fastgrnn, fastrnn or rnnpool")
    importer.add_argument("--name", required=True, help="what to call the model")
    importer.add_argument("--gate", metavar="FUNCTION", help=f"of fastgrnn and rnnpool: {_GATES}")
    importer.add_argument("--update", required=True, metavar="FUNCTION", help="the same choice")
    importer.add_argument(
        "--vectors",
        required=True,
        type=Path,
        metavar="X.npy",
        help="(vectors, steps, features), or ragged .npz",
    )
    importer.add_argument("--labels", type=Path, metavar="y.npy", help="the number of each vector's class")
    importer.add_argument(
        "--targets",
        type=Path,
        metavar="y.npy",
        help="of a regression: (vectors, outputs), what should come out",
    )
    importer.add_argument(
        "--expect", type=Path, metavar="logits.npy", help="what your trainer gives for the vectors: compared"
    )
    importer.add_argument("--precision", default="f32,q15,q7", metavar="P[,P]", help="default: f32,q15,q7")
    importer.add_argument("--layout", choices=("rows", "cols"), help="y = Wx or y = xW; mostly inferred")
    importer.add_argument(
        "--squashed", action="store_true", help="zeta, nu (alpha, beta) lie in 0 to 1 already"
    )
    importer.add_argument("--out", type=Path, default=Path("models"), metavar="DIR", help="default: models")
    importer.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> int:
    from hil.build.footprint import footprints
    from hil.image import prebuilt_dir
    from hil.models.catalog import ModelLibrary
    from hil.models.importer.bring import bring
    from hil.models.importer.request import Request

    chosen = precisions_of(options.precision)
    if not chosen:
        raise ModelError("--precision names none", remedy=f"choose from {', '.join(Precision)}")
    imported = bring(
        Request(
            weights=options.weights,
            cell=options.cell,
            name=options.name,
            gate=options.gate,
            update=options.update,
            vectors=options.vectors,
            labels=options.labels,
            out=options.out,
            precisions=tuple(one for one in Precision if one in chosen),
            layout=options.layout,
            squashed=options.squashed,
            targets=options.targets,
            expect=options.expect,
        )
    )
    with steps(sys.stderr, "built") as progress:
        taken = [
            footprints(imported.spec, kind, ModelLibrary(options.out), progress)
            for kind in KINDS
            if prebuilt_dir(kind).is_dir()
        ]
    print("\n".join(report_lines(imported, options.out, taken)))
    return 0


def report_lines(imported: Imported, out: Path, taken: Sequence[Footprints] = ()) -> list[str]:
    """What `hil model import` prints: an audit per fixed-point precision, accuracies, what the images take of
    each kind of board, and what comes next.
    """
    from hil.errors import cut
    from hil.models.importer.bring import errors_text

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
    lines += [f"accuracy {precision}: {share:.2%}" for precision, share in imported.accuracy.items()]
    lines += [""] if imported.errors else []
    lines += [f"{precision}: {errors_text(errors)}" for precision, errors in imported.errors.items()]
    lines += [line for one in taken for line in ["", *size_lines(one)]]
    small = [image.precision for one in taken for image in one.images if image.fits]
    name = spec.name
    if taken and len(small) < len(spec.precisions):
        name = ",".join(f"{spec.name}/{precision}" for precision in small)
    after = f"pytest --board=all --model={name} --models-dir={out}" if name else "a smaller model"
    return [*lines, "", f"written: {spec.folder}", f"next: {after}"]


def size_lines(taken: Footprints) -> list[str]:
    """What the images of a model take of one kind of board, and how that is known."""
    from hil.build.footprint import FLASH_WITHIN, RAM_WITHIN

    lines = [f"{image.precision}: {image}" for image in taken.images]
    kind = taken.images[0].kind
    ways = {image.method for image in taken.images}
    told = {
        Method.COUNTED: "counted from the images built",
        Method.ESTIMATED: f"estimated from the arrays, to {FLASH_WITHIN / 1024:g} KB of flash and "
        f"{RAM_WITHIN / 1024:g} of RAM",
    }
    how = ", the others ".join(told[way] for way in told if way in ways)
    lines.append(f"of {kind}, {how}; RAM with the stack's reserve")
    return [*lines, *([f"not built: {taken.missing}"] if taken.missing else [])]


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
                f"{one.saturated:.2%}" if one.saturated else "none",
                f"{one.error:.2g}",
                f"{relative:.2%}",
            )
        )
    heads = ("operation", "largest", "range", "saturated", "error", "relative")
    return table_lines(heads, rows, rule=False)
