"""`hil bench kernels` on a real QEMU: counts below the reference's, and nothing counted that is not exact."""

from __future__ import annotations

import pytest

from hil.bench import kernels
from hil.bench.kernels import WORKLOADS, count, table_lines
from hil.errors import ImageError
from hil.text.progress import silent
from hil.values import Precision

pytestmark = pytest.mark.emulated

MSC_LOWER = [work for work in WORKLOADS if work.model == "perf_msc_lower"]
WIDER = [work for work in WORKLOADS if work.model == "perf_wider"]


def test_the_counts_stand_beside_the_reference() -> None:
    told: list[tuple[int, int, str]] = []
    rows = list(count(lambda *step: told.append(step), [*MSC_LOWER, *WIDER]))
    assert told[0] == (1, 6, "perf_msc_lower/f32")
    assert told[-1] == (6, 6, "perf_wider/q7")
    lower, wider = (row.instructions for row in rows)
    # The ceilings of this version; the figures lie well below.
    assert 26_592 < lower[Precision.Q15] < 100_000
    assert lower[Precision.F32] < 210_000
    assert lower[Precision.Q7] < 1.3 * 100_000
    assert 16_384 < wider[Precision.Q15] < 55_000
    assert wider[Precision.F32] < 110_000
    assert wider[Precision.Q7] < 1.3 * 55_000
    lines = table_lines(rows)
    assert len(lines) == (2 + 2 + 4) + (1 + 2 + 2 + 3)
    cycles = rows[0].cycles[Precision.Q15]
    assert lower[Precision.Q15] < cycles.value < 2.5 * lower[Precision.Q15]
    assert f"{cycles.value:,.0f}" in lines[2 + 2 + 4 + 1 + 2]


def test_an_image_that_is_not_exact_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = kernels.load_vectors

    def spoilt(model: str, precision: Precision) -> object:
        held = vectors(model, precision)
        held.goldens[0, 0] += 1
        return held

    monkeypatch.setattr(kernels, "load_vectors", spoilt)
    with pytest.raises(ImageError, match="perf_msc_lower/f32 does not give what the golden reference gives"):
        list(count(silent, MSC_LOWER))
