"""Two sessions against each other, and the noise between sessions of one image."""

from __future__ import annotations

import numpy as np
import pytest

from hil.measure.paired import LEAST_REPEATS, floor, paired


def vectors(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(100, 10_000, 300)


def test_every_vector_is_compared_with_itself() -> None:
    random = np.random.default_rng(1)
    before = vectors()
    after = before * 1.01 * random.lognormal(0, 0.01, 300)
    shift = paired(before, after)
    assert np.exp(shift.log_ratio) == pytest.approx(1.01, abs=4 * shift.standard_error)
    assert 0.0004 < shift.standard_error < 0.001  # 1 % over the root of 300


def test_outliers_move_it_little() -> None:
    before = vectors()
    after = before.copy()
    after[::50] *= 1000
    shift = paired(before, after)
    assert shift.log_ratio == pytest.approx(0, abs=0.01)


def test_its_error_holds_the_share_it_promises() -> None:
    beyond = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        noise = random.normal(0, 0.01, 400)
        for at in range(1, 400):
            noise[at] += 0.5 * noise[at - 1]
        before = vectors()[:300]
        shift = paired(before, before * np.exp(noise[100:]))
        beyond += abs(shift.log_ratio) > 3 * shift.standard_error
    assert beyond <= 4  # 0.3 % of a normal distribution


def test_equal_sessions_have_no_error() -> None:
    assert paired(vectors(), 2 * vectors()).standard_error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1, 2, 3], [1, 2]),
        ([1, 2], [1, 2]),
        ([1, 2, 0], [1, 2, 3]),
        ([1, 2, 3], [1, 2, np.nan]),
        ([[1, 2, 3]], [[1, 2, 3]]),
    ],
)
def test_what_makes_no_pairs_is_refused(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pairs|above 0"):
        paired(before, after)


def test_the_floor_is_the_noise_within_images() -> None:
    random = np.random.default_rng(3)
    images = [level * random.lognormal(0, 0.02, 10) for level in (1.0, 50.0, 3e6)]
    found = floor(images)
    assert found is not None
    assert found.repeats == 27
    assert found.sigma == pytest.approx(0.02, rel=0.3)


def test_one_session_an_image_tells_no_noise() -> None:
    assert floor([[1.0], [2.0], [3.0]] * 10) is None
    assert floor([[1.0] * LEAST_REPEATS]) is None
    assert floor([[1.0] * (LEAST_REPEATS + 1)]) is not None


def test_a_value_of_nothing_has_no_noise() -> None:
    with pytest.raises(ValueError, match="above 0"):
        floor([[1.0, 0.0]])
