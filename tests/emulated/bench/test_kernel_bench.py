"""`hil bench kernels` on a real QEMU: counts below the reference's, and nothing counted that is not exact."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bench import kernels
from hil.bench.kernels import WORKLOADS, Counted, count, table_lines
from hil.errors import ImageError
from hil.text.progress import silent
from hil.values import Precision

pytestmark = pytest.mark.emulated

MSC_LOWER = [work for work in WORKLOADS if work.model == "perf_msc_lower"]
README = Path(__file__).parents[3] / "README.md"


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int, str]]:
    """The steps of the count, as they were told."""
    return []


@pytest.fixture(scope="module")
def rows(told: list[tuple[int, int, str]]) -> dict[str, Counted]:
    """All workloads, counted once."""
    found = list(count(lambda *step: told.append(step)))
    return {row.workload.model: row for row in found}


def test_every_step_is_told(rows: dict[str, Counted], told: list[tuple[int, int, str]]) -> None:
    total = len(WORKLOADS) * len(Precision)
    assert [number for number, *_ in told] == list(range(1, total + 1))
    assert told[0] == (1, total, "perf_har2/f32")
    assert told[-1] == (total, total, "perf_face_m4/q7")


def test_the_counts_are_below_the_ceilings(rows: dict[str, Counted]) -> None:
    lower, wider = (rows[model].instructions for model in ("perf_msc_lower", "perf_wider"))
    # The ceilings of this version; the figures lie well below.
    assert 26_592 < lower[Precision.Q15] < 100_000
    assert lower[Precision.F32] < 210_000
    assert lower[Precision.Q7] < 1.3 * 100_000
    assert 16_384 < wider[Precision.Q15] < 55_000
    assert wider[Precision.F32] < 110_000
    assert wider[Precision.Q7] < 1.3 * 55_000
    cycles = rows["perf_msc_lower"].cycles[Precision.Q15]
    assert lower[Precision.Q15] < cycles.value < 2.5 * lower[Precision.Q15]


def test_the_readme_shows_what_the_command_prints(rows: dict[str, Counted]) -> None:
    instructions, _, cycles, _ = "\n".join(table_lines(list(rows.values()))).split("\n\n")
    assert f"```text\n{instructions}\n\n{cycles}\n```" in README.read_text()


def test_an_image_that_is_not_exact_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = kernels.load_vectors

    def spoilt(model: str, precision: Precision) -> object:
        held = vectors(model, precision)
        held.goldens[0, 0] += 1
        return held

    monkeypatch.setattr(kernels, "load_vectors", spoilt)
    with pytest.raises(ImageError, match="perf_msc_lower/f32 does not give what the golden reference gives"):
        list(count(silent, MSC_LOWER))
