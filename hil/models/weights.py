"""Archives of weights and vectors: read without pickles, written to the same bytes every time."""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.spec import ModelSpec

# What numpy raises for files that are damaged, cut short, locked, pickled, or whose header is no header.
UNREADABLE = (
    *(OSError, ValueError, TypeError, KeyError, EOFError, MemoryError, OverflowError, RecursionError),
    *(RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)


def load_weights(spec: ModelSpec) -> Any:
    """The weights in a model's folder, as its architecture has them; ModelError when they are missing or do
    not fit its description. None where the weights are in a user's own C."""
    if spec.architecture.name == "own":
        return None
    return spec.architecture.weights(spec.network, read_npz(spec.folder / "weights.npz"))


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an archive, no pickles; ModelError when it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise ModelError(f"no {path.name}", evidence=str(path), remedy="run the training script") from None
    except UNREADABLE as error:
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
