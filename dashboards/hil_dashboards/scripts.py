"""Scripts in the index: those of every page, and those that come with what not every page has."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Dash's own table, which no page has.
_UNUSED = re.compile(r'<script src="[^"]*/dash_table/[^"]*"></script>\s*')
# Components that pages with plots or choosers have: their namespace, and the script elements they come with.
_LATER = {
    namespace: re.compile(rf'<script src="([^"]*/{folder}/[^"]*)"></script>\s*')
    for namespace, folder in (
        ("dash_core_components", "dcc"),
        ("dash_mantine_components", "dash_mantine_components"),
    )
}


def parted(scripts: str) -> tuple[str, dict[str, list[str]]]:
    """The script elements of every page; and of the others the addresses, by the namespace they are of."""
    kept = _UNUSED.sub("", scripts)
    later: dict[str, list[str]] = {}
    for namespace, element in _LATER.items():
        later[namespace] = element.findall(kept)
        kept = element.sub("", kept)
    return kept, later


class Needs:
    """Which of those scripts pages had a use for when they were last asked for.

    The index of such a page asks for them at once, while the server makes the content.
    """

    def __init__(self, pages: Mapping[str, object]) -> None:
        self._pages = pages
        self._had: dict[str, list[str]] = {}

    def note(self, page: str, content: str) -> None:
        """What a page's content has; an address that is no page's is forgotten."""
        if page in self._pages:
            self._had[page] = [one for one in _LATER if f'"namespace":"{one}"' in content]

    def of(self, page: str) -> list[str]:
        """The namespaces that a page had."""
        return self._had.get(page, [])
