"""A folder of ``.npy`` files or one ``.npz`` -> named arrays of numbers; pickles are never opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.importer.foreign import file_advice
from hil.models.importer.problems import Problems
from hil.models.weights import UNREADABLE, check_expansion, why_unreadable
from hil.reading import require_regular

Array = npt.NDArray[Any]

_FORMS = "give a folder of .npy files, or one .npz"
_REMEDY = "save each array with numpy.save, or all with numpy.savez, as plain numbers"


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays in a folder (its ``*.npy``) or an archive (``.npz``), name -> array of real numbers.

    ModelError names every file that cannot be read, or that holds something else than numbers.
    """
    problems = Problems()
    if path.is_dir():
        arrays = _read_folder(path, problems)
    elif path.suffix == ".npz" and path.is_file():
        arrays = _read_archive(path, problems)
    else:
        what, way = file_advice(path) or ("neither a folder nor an .npz archive", _FORMS)
        raise ModelError(
            f"no weights in {path}",
            evidence=what if path.exists() else "it does not exist",
            remedy=way if path.exists() else _FORMS,
        )
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            problems.add(f"{name} holds {array.dtype}, not numbers")
        elif array.size == 0:
            problems.add(f"{name} is empty, {shape_text(array)}")
    problems.raise_model(path, _REMEDY)
    if not arrays:
        raise ModelError(
            f"no weights in {path}",
            evidence="it holds no array",
            remedy=_FORMS,
        )
    return arrays


def read_array(path: Path) -> Array:
    """One ``.npy`` file; ModelError when it is missing, damaged or pickled."""
    problems = Problems()
    array = _attempt(path.name, partial(_load, path), problems)
    problems.raise_model(path, _REMEDY)
    if not isinstance(array, np.ndarray):
        raise ModelError(
            f"{path} is not one array", evidence="an archive of several", remedy="give an .npy file"
        )
    return array


def shape_text(array: Array) -> str:
    """The shape as users write it: ``32×16``, ``10``, ``a scalar``."""
    return "×".join(str(size) for size in array.shape) or "a scalar"


def _read_folder(path: Path, problems: Problems) -> dict[str, Array]:
    arrays = {}
    for file in sorted(path.glob("*.npy")):
        array = _attempt(file.name, partial(_load, file), problems)
        if isinstance(array, np.ndarray):
            arrays[file.stem] = array
    return arrays


def _read_archive(path: Path, problems: Problems) -> dict[str, Array]:
    archive = _attempt(path.name, partial(_open, path), problems)
    arrays: dict[str, Array] = {}
    if isinstance(archive, np.lib.npyio.NpzFile):
        with archive:
            for name in archive.files:
                array = _attempt(name, partial(archive.__getitem__, name), problems)
                if isinstance(array, np.ndarray):
                    arrays[name] = array
    return arrays


def _load(path: Path) -> Any:
    require_regular(path)
    with np.errstate(all="ignore"):  # it multiplies sizes that cannot be before it refuses them
        return np.load(path, allow_pickle=False)


def _open(path: Path) -> Any:
    require_regular(path)
    check_expansion(path)
    return _load(path)


def _attempt(name: str, read: Callable[[], Any], problems: Problems) -> Any:
    try:
        return read()
    except UNREADABLE as error:
        problems.add(f"{name} cannot be read: {why_unreadable(error)}")
        return None
