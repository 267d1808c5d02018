"""The gates of FastGRNN in numpy; quantSigm, quantSigm4 and quantTanh need no exponential."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]  # float32 or float64: a gate keeps the type it is given


def quant_sigm(x: Floats) -> Floats:
    """clip((x + 1) / 2, 0, 1)"""
    one, half = x.dtype.type(1.0), x.dtype.type(0.5)
    return np.asarray(np.clip((x + one) * half, 0.0, 1.0))


def quant_sigm4(x: Floats) -> Floats:
    """clip((x + 2) / 4, 0, 1)"""
    two, quarter = x.dtype.type(2.0), x.dtype.type(0.25)
    return np.asarray(np.clip((x + two) * quarter, 0.0, 1.0))


def quant_tanh(x: Floats) -> Floats:
    """clip(x, -1, 1)"""
    return np.asarray(np.clip(x, -1.0, 1.0))


def relu(x: Floats) -> Floats:
    """max(x, 0)"""
    return np.asarray(np.maximum(x, x.dtype.type(0.0)))


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), by way of tanh so that nothing overflows."""
    half = x.dtype.type(0.5)
    return np.asarray(half * (np.tanh(half * x) + x.dtype.type(1.0)))


def tanh(x: Floats) -> Floats:
    """The hyperbolic tangent."""
    return np.asarray(np.tanh(x))


GATES: Mapping[str, Callable[[Floats], Floats]] = {
    "quantSigm": quant_sigm,
    "quantSigm4": quant_sigm4,
    "quantTanh": quant_tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
}
