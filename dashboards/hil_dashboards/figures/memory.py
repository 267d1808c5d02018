"""Where an image's memory goes: its sections and their symbols, as parts of its flash or of its RAM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hil_dashboards.figures.tree import PART_COLOURS, Node, tree_figure

if TYPE_CHECKING:  # it reads ELF files, whose parser is slow to import
    from hil.measure.memory import SymbolUse

Kind = Literal["flash", "ram"]
KIND_NAMES: Mapping[Kind, str] = {"flash": "Flash", "ram": "RAM"}
Place = tuple[str, str]  # a section and a symbol of it

_PARTS_MOST = 150  # symbols; the smaller ones of a section are one part
_SECTIONS = (".text", ".rodata", ".data", ".bss", ".stack", ".vectors")


def sizes(symbols: Iterable[SymbolUse], kind: Kind) -> dict[Place, int]:
    """The bytes of flash or RAM by section and symbol, largest first; of those that take some.

    Symbols of one name in one section, as static functions may be, are one.
    """
    found: dict[Place, int] = {}
    for one in symbols:
        took = one.flash_bytes if kind == "flash" else one.ram_bytes
        if took:
            place = (one.section, one.name)
            found[place] = found.get(place, 0) + took
    return dict(sorted(found.items(), key=lambda held: (-held[1], held[0])))


def memory_figure(symbols: Iterable[SymbolUse], kind: Kind) -> dict[str, Any]:
    """A treemap of an image's flash or RAM by section and symbol; the figure is Plotly's JSON."""
    nodes = memory_nodes(sizes(symbols, kind), KIND_NAMES[kind])
    return tree_figure("treemap", nodes, texttemplate="%{label}<br>%{value:,} B", tiling={"pad": 2})


def memory_nodes(held: Mapping[Place, int], title: str) -> list[Node]:
    """The whole, called by ``title``, its sections and their symbols, of bytes that ``sizes`` gives.

    A node's id is the whole's title, the section and the symbol, joined by slashes.
    """
    whole = sum(held.values())
    sections: dict[str, int] = {}
    for (section, _), took in held.items():
        sections[section] = sections.get(section, 0) + took
    kept = dict(list(held.items())[:_PARTS_MOST])
    nodes = [Node(title, "", title, whole, (f"{title}: {whole:,} B",))]
    for section, took in sections.items():
        colour = colour_of(section)
        told = (f"{section}: {took:,} B", _share(took, whole))
        nodes.append(Node(f"{title}/{section}", title, section, took, told, colour))
        of_it = {name: bytes_ for (one, name), bytes_ in kept.items() if one == section}
        left = sum(1 for one, _ in held if one == section) - len(of_it)
        if left:
            of_it[f"({left} smaller ones)"] = took - sum(of_it.values())
        for name, bytes_ in of_it.items():
            lines = (name, f"{bytes_:,} B in {section}", _share(bytes_, whole))
            nodes.append(Node(f"{title}/{section}/{name}", f"{title}/{section}", name, bytes_, lines, colour))
    return nodes


def colour_of(section: str) -> str:
    """A section's, the same for every image."""
    place = _SECTIONS.index(section) if section in _SECTIONS else sum(section.encode())
    return PART_COLOURS[place % len(PART_COLOURS)]


def _share(took: int, whole: int) -> str:
    return f"{took / whole * 100:.1f} % of the whole" if whole else ""
