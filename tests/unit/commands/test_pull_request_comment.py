"""The README's example of a pull request's comment is what its script makes today."""

from __future__ import annotations

from pathlib import Path

from pull_request_comment import MARKS, comment, put

README = Path(__file__).parents[3] / "README.md"


def test_the_readme_holds_what_is_made() -> None:
    begins, ends = MARKS
    held = README.read_text(encoding="utf-8").partition(begins)[2].partition(ends)[0]
    assert held == f"\n{comment()}\n", "python benchmarks/pull_request_comment.py README.md"


def test_it_names_who_is_to_blame() -> None:
    made = comment()
    for told in (
        "tanh_table +2,584 cycles",
        "vec_scale +580 B",
        "in tanh_table most by multiply instructions",
    ):
        assert told in made
    assert made.startswith("**HIL bench: worse than before.**")


def test_it_is_put_between_the_marks_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{MARKS[0]}old\n{MARKS[1]}behind\n", encoding="utf-8")
    put(readme)
    assert readme.read_text(encoding="utf-8") == f"before\n{MARKS[0]}\n{comment()}\n{MARKS[1]}behind\n"
