"""Packing loses nothing, and a damaged blob is noticed."""

from __future__ import annotations

import contextlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hil.errors import StoreError
from hil_db import codec

DTYPES = [
    order + kind
    for order in "<>"
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "b1")
]


def arrays(max_size: int = 67) -> st.SearchStrategy[npt.NDArray[np.generic]]:
    return st.sampled_from(DTYPES).flatmap(lambda name: hnp.arrays(np.dtype(name), st.integers(0, max_size)))


@settings(deadline=None)
@given(arrays())
def test_round_trip_to_the_bit(values: npt.NDArray[np.generic]) -> None:
    back = codec.unpack(codec.pack(values), values.dtype.str[1:], len(values))
    little = values.astype(values.dtype.newbyteorder("<"))
    assert back.dtype == little.dtype
    assert back.shape == values.shape
    assert back.tobytes() == little.tobytes()  # NaN payloads and signed zeros included


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [0, 1, 2, 3, 255, 1021])
def test_every_type_and_length(dtype: str, length: int) -> None:
    values = np.random.default_rng(length).integers(0, 2, length).astype(dtype)
    back = codec.unpack(codec.pack(values), dtype[1:], length)
    assert back.tolist() == values.tolist()
    assert back.flags.writeable


def test_not_a_number_keeps_its_bits() -> None:
    values = np.array([0x7FC00001, 0xFFC00000, 0x7F800001, 0x80000000], np.uint32).view(np.float32)
    assert codec.unpack(codec.pack(values), "f4", 4).tobytes() == values.tobytes()


@pytest.mark.parametrize("step", [2, -1, -3])
def test_views_are_packed_as_they_read(step: int) -> None:
    values = np.arange(100, dtype=np.int32)[::step]
    assert codec.unpack(codec.pack(values), "i4", len(values)).tolist() == values.tolist()


def test_samples_of_a_counter_shrink() -> None:
    values = np.random.default_rng(1).integers(35_000, 35_400, 100_000)
    assert len(codec.pack(values)) < 2 * len(values)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_is_noticed(data: st.DataObject) -> None:
    values = data.draw(arrays())
    blob = bytearray(codec.pack(values))
    kind = data.draw(st.sampled_from(["flip", "cut", "more"]))
    if kind == "flip":
        at = data.draw(st.integers(0, len(blob) - 1))
        blob[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del blob[data.draw(st.integers(0, len(blob) - 1)) :]
    else:
        blob += data.draw(st.binary(min_size=1, max_size=20))
    little = values.astype(values.dtype.newbyteorder("<"))
    with contextlib.suppress(StoreError):
        back = codec.unpack(bytes(blob), values.dtype.str[1:], len(values))
        assert back.tobytes() == little.tobytes()  # a bit that zstd does not use


@pytest.mark.parametrize(
    ("dtype", "count", "name"),
    [
        ("i4", 99, codec.CODEC),
        ("i4", 101, codec.CODEC),
        ("i4", -1, codec.CODEC),
        ("i2", 100, codec.CODEC),
        ("zz", 100, codec.CODEC),
        ("O", 50, codec.CODEC),
        ("i4", 100, "rle"),
    ],
)
def test_a_row_that_does_not_fit_its_blob(dtype: str, count: int, name: str) -> None:
    blob = codec.pack(np.arange(100, dtype=np.int32))
    with pytest.raises(StoreError, match="damaged") as caught:
        codec.unpack(blob, dtype, count, name)
    assert caught.value.remedy


def test_a_forged_size_is_not_allocated() -> None:
    blob = codec.pack(np.zeros(1 << 20, np.int64))  # small blob, 8 MiB within
    with pytest.raises(StoreError, match="damaged"):
        codec.unpack(blob, "i8", 4)


@pytest.mark.parametrize(
    "values", [np.zeros((2, 2)), np.array([object()]), np.array(["a"]), np.array(3), np.zeros(2, "M8[s]")]
)
def test_what_is_not_plain_numbers_is_refused(values: npt.NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="1-D"):
        codec.pack(values)
