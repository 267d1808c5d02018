"""HTML and SVG as text: what is no markup of our own is escaped, whoever gave it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from hil.escaping import escaped

_EMPTY = frozenset({"input", "meta", "link", "path", "rect"})  # written without an end


class Html(str):
    """Markup; all other text is escaped where it meets some."""

    __slots__ = ()


Child = str | None
Attribute = str | int | float | bool | None


def tag(name: str, *children: Child, **attributes: Attribute) -> Html:
    """An element. ``class_`` is class, ``data_v`` is data-v; None and False are left out, as are children."""
    held = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY and not children:
        return Html(f"<{name}{held}/>")
    return Html(f"<{name}{held}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Html:
    """One after the other."""
    return Html("".join(plain(child) for child in children if child is not None))


def plain(text: str) -> Html:
    """Text as markup that shows it as it is; what would steer a terminal or turn the line is spelt."""
    return text if isinstance(text, Html) else Html(escape(escaped(text), quote=False))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {written}"
    text = f"{value:g}" if isinstance(value, float) else escape(escaped(str(value)))
    return f' {written}="{text}"'
