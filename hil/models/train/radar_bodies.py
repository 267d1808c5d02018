"""What walks in front of the synthetic radar: people and four-legged animals as moving point scatterers.

A body is a set of points with a radar cross-section each. A walker's frame has its origin on the ground
below the trunk, x along the direction it walks in and z up. Feet stand still on the ground while they carry
weight and overtake the trunk while they swing, which is where the wide micro-Doppler of a gait comes from.
Speed and stride of people follow Boulic, Thalmann and Thalmann, A global human walking model, The Visual
Computer 6, 1990; sizes and cross-sections are rough figures, drawn anew for each body. Nothing was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """A walker over time: ``points`` (K, N, 3) in metres, in its own frame that moves at ``speed``.

    ``cross_sections`` (K,) in square metres; ``speed`` in m/s along x; ``stride_hz`` is the rate of cycles.
    """

    points: Floats
    cross_sections: Floats
    speed: float
    stride_hz: float


def human(rng: np.random.Generator, times: Floats) -> Body:
    """A person who walks at 0.7 to 1.9 m/s: trunk, head, two arms that swing, two legs that step."""
    height = rng.uniform(1.5, 1.95)
    speed = rng.uniform(0.7, 1.9)
    hip = 0.53 * height
    stride_hz = speed / (1.346 * np.sqrt(speed * hip)) * rng.uniform(0.92, 1.08)
    stride = speed / stride_hz
    phase = rng.uniform(0.0, 1.0) + stride_hz * times
    duty = rng.uniform(0.56, 0.64)
    surge = rng.uniform(0.015, 0.03) * np.sin(4 * np.pi * phase)
    bob = rng.uniform(0.01, 0.03) * np.cos(4 * np.pi * phase)
    trunk = [_at(surge, share * height + bob) for share in (0.58, 0.72)]
    points = [*trunk, _at(0.7 * surge, 0.93 * height + bob)]
    sections = [0.25, 0.35, 0.04]
    swing = rng.uniform(0.18, 0.38)
    for side in (0.0, 0.5):
        foot = _foot(phase + side, stride, duty)
        lift = 0.12 * _lift(phase + side, duty)
        points += [
            _at(foot, 0.06 + lift),
            _at(0.75 * foot, 0.15 + lift),
            _at(0.5 * foot, 0.5 * hip + lift / 2),
        ]
        sections += [0.08, 0.12, 0.12]
        arm = -swing * np.cos(2 * np.pi * (phase + side))  # against the leg of its side
        points += [_at(surge + 0.5 * arm, 0.62 * height + bob), _at(surge + arm, 0.46 * height + bob)]
        sections += [0.04, 0.05]
    scale = rng.uniform(0.6, 1.4) * (height / 1.75) ** 2 * rng.uniform(0.7, 1.3, len(sections))
    return Body(np.stack(points), np.array(sections) * scale, speed, float(stride_hz))


def animal(rng: np.random.Generator, times: Floats) -> Body:
    """A four-legged animal, 0.3 to 0.65 m at the shoulder, that walks or trots at 0.5 to 2.4 m/s."""
    shoulder = rng.uniform(0.3, 0.65)
    length = shoulder * rng.uniform(1.0, 1.3)
    froude = rng.uniform(0.05, 0.9)  # v^2 / (g h): quadrupeds start to trot at about a half
    speed = float(np.clip(np.sqrt(froude * 9.81 * shoulder), 0.5, 2.4))
    trots = froude > 0.45
    stride = shoulder * (2.4 * froude**0.3) * rng.uniform(0.9, 1.1)
    stride_hz = speed / stride
    phase = rng.uniform(0.0, 1.0) + stride_hz * times
    duty = rng.uniform(0.42, 0.52) if trots else rng.uniform(0.6, 0.7)
    bob = shoulder * rng.uniform(0.01, 0.03) * np.cos(4 * np.pi * phase)
    points = [_at(place * length + 0 * phase, 0.85 * shoulder + bob) for place in (-0.5, 0.0, 0.5)]
    nod = shoulder * rng.uniform(0.01, 0.05) * np.sin(2 * np.pi * phase)
    points.append(_at(0.8 * length + nod, 1.05 * shoulder + bob))
    sections = [0.05, 0.08, 0.06, 0.02]
    order = (0.0, 0.5, 0.5, 0.0) if trots else (0.0, 0.5, 0.25, 0.75)
    for hip, side in zip((-0.5, -0.5, 0.5, 0.5), order, strict=True):
        foot = _foot(phase + side, stride, duty)
        lift = 0.15 * shoulder * _lift(phase + side, duty)
        points += [
            _at(hip * length + foot, 0.05 + lift),
            _at(hip * length + 0.5 * foot, 0.4 * shoulder + lift),
        ]
        sections += [0.004, 0.008]
    scale = rng.uniform(0.6, 1.4) * (shoulder / 0.5) ** 2 * rng.uniform(0.7, 1.3, len(sections))
    return Body(np.stack(points), np.array(sections) * scale, speed, float(stride_hz))


def _at(x: Floats, z: Floats | float) -> Floats:
    """A point (N, 3) on the walker's middle plane."""
    return np.stack([x, np.zeros_like(x), np.broadcast_to(z, x.shape)], axis=1)


def _foot(phase: Floats, stride: float, duty: float) -> Floats:
    """Where a foot is ahead of its hip, in metres: it rests on the ground for ``duty`` of each cycle.

    In the walker's frame a resting foot moves back at the walking speed; a swinging one comes forward by a
    raised cosine in speed, so that position and speed are continuous.
    """
    cycle = phase % 1.0
    rests = -cycle
    moved = np.clip((cycle - duty) / (1.0 - duty), 0.0, 1.0)
    swings = moved - np.sin(2 * np.pi * moved) / (2 * np.pi)
    return np.asarray(stride * (rests + swings + duty / 2))


def _lift(phase: Floats, duty: float) -> Floats:
    """How high a foot is, 0 (on the ground) to 1."""
    moved = np.clip((phase % 1.0 - duty) / (1.0 - duty), 0.0, 1.0)
    return np.asarray(np.sin(np.pi * moved) ** 2)
