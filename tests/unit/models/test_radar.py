"""The synthetic radar: its physics, its repeatability, and that strength alone does not solve the task."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hil.models.train.radar import (
    CLASSES,
    LARGEST,
    MIDDLE,
    SAMPLE_HZ,
    SAMPLES,
    WAVELENGTH,
    Bags,
    echo,
    foliage,
    make_bags,
    rain,
    receive,
    times,
    walking,
)
from hil.models.train.radar_bodies import Body, animal, human

Complex = npt.NDArray[np.complex128]


@pytest.fixture(scope="module")
def bags() -> Bags:
    return make_bags(7, 300)


def spectrum(signal: Complex) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Frequencies in Hz, sorted, and the share of the power at each."""
    power = np.abs(np.fft.fft(signal * np.hanning(len(signal)))) ** 2
    hertz = np.fft.fftfreq(len(signal), 1 / SAMPLE_HZ)
    order = np.argsort(hertz)
    return hertz[order], power[order] / power.sum()


@pytest.mark.parametrize("speed", [0.4, 1.0, 2.3])
@pytest.mark.parametrize(("heading", "sign"), [(np.pi, 1.0), (0.0, -1.0)])
def test_a_radial_speed_turns_the_phase_at_twice_itself_over_the_wavelength(
    speed: float, heading: float, sign: float
) -> None:
    at = times()
    body = Body(np.zeros((1, SAMPLES, 3)), np.ones(1), speed, 1.0)
    hertz, share = spectrum(echo(walking(body, 8.0, heading, 0.0, at), body.cross_sections))
    assert abs(hertz[share.argmax()] - sign * 2 * speed / WAVELENGTH) <= SAMPLE_HZ / SAMPLES


def test_walking_across_shows_the_cosine() -> None:
    at, speed, angle = times(), 1.5, np.deg2rad(120)
    body = Body(np.zeros((1, SAMPLES, 3)), np.ones(1), speed, 1.0)
    ranges = walking(body, 50.0, angle, 0.0, at)
    assert np.diff(ranges[0]).mean() * SAMPLE_HZ == pytest.approx(speed * np.cos(angle), rel=0.02)
    assert ranges[0, SAMPLES // 2] == pytest.approx(50.0, abs=0.01)


def test_an_echo_falls_with_the_square_of_the_range() -> None:
    near, far = (np.abs(echo(np.full((1, 1), r), np.array([1.0]))[0]) for r in (3.0, 6.0))
    assert near / far == pytest.approx(4.0)
    strong = np.abs(echo(np.full((1, 1), 3.0), np.array([9.0]))[0])
    assert strong / near == pytest.approx(3.0)


def test_half_a_wavelength_is_a_full_turn() -> None:
    ranges = 4.0 + WAVELENGTH / 2 * np.array([[0.0, 0.5, 1.0]])
    turns = np.angle(echo(ranges, np.ones(1)) / echo(ranges[:, :1], np.ones(1)))
    assert np.abs(turns[1]) == pytest.approx(np.pi, abs=0.01)
    assert turns[2] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(("make", "points"), [(human, 13), (animal, 12)])
def test_feet_rest_on_the_ground_and_overtake_the_body(make: object, points: int) -> None:
    at = np.arange(2048) / 1024.0
    for seed in range(20):
        body: Body = make(np.random.default_rng(seed), at)  # type: ignore[operator]
        assert body.points.shape == (points, len(at), 3)
        assert body.cross_sections.shape == (points,)
        assert np.abs(np.diff(body.points, axis=1)).max() < 0.02  # nothing jumps: at most 20 m/s
        over_ground = np.diff(body.points[:, :, 0], axis=1) * 1024.0 + body.speed
        height = body.points[:, :-1, 2]
        low = height.min(axis=1) < 0.1
        for foot in np.flatnonzero(low):
            rests = height[foot] <= height[foot].min() + 1e-6
            assert 0.3 < rests.mean() < 0.8
            assert np.abs(np.median(over_ground[foot][rests])) < 0.01 * body.speed
            assert over_ground[foot].max() > 2.0 * body.speed


def test_animals_step_faster_and_reflect_less() -> None:
    people = [human(np.random.default_rng(seed), times()) for seed in range(200)]
    animals = [animal(np.random.default_rng(seed), times()) for seed in range(200)]
    assert np.median([b.stride_hz for b in animals]) > 1.4 * np.median([b.stride_hz for b in people])
    sections = [np.median([b.cross_sections.sum() for b in kind]) for kind in (people, animals)]
    assert sections[1] < 0.4 * sections[0]
    assert 0.6 < np.median([b.stride_hz for b in people]) < 1.3  # people take two steps a second


def test_wind_is_slow_and_rain_is_not() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        for make, low, high in ((foliage, 0.0, 20.0), (rain, 20.0, SAMPLE_HZ / 2)):
            signal = make(rng, times())
            assert np.mean(np.abs(signal) ** 2) == pytest.approx(1.0)
            hertz, share = spectrum(signal)
            assert low <= (share * np.abs(hertz)).sum() <= high


def test_the_converter_clips_at_its_ends() -> None:
    rng = np.random.default_rng(0)
    counts = receive(rng, np.full(SAMPLES, 5000.0 - 5000.0j), 1.0)
    assert counts.dtype == np.int16
    assert (counts[:, 0] == LARGEST).all()
    assert (counts[:, 1] == 0).all()
    quiet = receive(rng, np.zeros(SAMPLES, complex), 5.0)
    assert np.abs(quiet - MIDDLE).max() < 150


def test_bags_are_counts_with_classes_in_turn(bags: Bags) -> None:
    assert bags.counts.shape == (300, SAMPLES, 2)
    assert bags.counts.min() >= 0
    assert bags.counts.max() <= LARGEST
    assert bags.labels.tolist() == [number % len(CLASSES) for number in range(300)]
    assert not bags.present[bags.labels == 0].any()
    seen = bags.present[bags.labels > 0].mean(axis=1)
    assert seen.min() > 0.55
    assert 0.15 < (seen < 1.0).mean() < 0.45


def test_a_seed_gives_the_same_bags_and_another_gives_others(bags: Bags) -> None:
    again, other = make_bags(7, 12), make_bags(8, 12)
    assert again.counts.tobytes() == bags.counts[:12].tobytes()
    assert not (other.counts == again.counts).all(axis=(1, 2)).any()


def threshold_accuracy(feature: npt.NDArray[np.float64], wanted: npt.NDArray[np.bool_]) -> float:
    """The best that one threshold on one feature does, either way round."""
    cuts = np.unique(feature)
    right = [np.mean((feature > cut) == wanted) for cut in cuts]
    return float(max(*right, *(1.0 - np.array(right))))


def test_strength_alone_does_not_tell_the_classes(bags: Bags) -> None:
    strength = bags.counts.astype(float).std(axis=1).sum(axis=1)
    targets = bags.labels > 0
    assert threshold_accuracy(strength, targets) < 0.8  # a third is clutter: 0.67 is for nothing
    assert threshold_accuracy(strength[targets], bags.labels[targets] == 1) < 0.7


def test_walkers_bring_doppler_that_clutter_mostly_has_not(bags: Bags) -> None:
    """What there is to learn: the share of power above 15 Hz."""
    signal = bags.counts[:, :, 0] + 1j * bags.counts[:, :, 1]
    fast = []
    for one in signal - signal.mean(axis=1, keepdims=True):
        hertz, share = spectrum(one)
        fast.append(share[np.abs(hertz) > 15.0].sum())
    found = np.array(fast)
    assert np.median(found[bags.labels == 0]) < 0.3
    assert np.median(found[bags.labels > 0]) > 0.7
