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
from hil.files import replace_file
from hil.models.spec import ModelSpec
from hil.parsing import PARSING
from hil.reading import require_regular

# What numpy raises for files that are damaged, cut short, locked, pickled, or whose header is no header.
UNREADABLE = (
    *(OSError, ValueError, TypeError, KeyError, EOFError, MemoryError, OverflowError, RecursionError),
    *(RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)

_MOST_SAID = 200  # characters of what numpy says
LARGEST_ARCHIVE = 1 << 30  # bytes once expanded: far more than any board streams in a night


def load_weights(spec: ModelSpec) -> Any:
    """The weights in a model's folder, as its architecture has them; ModelError when they are missing or do
    not fit its description. None where the weights are in a user's own C."""
    if spec.architecture.name == "own":
        return None
    return spec.architecture.weights(spec.network, read_npz(spec.folder / "weights.npz"))


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an archive, no pickles; ModelError when it is missing or damaged."""
    try:
        require_regular(path)
        check_expansion(path)
        # NumPy multiplies sizes that cannot be before it refuses them.
        with PARSING, np.errstate(all="ignore"), np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
            for name, array in arrays.items():
                if not isinstance(array, np.ndarray):  # numpy gives the bytes of files that are no .npy
                    raise ValueError(f"{name} is no array")
            return arrays
    except FileNotFoundError:
        raise ModelError(f"no {path.name}", evidence=str(path), remedy="run the training script") from None
    except UNREADABLE as error:
        raise ModelError(f"{path.name} is damaged", evidence=f"{path}: {why_unreadable(error)}") from error


def why_unreadable(error: BaseException) -> str:
    """One of UNREADABLE in a few words: what numpy says may repeat the whole header of a file."""
    said = str(error).partition("\n")[0]
    if "allow_pickle" in said:
        return "it holds Python objects"
    if isinstance(error, SyntaxError | tokenize.TokenError | RecursionError | MemoryError):
        said = "its header is damaged, or names a size that cannot be"
    if isinstance(error, OSError) and error.strerror:
        said = error.strerror
    return f"{said[:_MOST_SAID]}…" if len(said) > _MOST_SAID else said or type(error).__name__


def check_expansion(path: Path) -> None:
    """ValueError when an archive's own directory says that it expands to more than ``LARGEST_ARCHIVE``.

    Nothing of it is expanded. OSError and BadZipFile as ``zipfile`` raises them.
    """
    with zipfile.ZipFile(path) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > LARGEST_ARCHIVE:
        raise ValueError(
            f"its {path.stat().st_size:,} B expand to {total:,} B; at most {LARGEST_ARCHIVE:,} are read"
        )


def write_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write an archive whose bytes depend on nothing but the arrays (no time stamps)."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.save(stream, np.asarray(array, order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, stream.getvalue(), compresslevel=9)
    replace_file(path, whole.getvalue())
