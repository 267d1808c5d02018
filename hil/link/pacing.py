"""How large the next frame may be: shrinks when frames are lost, grows while they arrive."""

from __future__ import annotations

from hil.link.messages import FRAGMENT_UNIT

_GROWTH = 1.25


class Pacing:
    """The payload limit in bytes, between ``floor`` and ``ceiling``.

    A frame of n bytes survives a byte loss of p with (1-p)^n: halving on loss and growing by a quarter on
    success settles where most frames arrive.
    """

    def __init__(self, ceiling: int, floor: int = FRAGMENT_UNIT) -> None:
        self.ceiling = ceiling
        self.floor = min(floor, ceiling)
        self.limit = ceiling

    @property
    def lossy(self) -> bool:
        """Whether frames have been lost lately."""
        return self.limit < self.ceiling

    def lost(self) -> None:
        """A frame did not arrive."""
        self.limit = max(self.floor, self.limit // 2)

    def arrived(self) -> None:
        """A frame did."""
        self.limit = min(self.ceiling, int(self.limit * _GROWTH) + 1)
