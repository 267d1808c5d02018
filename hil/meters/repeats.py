"""Which vector is computed again and again while a power probe watches, and how often: arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

SPAN_S = 0.1  # an edge at least every so often, or with every inference that takes longer
_ALIKE = 0.01  # costs that differ by less are as good: so the vector is the same in the next run


@dataclass(frozen=True)
class Repeats:
    """One pass: ``windows`` of ``per_window`` spans, of ``per_span`` inferences each, in ``seconds`` in all.

    Both numbers are odd, because the sync pin is low before and after, and changes once more than there are
    spans.
    """

    per_span: int
    per_window: int
    windows: int
    seconds: float

    @property
    def spans(self) -> int:
        """In a pass."""
        return self.per_window * self.windows

    @property
    def inferences(self) -> int:
        """In a window."""
        return self.per_span * self.per_window


def typical(costs: npt.NDArray[np.generic]) -> int:
    """The number of the vector whose cost, of (vectors,), is the median's: the first of those within 1 %."""
    values = costs.astype(np.float64)
    middle = float(np.sort(values)[(len(values) - 1) // 2])
    return int(np.flatnonzero(np.abs(values - middle) <= _ALIKE * middle)[0])


def planned(inference_s: float, window_s: float, windows: int, most_spans: int) -> Repeats:
    """Windows of at least ``window_s`` each, of an inference that takes so long.

    A span is one inference, or as many as take 0.1 s where that is less, but no more than fill a window; it
    is longer where a pass would have more than ``most_spans`` otherwise.
    """
    windows = _odd(windows)
    per_span = ceil(min(SPAN_S, window_s) / inference_s)
    per_window = _odd(ceil(window_s / (per_span * inference_s)))
    most = max(1, most_spans // windows)
    most -= 1 - most % 2
    if per_window > most:
        per_span = ceil(window_s / (most * inference_s))
        per_window = _odd(ceil(window_s / (per_span * inference_s)))
    return Repeats(per_span, per_window, windows, windows * per_window * per_span * inference_s)


def _odd(number: int) -> int:
    """The number, or the next one."""
    return number + 1 - number % 2
