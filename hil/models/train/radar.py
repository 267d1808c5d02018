"""Synthetic pulse-Doppler radar at 5.8 GHz: bags of (I, Q) counts of clutter, of people and of animals.

Everything is computed from physics and drawn from seeds; nothing was recorded. One pulse every 1/256 s; an
echo of amplitude sqrt(cross-section) / r^2 has the phase -4 pi r / lambda (an approaching target turns
forwards), all echoes add up in one receiver with thermal noise, an offset that drifts and slightly unequal
channels, and a 12-bit converter around its middle (2048) clips the sum. Each bag has a scene of its own:
range, direction, gain, noise, wind, foliage, rain and walker.

    clutter     wind-blown foliage (springs and masses that gusts drive), rain, noise, each in any strength
    human       the same background, weaker than the walker, and a person (``radar_bodies.human``)
    non-human   the same, and a four-legged animal (``radar_bodies.animal``)

A walker may be hidden for a part of its bag. Strength says little about the class: range and gain hide it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.models.train.radar_bodies import Body, animal, human

SAMPLE_HZ = 256.0
SAMPLES = 256
WAVELENGTH = 299_792_458.0 / 5.8e9  # m
MIDDLE, LARGEST = 2048, 4095  # of the 12-bit converter
WEAKEST, STRONGEST = 8.0, 60.0  # rms of an echo over that of the noise
CLASSES = ("clutter", "human", "non-human")

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class Bags:
    """``counts`` (N, 256, 2) int16, 0 to 4095, I then Q; ``labels`` (N,) int64, places in ``CLASSES``.

    ``present`` (N, 256) bool: samples in which the walker can be seen, none in clutter.
    """

    counts: npt.NDArray[np.int16]
    labels: npt.NDArray[np.int64]
    present: npt.NDArray[np.bool_]


def make_bags(seed: int, count: int) -> Bags:
    """``count`` bags from one seed, the classes in turn; the same seed gives the same bags."""
    made = [_bag(np.random.default_rng([seed, number]), number % 3) for number in range(count)]
    return Bags(
        counts=np.stack([counts for counts, _ in made]),
        labels=np.arange(count, dtype=np.int64) % 3,
        present=np.stack([present for _, present in made]),
    )


def times(samples: int = SAMPLES) -> Floats:
    """The instants of the pulses, (samples,), in seconds."""
    return np.arange(samples) / SAMPLE_HZ


def echo(ranges: Floats, cross_sections: Floats, phases: Floats | float = 0.0) -> Complex:
    """The sum of the echoes of K points, (N,): ``ranges`` (K, N) in m, ``cross_sections`` (K,) in m^2."""
    amplitudes = np.sqrt(cross_sections)[:, None] / ranges**2
    turns = -4.0 * np.pi * ranges / WAVELENGTH + np.broadcast_to(phases, len(ranges))[:, None]
    return np.asarray((amplitudes * np.exp(1j * turns)).sum(axis=0))


def walking(body: Body, distance: float, heading: float, height: float, at: Floats) -> Floats:
    """Ranges (K, N) in m of a body that passes ``distance`` metres from the radar at half the time.

    ``heading`` 0 walks straight away from the radar, pi straight at it; ``height`` in m is the radar's.
    """
    along = body.points[:, :, 0] + body.speed * (at - at[-1] / 2)
    x = distance + along * np.cos(heading)
    y = along * np.sin(heading) + body.points[:, :, 1]
    return np.asarray(np.sqrt(x**2 + y**2 + (body.points[:, :, 2] - height) ** 2))


def foliage(rng: np.random.Generator, at: Floats) -> Complex:
    """Leaves and branches in the wind, (N,), of unit mean power.

    Each of 3 to 12 scatterers is a mass on a spring (0.3 to 2.5 Hz, lightly damped) that gusts push by a few
    centimetres, most of them together; leaves also flutter by millimetres.
    """
    count = int(rng.integers(3, 13))
    swaying = rng.uniform(0.3, 2.5, (count, 1))
    reach = rng.uniform(0.005, 0.04, (count, 1)) / np.sqrt(swaying)  # m, root mean square
    moved = rng.uniform(3.0, 10.0, (count, 1)) + reach * _sway(rng, swaying, len(at))
    flutter = 2 * np.pi * (rng.uniform(3.0, 8.0, (count, 1)) * at + rng.uniform(0, 1, (count, 1)))
    moved = moved + rng.uniform(0.0, 0.002, (count, 1)) * np.sin(flutter)
    return _unit(echo(moved, rng.uniform(0.2, 1.0, count), rng.uniform(0, 2 * np.pi, count)))


def _sway(rng: np.random.Generator, resonance_hz: Floats, samples: int) -> Floats:
    """Places (K, samples) of damped springs and masses that gusts drive, of unit variance in the long run.

    They are the springs' responses to gusts of a first-order spectrum, cut from a long period.
    """
    period = 16 * samples
    hertz = np.fft.rfftfreq(period, 1 / SAMPLE_HZ)
    memory_s, damping = rng.uniform(0.2, 1.0), rng.uniform(0.05, 0.3, resonance_hz.shape)
    gusts = 1.0 / (1.0 + 2j * np.pi * hertz * memory_s)
    ratio = hertz / resonance_hz
    response = gusts / (1.0 - ratio**2 + 2j * damping * ratio)
    response[:, 0] = 0.0
    common, own = (rng.standard_normal((rows, 2, len(hertz))) for rows in (1, len(ratio)))
    pushed = common + 0.5 * own
    places = np.fft.irfft(response * (pushed[:, 0] + 1j * pushed[:, 1]), period, axis=1)
    return np.asarray((places / places.std(axis=1, keepdims=True))[:, period // 2 :][:, :samples])


def rain(rng: np.random.Generator, at: Floats) -> Complex:
    """Drops that fall through the beam at 2 to 9 m/s, (N,), of unit mean power: short, of any Doppler."""
    count = int(rng.integers(40, 200))
    start = rng.uniform(-0.1, at[-1], count)[:, None]
    lasting = rng.uniform(0.02, 0.12, count)[:, None]
    doppler = 2 * rng.uniform(2.0, 9.0, count)[:, None] * rng.uniform(0.1, 0.9, count)[:, None] / WAVELENGTH
    inside = np.clip((at - start) / lasting, 0.0, 1.0)
    strength = rng.exponential(1.0, count)[:, None] * np.sin(np.pi * inside) ** 2
    turns = 2 * np.pi * doppler * at + rng.uniform(0, 2 * np.pi, count)[:, None]
    return _unit((strength * np.exp(1j * turns)).sum(axis=0))


def receive(rng: np.random.Generator, signal: Complex, noise: float) -> npt.NDArray[np.int16]:
    """Counts (N, 2) of a signal (N,) in counts: noise, drifting offset, unequal channels, converter."""
    samples = len(signal)
    balance, skew = rng.uniform(0.95, 1.05), rng.uniform(-0.05, 0.05)
    channels = np.stack([signal.real, balance * (signal.imag + skew * signal.real)], axis=1)
    offset = rng.uniform(-30.0, 30.0, 2)
    wander = np.cumsum(rng.standard_normal((samples, 2)), axis=0) * rng.uniform(0.0, 1.0)
    slope = rng.uniform(-15.0, 15.0, 2) * np.linspace(0.0, 1.0, samples)[:, None]
    thermal = noise * rng.standard_normal((samples, 2))
    counts = np.rint(MIDDLE + channels + offset + wander + slope + thermal)
    return np.clip(counts, 0, LARGEST).astype(np.int16)


def _bag(rng: np.random.Generator, label: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
    at = times()
    noise = np.exp(rng.uniform(np.log(3.0), np.log(15.0)))
    target = np.zeros(SAMPLES, dtype=np.complex128)
    seen = np.zeros(SAMPLES)
    strength = noise * np.exp(rng.uniform(np.log(WEAKEST), np.log(STRONGEST)))  # of foliage, in counts
    if label:
        target, seen = _walker(rng, label, at, noise)
        strength = rng.uniform(0.0, 0.3) * float(np.sqrt(np.mean(np.abs(target[seen > 0.5]) ** 2)))
    wind, drops = rng.random() < 0.8, rng.random() < 0.25
    signal = target + wind * strength * foliage(rng, at)
    signal = signal + drops * min(strength, 4.0 * noise) * rng.uniform(0.1, 1.0) * rain(rng, at)
    return receive(rng, signal, noise), seen > 0.5


def _walker(rng: np.random.Generator, label: int, at: Floats, noise: float) -> tuple[Complex, Floats]:
    """The echo of a walker in counts, (N,), and how much of it is seen (N,), 0 to 1."""
    body = (human if label == 1 else animal)(rng, at)
    angle = np.arccos(rng.uniform(0.5, 1.0)) * rng.choice([-1.0, 1.0])  # off the line of sight
    heading, height = angle + np.pi * rng.integers(0, 2), rng.uniform(0.5, 1.5)
    phases = rng.uniform(0, 2 * np.pi, len(body.points))
    while True:  # until the radar can detect it, and does not clip it
        gain = np.exp(rng.uniform(np.log(2e2), np.log(2e4)))  # counts at 1 m from 1 m^2
        ranges = walking(body, rng.uniform(2.5, 10.0), heading, height, at)
        signal = gain * echo(ranges, body.cross_sections, phases)
        if WEAKEST < np.sqrt(np.mean(np.abs(signal) ** 2)) / noise < STRONGEST:
            break
    seen = _seen(rng, at)
    return signal * seen, seen


def _seen(rng: np.random.Generator, at: Floats) -> Floats:
    """How much of a walker shows, 0 to 1: all the time, or it steps behind something or out from there."""
    if rng.random() < 0.7:
        return np.ones(len(at))
    length, rise = rng.uniform(0.6, 0.9) * at[-1], 0.03
    seen = np.clip((length - at) / rise + 0.5, 0.0, 1.0)
    return seen if rng.random() < 0.5 else seen[::-1].copy()


def _unit(signal: Complex) -> Complex:
    return np.asarray(signal / np.sqrt(np.mean(np.abs(signal) ** 2)))
