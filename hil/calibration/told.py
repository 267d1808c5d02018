"""Points as people read them: tables of both sides, and what points of one kind come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from hil.calibration.points import INFERENCE, Group, Point
from hil.escaping import escaped
from hil.text.table import table_lines as columns_lines
from hil.text.wording import band_percents, conditions_text

_HEADS = (
    *("model", "precision", "region", "vectors", "measured", "least to most"),
    *("estimated", "band", "measured /\nestimated", "in the\nband"),
)
_LEFT = (0, 1, 2, -1)
NONE_YET = "None yet: nobody has sent cycles that a board of silicon measured."


def table_lines(points: Sequence[Point]) -> list[str]:
    """A table for each group of points, under how either side was obtained, with what it comes to below."""
    lines: list[str] = []
    for group, held in _groups(points):
        lines += ["", *_about(group, held), ""] if lines else [*_about(group, held), ""]
        lines += columns_lines(_HEADS, [_row(point) for point in held], left=_LEFT)
        summed = _summed(held)
        images = "1 image" if len(summed) == 1 else f"{len(summed)} images"
        told = f"measured / estimated {_ratios(summed)}; in the band: {_judged(summed)}"
        lines += ["", f"{images}: {told}"]
    return lines


def markdown_lines(points: Sequence[Point]) -> list[str]:
    """A row for each group, as docs/cycle-model.md has them."""
    if not points:
        return [NONE_YET]
    rows = [
        [_board(group), _measured(group), _estimated(group), str(len(held)), _ratios(held), _judged(held)]
        for group, every in _groups(points)
        for held in [_summed(every)]
    ]
    heads = ["board", "measured", "estimated", "points", "measured / estimated", "in the band"]
    return [_markdown(heads), _markdown(["---"] * len(heads)), *map(_markdown, rows)]


def _markdown(cells: Sequence[str]) -> str:
    if set(cells) == {"---"}:
        return "|" + "|".join(cells) + "|"
    return "| " + " | ".join(escaped(cell).replace("|", "\\|") for cell in cells) + " |"


def _groups(points: Iterable[Point]) -> list[tuple[Group, list[Point]]]:
    found: dict[Group, list[Point]] = defaultdict(list)
    for point in points:
        found[point.group].append(point)
    return sorted(found.items(), key=lambda item: str(item[0]))


def _board(group: Group) -> str:
    return ", ".join(filter(None, (f"`{group.kind}`", group.chip)))


def _about(group: Group, held: Sequence[Point]) -> list[str]:
    chip = f", {group.chip}" if group.chip else ""
    versions = sorted({point.estimated.qemu for point in held if point.estimated.qemu})
    by = f", by QEMU {', '.join(versions)}" if versions else ""
    made_up = ["synthetic: made up, nothing of it was measured"] if group.synthetic else []
    lines = [f"measured on {group.kind}{chip}: {_measured(group)}", f"estimated: {_estimated(group)}{by}"]
    return [escaped(line) for line in (*made_up, *lines)]


def _measured(group: Group) -> str:
    told = conditions_text({"clock_hz": group.clock_hz, **dict(group.conditions)})
    words = ["synthetic"] if group.synthetic else []
    return ", ".join([*words, group.technique, told])


def _estimated(group: Group) -> str:
    return ", ".join(filter(None, (group.model, conditions_text(dict(group.assumed)))))


def _row(point: Point) -> list[str]:
    measured, estimated = point.measured, point.estimated
    spread = "-"
    if measured.least is not None and measured.most is not None:
        spread = f"{_number(measured.least)} to {_number(measured.most)}"
    return [
        escaped(point.model),
        escaped(point.precision),
        escaped(point.region),
        f"{point.vectors:,}",
        _number(measured.cycles),
        spread,
        _number(estimated.cycles),
        _band(point),
        f"{point.ratio:.3f}",
        "not judged" if point.unjudged else {"in": "yes"}.get(point.where, point.where),
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _band(point: Point) -> str:
    estimated = point.estimated
    percents = band_percents(estimated.cycles, estimated.low, estimated.high)
    assert percents is not None, "cycles are above 0"
    return f"-{percents[0]}/+{percents[1]}%"


def _summed(held: Sequence[Point]) -> Sequence[Point]:
    """Those that are summed up: a tier's vectors are some of the inference's, and would count twice."""
    return [point for point in held if point.region == INFERENCE] or held


def _ratios(held: Sequence[Point]) -> str:
    """How many times as long the board took."""
    ratios = sorted(point.ratio for point in held)
    if len(ratios) == 1:
        return f"{ratios[0]:.3f}"
    return f"{ratios[0]:.3f} to {ratios[-1]:.3f}, median {float(np.median(ratios)):.3f}"


def _judged(held: Sequence[Point]) -> str:
    """How many lie in the band; those of one group are all judged, or none is."""
    if (reason := held[0].unjudged) is not None:
        return f"not judged, {reason}"
    return f"{sum(point.where == 'in' for point in held)} of {len(held)}"
