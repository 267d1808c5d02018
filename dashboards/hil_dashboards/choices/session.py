"""A session, and which of its samples and which memory of its image are looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first, number

Plot = Literal["histogram", "quantiles", "order"]
Memory = Literal["flash", "ram"]
PLOTS: tuple[Plot, ...] = get_args(Plot)
MEMORIES: tuple[Memory, ...] = get_args(Memory)


@dataclass(frozen=True)
class SessionChoice:
    """A session by its number in this database, and its samples of a ``metric`` by a ``technique``.

    None and empty: the usual ones.
    """

    session: int | None = None
    metric: str = ""
    technique: str = ""
    plot: Plot = "histogram"
    memory: Memory = "flash"

    def of_session(self, session: int) -> SessionChoice:
        """The same look at another session."""
        return replace(self, session=session)

    def of_samples(self, metric: str, technique: str) -> SessionChoice:
        """The same choice of other samples."""
        return replace(self, metric=metric, technique=technique)

    def of_plot(self, plot: Plot) -> SessionChoice:
        """The same choice, drawn another way."""
        return replace(self, plot=plot)

    def of_memory(self, memory: Memory) -> SessionChoice:
        """The same choice of the other memory."""
        return replace(self, memory=memory)

    def href(self) -> str:
        """The address of the page that shows this choice."""
        parts: list[tuple[str, object]] = [] if self.session is None else [("session", self.session)]
        usual = SessionChoice()
        for name in ("metric", "technique", "plot", "memory"):
            if getattr(self, name) != getattr(usual, name):
                parts.append((name, getattr(self, name)))
        return "/session" + (f"?{urlencode(parts)}" if parts else "")


def parse_session(search: str | None) -> SessionChoice:
    """The choice in a query such as ``?session=12&plot=quantiles&memory=ram``; nonsense is dropped."""
    fields = fields_of(search)
    plot, memory = first(fields, "plot"), first(fields, "memory")
    return SessionChoice(
        number(first(fields, "session")),
        first(fields, "metric"),
        first(fields, "technique"),
        next((one for one in PLOTS if one == plot), "histogram"),
        next((one for one in MEMORIES if one == memory), "flash"),
    )
