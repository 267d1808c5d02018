"""The README's picture: the report that it is drawn of, and the file that is committed."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from report_picture import MOST_BYTES, PICTURE, WANTED, report
from report_runs import read

PROJECT = Path(__file__).parents[3]


def test_the_data_have_what_the_picture_shows(tmp_path: Path) -> None:
    text = read(report(tmp_path).read_text(encoding="utf-8")).text
    for told in (
        "Worse than run 117. 9 images: 1 regression, 1 improvement, 7 unchanged.",
        "dot_product 4,614 -> 8,490 cycles an inference",
        "tanh_table 520 -> 1,760 B",
        "+3,876 dot_product",
        "+1,240 tanh_table",
    ):
        assert told in text
    assert all(model in text for model in WANTED.models)


def test_the_picture_is_committed_small_and_in_the_readme() -> None:
    held = PICTURE.read_bytes()
    assert len(held) <= MOST_BYTES
    with Image.open(io.BytesIO(held)) as picture:
        assert picture.format == "PNG"
        assert picture.width <= 1280
    assert f"]({PICTURE.relative_to(PROJECT)})" in (PROJECT / "README.md").read_text()
