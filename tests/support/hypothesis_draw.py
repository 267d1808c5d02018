"""Choices for cases of kernels that hypothesis makes, and shrinks when a case fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class HypothesisDraw:
    """A ``Draw`` of kernel_cases from what ``st.data()`` gives."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def integer(self, low: int, high: int) -> int:
        return self._data.draw(st.integers(low, high))

    def one_of(self, options: Sequence[T]) -> T:
        return self._data.draw(st.sampled_from(options))
