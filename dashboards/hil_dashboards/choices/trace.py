"""A pass on a power probe, and a part of its trace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first, number, seconds

POINTS_USUAL, POINTS_LEAST, POINTS_MOST = 2_000, 200, 8_000  # of a trace


@dataclass(frozen=True)
class TraceChoice:
    """A pass of a session, or of the newest session that a probe saw of a board, model and precision.

    ``begin`` and ``end`` are seconds of its trace, where a part of it is looked at.
    """

    session: int | None = None
    number: int = 0
    board: str = ""
    kind: str = ""
    model: str = ""
    precision: str = ""
    begin: float | None = None
    end: float | None = None

    @property
    def complete(self) -> bool:
        """Whether it names a session or a case at all."""
        return self.session is not None or all((self.board, self.kind, self.model, self.precision))

    def part(self, begin: float, end: float) -> TraceChoice:
        """The same choice, between two times."""
        return replace(self, begin=begin, end=end)

    def href(self) -> str:
        """The address of the page that shows this choice."""
        parts: list[tuple[str, object]] = []
        if self.session is not None:
            parts += [("session", self.session), ("pass", self.number)]
        else:
            names = ("board", "kind", "model", "precision")
            parts += [(name, getattr(self, name)) for name in names]
        if self.begin is not None and self.end is not None:
            parts += [("from", f"{self.begin:.9f}"), ("to", f"{self.end:.9f}")]
        return f"/trace?{urlencode(parts)}"


def parse_trace(search: str | None) -> TraceChoice:
    """The choice in a query such as ``?session=12&pass=0&from=0.1&to=0.2``."""
    fields = fields_of(search)
    begin, end = seconds(first(fields, "from")), seconds(first(fields, "to"))
    inside = begin is not None and end is not None and begin < end
    return TraceChoice(
        number(first(fields, "session")),
        number(first(fields, "pass")) or 0,
        first(fields, "board"),
        first(fields, "kind"),
        first(fields, "model"),
        first(fields, "precision"),
        begin if inside else None,
        end if inside else None,
    )


def parse_points(search: str | None) -> int:
    """How many points a query such as ``?points=1200`` asks for, within what is drawn at all."""
    asked = number(first(fields_of(search), "points"))
    return POINTS_USUAL if asked is None else min(max(asked, POINTS_LEAST), POINTS_MOST)
