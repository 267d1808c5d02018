"""The float weights of a FastGRNN with its classifier, checked on the way in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.spec import ModelSpec, Network

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FastGrnn:
    """Weights in the row layout (y = Wx), float32.

    ``w1`` (rank_w, D) or None, ``w2`` (H, left); ``u1`` (rank_u, H) or None, ``u2`` (H, right): where W is
    not factored, ``w2`` is W itself. ``bias_gate``, ``bias_update`` (H,); ``zeta`` and ``nu`` are already
    through the logistic function. ``classifier`` (outputs, H), ``classifier_bias`` (outputs,).
    ``mean`` and ``std`` are (1, D) or (T, D): the cell sees (x - mean) / std.
    """

    network: Network
    w1: Float32 | None
    w2: Float32
    u1: Float32 | None
    u2: Float32
    bias_gate: Float32
    bias_update: Float32
    zeta: float
    nu: float
    classifier: Float32
    classifier_bias: Float32
    mean: Float32
    std: Float32

    @property
    def mix(self) -> Float32:
        """[W2 | U2], (H, left + right): one product for both."""
        return np.concatenate([self.w2, self.u2], axis=1)

    @property
    def scale(self) -> Float32:
        """1 / std as the firmware multiplies with it, float32 of the shape of ``std``."""
        return np.asarray(1.0 / self.std.astype(np.float64), dtype=np.float32)


def from_arrays(
    network: Network, arrays: Mapping[str, npt.NDArray[Any]], *, squashed: bool = False
) -> FastGrnn:
    """Check and name the arrays of a weights file.

    Names: W or W1, W2; U or U1, U2; Bg, Bh; zeta, nu (raw, unless ``squashed``); FC, FCbias; mean, std.
    ModelError names what is missing, mis-shaped or not finite.
    """
    d, h = network.features, network.hidden

    def take(name: str, *shape: int) -> Float32:
        if name not in arrays:
            raise ModelError(f"weights have no {name}", evidence=f"they have {', '.join(sorted(arrays))}")
        array = np.asarray(arrays[name], dtype=np.float32)
        if array.shape != shape:
            raise ModelError(f"weight {name} has the wrong shape", evidence=f"{array.shape}, not {shape}")
        if not np.isfinite(array).all():
            raise ModelError(
                f"weight {name} is not finite", evidence=f"at {np.argwhere(~np.isfinite(array))[0]}"
            )
        return array

    def factor(letter: str, rank: int, columns: int) -> tuple[Float32 | None, Float32]:
        if rank == 0:
            return None, take(letter, h, columns)
        return take(letter + "1", rank, columns), take(letter + "2", h, rank)

    def scalar(name: str) -> float:
        raw = float(take(name))
        return raw if squashed else float(np.float32(1.0 / (1.0 + np.exp(-np.float64(raw)))))

    w1, w2 = factor("W", network.rank_w, d)
    u1, u2 = factor("U", network.rank_u, h)
    rows = arrays["mean"].shape[0] if "mean" in arrays and arrays["mean"].ndim == 2 else 1
    std = take("std", rows, d)
    if not (std > 0).all():
        raise ModelError("weight std is not positive", evidence=f"smallest {std.min()}")
    return FastGrnn(
        network=network,
        w1=w1,
        w2=w2,
        u1=u1,
        u2=u2,
        bias_gate=take("Bg", h),
        bias_update=take("Bh", h),
        zeta=scalar("zeta"),
        nu=scalar("nu"),
        classifier=take("FC", network.outputs, h),
        classifier_bias=take("FCbias", network.outputs),
        mean=take("mean", rows, d),
        std=std,
    )


def load_weights(spec: ModelSpec) -> FastGrnn:
    """The weights in a model's folder; ModelError when they are missing or do not fit its description."""
    return from_arrays(spec.network, read_npz(spec.folder / "weights.npz"))


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an archive, no pickles; ModelError when it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise ModelError(f"no {path.name}", evidence=str(path), remedy="run the training script") from None
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ModelError(f"{path.name} is damaged", evidence=f"{path}: {error}") from error


def write_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an archive whose bytes depend on nothing but the arrays (no time stamps)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, np.asarray(array, order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, stream.getvalue(), compresslevel=9)
