"""What a board has answered of a case's vectors, over several attempts: what is lost, and what runs again."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from hil.errors import ChangedError
from hil.link.messages import Result

_RANGES = 3  # more are told by their number alone


@dataclass
class Answered:
    """Results by the numbers of their vectors; ``total`` is how many vectors there are, 0 while not known.

    What was answered stays where the board is reset, and the lost vectors alone run again. A board that has
    just started computes its first vector with cold caches. In a session that nothing befalls that is vector
    0; so a reset board begins with vector 0 where that was lost, and else with a vector that it had answered:
    the one that took longest, which warms most of the code. Its ticks are not used, and its output must be
    what it was.
    """

    results: dict[int, Result] = field(default_factory=dict)
    total: int = 0
    _of: tuple[str, str] | None = None

    def begin(self, build_id: str, vectors_sha256: str, total: int) -> list[int]:
        """The numbers of the vectors that are to run now, in their order; none where all were answered.

        What another build answered, or to other vectors, is forgotten.
        """
        if (self._of, self.total) != ((build_id, vectors_sha256), total):
            self.results.clear()
        self._of, self.total = (build_id, vectors_sha256), total
        lost = self.lost
        if not self.results or (lost and lost[0] == 0):
            return lost
        return [max(self.results.values(), key=lambda result: result.ticks).number, *lost]

    @property
    def lost(self) -> list[int]:
        """The numbers of the vectors that have no answer."""
        return [number for number in range(self.total) if number not in self.results]

    def take(self, result: Result) -> None:
        """Keep it; ChangedError where the vector was answered before, and otherwise."""
        before = self.results.setdefault(result.number, result)
        if before.output.tobytes() != result.output.tobytes():
            raise ChangedError(
                f"vector {result.number} has another output since the board was reset",
                evidence=f"{before.output.tolist()} before, {result.output.tolist()} now",
                remedy="look for memory that is never set, and for state that a vector leaves behind",
            )

    @property
    def again(self) -> str:
        """What runs again, as the rest of a sentence."""
        lost = self.lost
        if not self.results:
            return "all its vectors run again"
        if not lost:
            return f"all {self.total:,} vectors were answered"
        ranges = [
            [number for _, number in run]
            for _, run in groupby(enumerate(lost), lambda placed: placed[1] - placed[0])
        ]
        if len(ranges) > _RANGES:
            return f"{len(lost):,} of {self.total:,} vectors run again"
        told = ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in ranges)
        if len(lost) == 1:
            return f"vector {told} of {self.total:,} runs again"
        return f"vectors {told} of {self.total:,} run again"
