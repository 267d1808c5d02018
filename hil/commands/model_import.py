"""`hil model import`: a trainer's weights and vectors become a model folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hil.errors import ModelError

HELP = "a trainer's weights and vectors -> a model folder"
_GATES = "quantSigm, quantSigm4, quantTanh, relu, sigmoid, tanh"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The weights and how to read them, the vectors and what belongs to each, and where the model goes."""
    parser.description = "docs/import.md has all."
    parser.add_argument("weights", type=Path, metavar="PATH", help="a folder of .npy files, or one .npz")
    parser.add_argument("--cell", required=True, metavar="CELL", help="fastgrnn, fastrnn or rnnpool")
    parser.add_argument("--name", required=True, help="what to call the model")
    parser.add_argument("--gate", metavar="FUNCTION", help=f"of fastgrnn and rnnpool: {_GATES}")
    parser.add_argument("--update", required=True, metavar="FUNCTION", help="the same choice")
    parser.add_argument(
        "--vectors",
        required=True,
        type=Path,
        metavar="X.npy",
        help="(vectors, steps, features), or ragged .npz",
    )
    parser.add_argument("--labels", type=Path, metavar="y.npy", help="the number of each vector's class")
    parser.add_argument(
        "--targets",
        type=Path,
        metavar="y.npy",
        help="of a regression: (vectors, outputs), what should come out",
    )
    parser.add_argument(
        "--expect", type=Path, metavar="logits.npy", help="what your trainer gives for the vectors: compared"
    )
    parser.add_argument("--precision", default="f32,q15,q7", metavar="P[,P]", help="default: f32,q15,q7")
    parser.add_argument("--layout", choices=("rows", "cols"), help="y = Wx or y = xW; mostly inferred")
    parser.add_argument(
        "--squashed", action="store_true", help="zeta, nu (alpha, beta) lie in 0 to 1 already"
    )
    parser.add_argument("--out", type=Path, default=Path("models"), metavar="DIR", help="default: models")


def run(options: argparse.Namespace) -> int:
    """Write the model's folder, build its images for the emulated board and print a report."""
    from hil.build.footprint import elsewhere, footprints
    from hil.commands.reports.model_import import report_lines
    from hil.kinds import IMAGE_KINDS
    from hil.models.catalog import ModelLibrary
    from hil.models.importer.bring import bring
    from hil.models.importer.request import Request
    from hil.text.progress import steps
    from hil.values import Precision, precisions_of

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
    first, *others = IMAGE_KINDS
    with steps(sys.stderr, "built") as progress:
        built = footprints(imported.spec, first, ModelLibrary(options.out), progress)
    taken = [built, *(elsewhere(built, imported.spec, kind) for kind in others)]
    print("\n".join(report_lines(imported, options.out, taken)))
    return 0
