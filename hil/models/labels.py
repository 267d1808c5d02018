"""The labels of vectors that a session ran, found again by the hashes that were stored with it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.errors import HilError
from hil.models.catalog import find_model
from hil.models.vectors import inputs_sha256, vectors_path
from hil.models.weights import read_npz

Labels = npt.NDArray[np.int64]


def find_labels(model: str, sha256: str | None, inputs: str | None) -> Labels | None:
    """The labels, (vectors,), of a model that comes with the lab; None where these vectors are not installed.

    ``sha256`` is of the archive that the session read, ``inputs`` of its vectors without the reference's
    answers: either tells that they are the same.
    """
    try:
        spec = find_model(model)
        if not spec.classes:
            return None
        path = vectors_path(spec)
        told = path.stat()
        found = _read(path, told.st_mtime_ns, told.st_size)
    except (HilError, OSError):
        return None
    if found is None or not {sha256, inputs} & {found[0], found[1]}:
        return None
    return found[2]


@lru_cache(maxsize=32)
def _read(path: Path, changed: int, size: int) -> tuple[str, str, Labels] | None:
    """The two hashes and the labels of an archive, which is read once as long as it is the same."""
    arrays = read_npz(path)
    labels = arrays.get("labels")
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest(), inputs_sha256(arrays), labels.astype(np.int64)
