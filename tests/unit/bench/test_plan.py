from dataclasses import replace
from pathlib import Path

import pytest

from hil.bench.plan import plan
from hil.errors import ModelError
from hil.lab.boards import builtin_lab
from hil.models.catalog import ModelLibrary, find_model

BOARDS = builtin_lab().boards


def names(models: str | None) -> list[str]:
    return [case.image_name for case in plan(BOARDS, models)]


def test_every_board_runs_every_image_of_its_kind() -> None:
    everything = names(None)
    assert {"fastgrnn_digits/f32", "fastgrnn_digits/q15", "fastgrnn_vowels/f32"} <= set(everything)
    assert everything == sorted(everything)
    assert plan(BOARDS, None)[0].id == f"qemu-{everything[0]}"


def test_a_glob_chooses_models_or_images() -> None:
    precisions = find_model("fastgrnn_digits").precisions
    assert names("fastgrnn_digits") == [f"fastgrnn_digits/{one}" for one in precisions]
    assert names("*_vowels/q15, fastgrnn_digits/f*") == ["fastgrnn_digits/f32", "fastgrnn_vowels/q15"]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("fastgrnn_digit", "did you mean 'fastgrnn_digits'?"),
        ("fastgrnn_digits,zzz", "no image matches --model=zzz"),
        (",", "--model names no model"),
    ],
)
def test_a_glob_that_matches_nothing_is_an_error_with_a_hint(models: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        plan(BOARDS, models)
    assert said in str(caught.value)


def test_own_models_are_planned_before_their_images_exist() -> None:
    library = ModelLibrary(Path(__file__).parents[3] / "examples" / "own_model" / "models")
    (case,) = plan(BOARDS, "nearest", library)
    assert case.id == "qemu-nearest/q15"
    assert case.precision == "q15"
    assert case.own == library.find("nearest")
    assert case.elf.parent == case.own.folder / "images" / BOARDS[0].kind.name
    names = [case.image_name for case in plan(BOARDS, None, library)]
    assert names[-1] == "nearest/q15"
    assert "fastgrnn_digits/q15" in names
    assert all(case.own is None for case in plan(BOARDS, "fastgrnn_*", library))
    with pytest.raises(ModelError, match="did you mean 'nearest'"):
        plan(BOARDS, "nearst", library)


def test_a_board_with_a_link_of_its_own_takes_no_other() -> None:
    chosen = tuple(replace(board, link="probe") for board in BOARDS)
    assert any(case.over_uart for case in plan(BOARDS, "fastgrnn_digits"))
    assert not any(case.over_uart for case in plan(chosen, "fastgrnn_digits"))


def test_a_broken_model_is_a_case_that_says_so_where_it_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "model.json").write_text("{")
    library = ModelLibrary(tmp_path)
    assert plan(BOARDS, "fastgrnn_digits", library) == plan(BOARDS, "fastgrnn_digits")
    for chosen in (None, "cut", "c*/q15", "fastgrnn_digits,cut"):
        *others, cut = plan(BOARDS, chosen, library)
        assert all(case.broken is None for case in others)
        assert (cut.id, cut.model, cut.precision) == ("qemu-cut", "cut", "-")
        assert isinstance(cut.broken, ModelError)
        assert "description of model cut is damaged" in str(cut.broken)
    with pytest.raises(ModelError, match="did you mean 'cut'"):
        plan(BOARDS, "cutt", library)


def test_a_model_that_takes_a_name_of_the_labs_hides_neither(tmp_path: Path) -> None:
    own = Path(__file__).parents[3] / "examples" / "own_model" / "models" / "nearest"
    text = (own / "model.json").read_text().replace('"nearest"', '"fastgrnn_digits"')
    (tmp_path / "fastgrnn_digits").mkdir()
    (tmp_path / "fastgrnn_digits" / "model.json").write_text(text)
    cases = plan(BOARDS, "fastgrnn_digits", ModelLibrary(tmp_path))
    assert [case.id for case in cases[:-1]] == [case.id for case in plan(BOARDS, "fastgrnn_digits")]
    assert "has the name of one that comes with the lab" in str(cases[-1].broken)
