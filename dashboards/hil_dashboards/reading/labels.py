"""The labels of vectors, which no database holds: from the archive that comes with a model."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from hil.errors import HilError

Labels = npt.NDArray[np.int64]


def labels_of(model: str, vectors_sha256: str | None) -> Labels | None:
    """The number of the right class of each vector, (vectors,); None where they are not at hand.

    They are where a model of this name comes with the lab, and its archive is the one that a session ran.
    """
    from hil.models.catalog import find_model, models_dir
    from hil.models.vectors import vectors_path
    from hil.models.weights import read_npz

    try:
        if vectors_sha256 is None or model not in [folder.name for folder in models_dir().iterdir()]:
            return None
        spec = find_model(model)
        path = vectors_path(spec)
        if not spec.classes or hashlib.sha256(path.read_bytes()).hexdigest() != vectors_sha256:
            return None
        labels = read_npz(path).get("labels")
    except (HilError, OSError):
        return None
    return None if labels is None or labels.ndim != 1 else labels.astype(np.int64)
