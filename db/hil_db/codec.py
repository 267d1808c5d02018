"""Raw samples as blobs: bytes of equal weight brought together, then zstd."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import zstandard

from hil.errors import StoreError

CODEC = "shuffle-zstd"
_LEVEL = 9


def pack(values: npt.NDArray[np.generic]) -> bytes:
    """A 1-D array as a blob; with ``unpack`` it loses nothing."""
    little = values.astype(values.dtype.newbyteorder("<"))
    planes = little.view(np.uint8).reshape(-1, little.dtype.itemsize).T
    return zstandard.ZstdCompressor(level=_LEVEL).compress(planes.tobytes())


def unpack(blob: bytes, dtype: str, count: int, codec: str = CODEC) -> npt.NDArray[np.generic]:
    """The (count,) array of a blob; StoreError when the blob is not what its row says."""
    kind = np.dtype(dtype).newbyteorder("<")
    try:
        if codec != CODEC:
            raise ValueError(f"codec {codec}")
        raw = zstandard.ZstdDecompressor().decompress(blob, max_output_size=max(1, count * kind.itemsize))
        planes = np.frombuffer(raw, np.uint8).reshape(kind.itemsize, count)
    except (zstandard.ZstdError, ValueError) as error:
        raise StoreError(
            "a blob of samples is damaged", evidence=str(error), remedy="restore the database from a backup"
        ) from error
    return np.ascontiguousarray(planes.T).view(kind).reshape(count)
