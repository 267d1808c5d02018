"""Values and bytes bent where their format has fields, as hypothesis draws it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

# What a field should not be, though the format lets it.
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 255, 65_535, 65_536, 2**31, 2**63, 2**70, -(2**63)),
    *(0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf")),
    *("", "f32", "q15", "1", "\0", "\x1b[31m", "\ud800", "\u202e", "../../etc", "a/b", "x" * 3000),
    *([], {}, [[]], [1, "a"], {"": None}, {"f32": 1}),
)


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a tree of dicts and lists."""
    within: Iterable[tuple[Any, Any]] = ()
    if isinstance(tree, dict):
        within = tree.items()
    elif isinstance(tree, list):
        within = enumerate(tree)
    return [path, *(place for key, value in within for place in _places(value, (*path, key)))]


@st.composite
def bent_tree(draw: st.DrawFn, tree: Any) -> Any:
    """A tree of dicts, lists and values in which a few are replaced, left out, renamed, or put elsewhere."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        places = _places(tree)
        *way, last = draw(st.sampled_from(places)) or (None,)
        if last is None:
            tree = draw(st.sampled_from(JUNK))
            continue
        within = tree
        for key in way:
            within = within[key]
        how = draw(st.sampled_from(["replace", "replace", "near", "leave out", "rename", "move"]))
        value = within[last]
        if how == "near" and type(value) in (int, float):
            within[last] = value + draw(st.sampled_from([-1, 1, -value, value, 2**16, 0.5]))
        elif how == "leave out":
            del within[last]
        elif how == "rename" and isinstance(within, dict):
            other = draw(st.sampled_from(["", "x", "\ud800", f"{last} ", str(last).upper()]))
            within[other] = within.pop(last)
        elif how == "move":
            within[last] = copy.deepcopy(_at(tree, draw(st.sampled_from(places))))
        else:
            within[last] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return tree


def _at(tree: Any, path: Sequence[Any]) -> Any:
    for key in path:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return tree
    return tree


@st.composite
def bent_bytes(draw: st.DrawFn, data: bytes, most: int = 8) -> bytes:
    """Bytes in which a few are flipped, left out, doubled or new, or the end is missing."""
    bent = bytearray(data)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, len(bent)))
        how = draw(st.sampled_from(["set", "set", "insert", "leave out", "cut", "double"]))
        size = draw(st.integers(1, 64))
        if how == "set":
            bent[at : at + 1] = draw(st.binary(min_size=1, max_size=4))[: len(bent[at : at + 4])]
        elif how == "insert":
            bent[at:at] = draw(st.binary(max_size=size))
        elif how == "leave out":
            del bent[at : at + size]
        elif how == "double":
            bent[at:at] = bent[at : at + size]
        elif draw(st.integers(0, 3)) == 0:
            del bent[at:]
    return bytes(bent)
