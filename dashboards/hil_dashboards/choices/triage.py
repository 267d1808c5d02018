"""The regressions against a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first


@dataclass(frozen=True)
class TriageChoice:
    """The regressions against a baseline, None: the usual one; only those that are open, or ``every`` one."""

    baseline: str | None = None
    every: bool = False

    def href(self) -> str:
        """The address of the triage page that shows this choice."""
        parts = [("baseline", self.baseline)] if self.baseline else []
        parts += [("show", "all")] if self.every else []
        return "/triage" + (f"?{urlencode(parts)}" if parts else "")


def parse_triage(search: str | None) -> TriageChoice:
    """The choice in a query such as ``?baseline=release&show=all``; nonsense is dropped."""
    fields = fields_of(search)
    return TriageChoice(first(fields, "baseline") or None, first(fields, "show") == "all")
