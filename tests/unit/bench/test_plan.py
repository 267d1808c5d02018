from pathlib import Path

import pytest

from hil.bench.plan import plan
from hil.errors import ModelError
from hil.lab import builtin_lab
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


def test_a_broken_model_stops_only_those_who_ask_for_it(tmp_path: Path) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "model.json").write_text("{")
    library = ModelLibrary(tmp_path)
    assert plan(BOARDS, "fastgrnn_digits", library) == plan(BOARDS, "fastgrnn_digits")
    for chosen in (None, "cut", "c*/q15", "fastgrnn_digits,cut"):
        with pytest.raises(ModelError, match="description of model cut is damaged"):
            plan(BOARDS, chosen, library)
