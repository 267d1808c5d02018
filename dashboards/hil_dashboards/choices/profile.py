"""The profile of a board, model and precision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first, number


@dataclass(frozen=True)
class ProfileChoice:
    """The profile of one board, model and precision: the newest, or that of a ``run``."""

    board: str
    kind: str
    model: str
    precision: str
    run: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it names a case at all."""
        return all((self.board, self.kind, self.model, self.precision))

    def of_run(self, run: int | None) -> ProfileChoice:
        """The same choice in another run; None: the newest."""
        return replace(self, run=run)

    def href(self) -> str:
        """The address of the profile page that shows this choice."""
        parts = [("board", self.board), ("kind", self.kind), ("model", self.model)]
        parts.append(("precision", self.precision))
        if self.run is not None:
            parts.append(("run", str(self.run)))
        return f"/profile?{urlencode(parts)}"


def parse_profile(search: str | None) -> ProfileChoice:
    """The choice in a query such as ``?board=qemu&kind=a&model=b&precision=q15&run=3``."""
    fields = fields_of(search)
    return ProfileChoice(
        board=first(fields, "board"),
        kind=first(fields, "kind"),
        model=first(fields, "model"),
        precision=first(fields, "precision"),
        run=number(first(fields, "run")),
    )
