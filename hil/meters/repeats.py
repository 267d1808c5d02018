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
    """A pass: after ``lead`` spans come ``windows`` of ``per_window`` spans, each ``per_span`` inferences.

    It takes ``seconds`` in all. The number of spans is odd, because the sync pin is low before and after, and
    changes once more than there are spans.
    """

    per_span: int
    per_window: int
    windows: int
    lead: int
    seconds: float

    @property
    def spans(self) -> int:
        """In a pass."""
        return self.lead + self.per_window * self.windows

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
    return _planned(inference_s, window_s, _odd(windows), most_spans, 0)


def planned_between_falls(inference_s: float, window_s: float, most_spans: int) -> Repeats:
    """The same, but one window from a falling edge to another one: the pin rises one span before it."""
    return _planned(inference_s, window_s, 1, most_spans, 1)


def _planned(inference_s: float, window_s: float, windows: int, most_spans: int, lead: int) -> Repeats:
    def per_window(per_span: int) -> int:
        number = ceil(window_s / (per_span * inference_s))
        return _odd(number + lead) - lead

    most = max(1, (most_spans - lead) // windows)
    most -= 1 - (most + lead) % 2
    per_span = ceil(min(SPAN_S, window_s) / inference_s)
    if per_window(per_span) > most:
        per_span = ceil(window_s / (most * inference_s))
    spans = lead + per_window(per_span) * windows
    return Repeats(per_span, per_window(per_span), windows, lead, spans * per_span * inference_s)


def _odd(number: int) -> int:
    """The number, or the next one."""
    return number + 1 - number % 2
