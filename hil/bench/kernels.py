"""Executed instructions of the kernels on the performance workloads, beside those of the public reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from hil.bench.share import share
from hil.board import Board
from hil.errors import ImageError
from hil.image import Image, prebuilt_dir
from hil.lab.boards import BoardSpec, builtin_lab
from hil.metrics import GOLDEN_EXACT, INSTRUCTIONS, LATENCY_CYCLES
from hil.models.catalog import find_model
from hil.models.vectors import load_vectors
from hil.session import Report, Session, first
from hil.text.progress import Progress
from hil.text.table import table_lines as columns
from hil.text.wording import band_percents
from hil.values import Measure, Method, Precision

VECTORS = 2


@dataclass(frozen=True)
class Workload:
    """A performance workload and what the public reference C executes for it, None where it has no such form.

    The reference is microsoft/EdgeML's, built with GCC 12.2 -O3 and hard float, on the same emulated
    Cortex-M4 with the same counter.
    """

    model: str
    title: str
    reference_float: int | None
    reference_q15: int | None


WORKLOADS = (
    Workload("perf_har2", "HAR-2", 6_710_000, 5_460_000),
    Workload("perf_google12", "Google-12", 5_680_000, 4_620_000),
    Workload("perf_wakeword2", "Wakeword-2", 2_410_000, 2_100_000),
    Workload("perf_msc_lower", "MSC lower tier", 427_520, 384_200),
    Workload("perf_vww", "RNNPool VWW block", 243_296, None),
    Workload("perf_wider", "RNNPool WIDER block", None, 333_818),
    Workload("perf_face_m4", "RNNPool Face-M4 block", None, 720_480),
)


@dataclass(frozen=True)
class Counted:
    """Instructions per inference of one workload, the median over its vectors, and multiply-accumulates.

    ``cycles`` are the estimated ones with their bands, empty where nothing estimates them.
    """

    workload: Workload
    macs: int
    instructions: Mapping[Precision, int]
    cycles: Mapping[Precision, Measure] = field(default_factory=dict)


def count(
    progress: Progress, workloads: Sequence[Workload] = WORKLOADS, spec: BoardSpec | None = None
) -> Iterator[Counted]:
    """Run the workloads on emulated boards; ``progress`` is told which is waited for.

    ImageError when an output is not the golden reference's: what is wrong is not worth counting.
    """
    models = {workload.model: find_model(workload.model) for workload in workloads}
    images = [(model.name, precision) for model in models.values() for precision in model.precisions]
    number = 0
    with closing(share(spec or builtin_lab().boards[0], images, _measured)) as reports:
        for workload in workloads:
            model = models[workload.model]
            found: dict[Precision, int] = {}
            cycles: dict[Precision, Measure] = {}
            for precision in model.precisions:
                number += 1
                progress(number, len(images), f"{model.name}/{precision}")
                report = next(reports)
                found[precision] = round(report.value(INSTRUCTIONS.name))
                cycles.update(
                    (precision, one)
                    for one in report.measures
                    if one.metric == LATENCY_CYCLES.name and one.method is Method.ESTIMATED
                )
            assert model.macs is not None, "the lab describes its workloads"
            yield Counted(workload, model.macs, found, cycles)


def _measured(board: Board, image: tuple[str, Precision]) -> Report:
    model, precision = image
    elf = prebuilt_dir(board.kind.name) / f"{model}-{precision}.elf"
    with Session(board, Image.load(elf)) as session:
        report = session.measure(first(load_vectors(model, precision), VECTORS))
    if report.value(GOLDEN_EXACT.name) < 1.0:
        raise ImageError(
            f"{model}/{precision} does not give what the golden reference gives", board=board.name
        )
    return report


_HEADS = (
    *("workload", "MACs", "reference float", "f32", "ratio"),
    *("reference q15", "q15", "ratio", "per MAC", "q7", "per MAC"),
)


def table_lines(rows: Sequence[Counted]) -> list[str]:
    """The tables of instructions and, where there are estimates, of cycles; and how both were obtained."""
    lines = [
        *columns(_HEADS, [_cells(row) for row in rows]),
        "",
        "executed instructions per inference, the median over the workload's vectors, counted; those of",
        "the reference by a 25 MHz timer of which one tick is 40 instructions. f32 computes sigmoid and",
        "tanh, q15 and q7 quantSigm and quantTanh; ratio: how many times fewer than the reference.",
    ]
    if not all(row.cycles for row in rows):
        return lines
    techniques = {measure.technique for row in rows for measure in row.cycles.values()}
    return [
        *lines,
        "",
        *columns(_CYCLE_HEADS, [_cycle_cells(row) for row in rows]),
        "",
        f"cycles of a Cortex-M4 at zero wait states, estimated by {', '.join(sorted(techniques))};",
        "band: where those of silicon are expected",
    ]


_CYCLE_HEADS = ("workload", *(cell for one in Precision for cell in (f"{one} cycles", "band", "per MAC")))


def _cycle_cells(row: Counted) -> list[str]:
    cells = [row.workload.title]
    for precision in Precision:
        one = row.cycles[precision]
        cells += [f"{one.value:,.0f}", _band(one), f"{one.value / row.macs:.2f}"]
    return cells


def _band(measure: Measure) -> str:
    percents = band_percents(measure.value, *measure.band) if measure.band else None
    return f"-{percents[0]}/+{percents[1]}%" if percents else "-"


def _cells(row: Counted) -> list[str]:
    work, counted = row.workload, row.instructions
    cells = [work.title, f"{row.macs:,}"]
    for reference, precision in ((work.reference_float, Precision.F32), (work.reference_q15, Precision.Q15)):
        ours = counted[precision]
        cells += [f"{reference:,}" if reference else "-", f"{ours:,}"]
        cells.append(f"{reference / ours:.1f}" if reference else "-")
    cells.append(f"{counted[Precision.Q15] / row.macs:.2f}")
    return [*cells, f"{counted[Precision.Q7]:,}", f"{counted[Precision.Q7] / row.macs:.2f}"]
