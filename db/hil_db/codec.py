"""Raw samples as blobs: bytes of equal weight brought together, then zstd with its checksum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import zstandard

from hil.errors import StoreError

CODEC = "shuffle-zstd"
_LEVEL = 3  # a higher one takes up to seven times as long for 5 % less of what scatters
_KINDS = "biuf"  # of numpy's dtypes: bool, int, unsigned, float


def fits(values: npt.NDArray[np.generic]) -> bool:
    """Whether ``pack`` takes the array: 1-D, of numbers."""
    return values.ndim == 1 and values.dtype.kind in _KINDS


def pack(values: npt.NDArray[np.generic]) -> bytes:
    """A 1-D array of numbers as a blob, ValueError for another; with ``unpack`` it loses nothing."""
    if not fits(values):
        raise ValueError(f"{values.dtype} of shape {values.shape} is not a 1-D array of numbers")
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    planes = little.view(np.uint8).reshape(-1, little.dtype.itemsize).T
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(planes.tobytes())


def unpack(
    blob: bytes, dtype: str, count: int, codec: str = CODEC, what: str = "a blob of samples"
) -> npt.NDArray[np.generic]:
    """The (count,) array of a blob, little-endian.

    StoreError when the blob is not what its row says; ``what`` names it there.
    """
    try:
        kind = np.dtype(dtype).newbyteorder("<")
        if codec != CODEC or kind.kind not in _KINDS:
            raise ValueError(f"codec {codec}, dtype {dtype}")
        # The size is compared first: the decompressor would allocate whatever a damaged header claims.
        size = zstandard.get_frame_parameters(blob).content_size
        if size != count * kind.itemsize:
            raise ValueError(f"{size} bytes for {count} values of {kind.itemsize}")
        raw = zstandard.ZstdDecompressor().decompress(blob, allow_extra_data=False)
        planes = np.frombuffer(raw, np.uint8).reshape(kind.itemsize, count)
    except (zstandard.ZstdError, ValueError, TypeError) as error:
        raise StoreError(
            f"{what} is damaged", evidence=str(error), remedy="restore a copy of the database"
        ) from error
    return planes.T.copy().view(kind).reshape(count)
