"""HTML and SVG as text: what is no markup of our own is escaped, whoever gave it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from hil.escaping import escaped

_EMPTY = frozenset({"path", "rect"})  # written without an end


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


def table(caption: str, heads: Sequence[str], rows: Sequence[Html], kind: str, label: str) -> Html:
    """A table that scrolls by itself where it is too wide; by keys as well; ``label`` is for readers."""
    head = tag("tr", *(tag("th", name, scope="col") for name in heads))
    made = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *rows), class_=kind)
    return tag("div", made, class_="scroll", tabindex=0, role="region", aria_label=label)


def breakable(name: str) -> Html:
    """A name that may be broken where its words end."""
    return Html(plain(name).replace("_", "_<wbr/>"))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {written}"
    text = f"{value:g}" if isinstance(value, float) else escape(escaped(str(value)))
    return f' {written}="{text}"'
