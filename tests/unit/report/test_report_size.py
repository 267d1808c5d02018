"""How large a report gets, and what is left out of one that would be larger."""

from __future__ import annotations

import pytest

from hil.report.data import Report
from hil.report.page import MOST_BYTES, page
from hil.report.reading import read_report
from report_runs import read
from seeded import Planted, Seeded, make

SLOWER = Planted(290, "latency_cycles", 1.2, model="fastgrnn_model_03", precision="q15")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A run of 36 images, 300 runs of history, profiles and symbols of both sides of the comparison."""
    folder = tmp_path_factory.mktemp("seeded")
    url = f"sqlite:///{folder}/results.db"
    make(url, Seeded(300, 36, profiled=21, planted=(SLOWER,)))
    return read_report(url, "latest", "280", None, folder, 300)


def test_36_images_of_300_runs_are_whole_in_5_megabytes(seeded: Report) -> None:
    text = page(seeded)
    assert MOST_BYTES == 5_000_000
    assert 1_000_000 < len(text.encode()) <= MOST_BYTES
    assert "left out" not in read(text).text
    assert text.count('class="flame"') == 36 + 1  # and the difference of the one that changed
    assert text.count('class="map"') == 2 * 36
    assert text.count('class="plot"') == len(seeded.series) == 36 * 18


@pytest.mark.parametrize("most", [1_500_000, 800_000])
def test_what_changed_is_left_out_last(seeded: Report, most: int) -> None:
    text = page(seeded, most)
    told = read(text).text
    assert len(text.encode()) <= most
    assert "series of what did not change are left out" in told
    assert text.count('class="plot"') < 36 * 18
    assert '<figure class="series worse" data-name="qemu fastgrnn_model_03/q15">' in text
    assert "What changed since the baseline" in told
    assert all(image.case.told in told for image in seeded.images)
