"""Choosers: fields in which one types to find what to show; what is chosen is in the page's address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash.development.base_component import Component

Offered = Iterable[str | tuple[str, str]]  # names, or pairs of a name and how it is told

_LISTED_MOST = 100  # options drawn at once: typing finds the others
_LIST_HEIGHT = 300  # pixels
_STYLED = {part: f"chooser-{part}" for part in ("input", "dropdown", "option", "pill", "empty")}


def choosers(*held: Component) -> Component:
    """Choosers beside each other, below each other in a narrow window; a page has one such group,
    with a label of its own for each.

    Their script and their style sheet, 1 MB, come with the first page that has some.
    """
    made: Component = dmc.MantineProvider(
        dmc.Box(list(held), className="choosers"),
        defaultColorScheme="auto",
        withGlobalClasses=False,
        withStaticClasses=False,
    )
    return made


def choose_one(
    label: str, field: str, offered: Offered, chosen: str | None, base: str, none: str | None = None
) -> Component:
    """A chooser of one of what is ``offered``; ``chosen`` is what the page shows now, None: nothing of it.

    Choosing leads to ``base``, the page's address without ``field``, with that field added. ``none`` is what
    choosing nothing is called, and offers it; None: it is not offered.
    """
    every = [*([("", none)] if none is not None else []), *offered]
    made: Component = dmc.Select(
        **_usual(label, field, every, base, [chosen] if chosen else []),
        value=chosen or ("" if none is not None else None),
        allowDeselect=False,
    )
    return made


def choose_many(
    label: str, field: str, offered: Offered, chosen: Sequence[str], base: str, none: str = "all"
) -> Component:
    """A chooser of any number of what is ``offered``: the field is repeated. Else as ``choose_one``."""
    made: Component = dmc.MultiSelect(
        **_usual(label, field, offered, base, chosen),
        value=list(chosen),
        placeholder=None if chosen else none,
        clearable=True,
        clearButtonProps={"aria-label": f"Clear {label}", "aria-hidden": False, "tabIndex": 0},
    )
    return made


def _usual(label: str, field: str, offered: Offered, base: str, chosen: Sequence[str]) -> dict[str, Any]:
    """What both kinds have; assets/page.js reads the id: what a change leads to, and whether it is one."""
    options = [(one, one) if isinstance(one, str) else one for one in offered]
    now = json.dumps(list(chosen), ensure_ascii=False, separators=(",", ":"))
    return {
        "id": {"chooser": field, "base": base, "chosen": now, "label": label},
        "label": label,
        "data": [{"value": value, "label": told} for value, told in options],
        "searchable": True,
        "selectFirstOptionOnChange": True,
        "openOnFocus": False,
        "limit": _LISTED_MOST,
        "maxDropdownHeight": _LIST_HEIGHT,
        "nothingFoundMessage": "nothing is called so",
        "comboboxProps": {"withinPortal": False},
        "className": "chooser",
        "classNames": _STYLED,
    }
