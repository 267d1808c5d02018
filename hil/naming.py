"""What boards and models may be called: names that can be typed, selected by, stored and shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 128  # letters: as many as the store keeps


def listed(text: str) -> list[str]:
    """The names in a list that commas part, without spaces around them; none that is empty."""
    return [name.strip() for name in text.split(",") if name.strip()]


def why_no_name(name: str) -> str | None:
    """What is wrong with a name, None when nothing is."""
    if not name:
        return "it is empty"
    if len(name) > _LONGEST:
        return f"it has {len(name)} letters, {_LONGEST} at most"
    if not name.isprintable():
        return "it has characters that cannot be shown"
    if "," in name:
        return "it has a comma, which parts names"
    if name != name.strip():
        return "it begins or ends with a space"
    return None


def suggest(name: str, known: Iterable[str]) -> str | None:
    """'did you mean …?' for the nearest known name, or None when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else None
