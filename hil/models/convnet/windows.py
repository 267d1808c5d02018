"""Windows over maps in numpy, of any number type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.convnet.network import Layer

Arrays = npt.NDArray[Any]


def padded(maps: Arrays, pad: int) -> Arrays:
    """``maps`` (N, H, W, C) with ``pad`` zeros on all four sides."""
    return np.pad(maps, ((0, 0), (pad, pad), (pad, pad), (0, 0))) if pad else maps


def windows(layer: Layer, maps: Arrays) -> Arrays:
    """What each output pixel sees: (N, out_height, out_width, kernel, kernel, C)."""
    inside = np.arange(layer.kernel)
    rows = layer.stride * np.arange(layer.after.height)[:, None] + inside
    columns = layer.stride * np.arange(layer.after.width)[:, None] + inside
    seen = padded(maps, layer.pad)[:, rows][:, :, :, columns]
    return np.ascontiguousarray(seen.transpose(0, 1, 3, 2, 4, 5))
