import pytest

from hil.bench.plan import plan
from hil.errors import ModelError
from hil.lab import builtin_lab

BOARDS = builtin_lab().boards


def names(models: str | None) -> list[str]:
    return [case.image_name for case in plan(BOARDS, models)]


def test_every_board_runs_every_image_of_its_kind() -> None:
    everything = names(None)
    assert {"fastgrnn_digits/f32", "fastgrnn_digits/q15", "fastgrnn_vowels/f32"} <= set(everything)
    assert everything == sorted(everything)
    assert plan(BOARDS, None)[0].id == f"qemu-{everything[0]}"


def test_a_glob_chooses_models_or_images() -> None:
    assert names("fastgrnn_digits") == ["fastgrnn_digits/f32", "fastgrnn_digits/q15"]
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
