"""Memory maps as SVG: what each section and symbol of an image takes, and by how much it grew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from hil.gate.wording import number
from hil.measure.memory import STACK_SECTION, SymbolUse
from hil.measure.treemap import Box, squarified
from hil.report.data import Image
from hil.report.markup import Html, joined, table, tag
from hil.report.words import plural

_WIDTH, _HEIGHT, _HEAD = 1180.0, 200.0, 17.0  # pixels of the widest picture
_LEAST = 60.0  # square pixels: symbols below it are one box
_NAMED = (34.0, 13.0)  # pixels of a box: in a smaller one no name can be read
_LETTER = 6.4
_STEPS = 5  # of a colour
_ROWS = 15

Key = tuple[str, str]  # section and symbol


@dataclass(frozen=True)
class _Part:
    """What a symbol takes; ``before`` is None where there is nothing to compare with."""

    name: str
    size: int
    before: int | None

    @property
    def more(self) -> int:
        return 0 if self.before is None else self.size - self.before


def memory_maps(image: Image) -> Html:
    """The maps of an image's flash and RAM with what changed; or why there are none."""
    if image.now is None or not image.now.symbols:
        return tag("p", "The symbols of this image are not stored.", class_="empty")
    before = image.before.symbols if image.before is not None and image.before.symbols else None
    parts: list[Html] = []
    if before is None and image.compared is not None:
        parts.append(tag("p", "The baseline has no symbols of this image to compare with.", class_="empty"))
    for title, ram in (("Flash", False), ("RAM", True)):
        parts += _map(title, _sizes(image.now.symbols, ram), None if before is None else _sizes(before, ram))
    parts.append(_table(image.now.symbols, before))
    return joined(parts)


def _sizes(symbols: Sequence[SymbolUse], ram: bool) -> dict[Key, int]:
    found: dict[Key, int] = defaultdict(int)
    for one in symbols:
        if size := one.ram_bytes if ram else one.flash_bytes:
            found[one.section, one.name] += size
    return dict(found)


def _map(title: str, now: Mapping[Key, int], before: Mapping[Key, int] | None) -> list[Html]:
    sections: dict[str, list[_Part]] = defaultdict(list)
    for (section, name), size in now.items():
        sections[section].append(
            _Part(name, size, None if before is None else before.get((section, name), 0))
        )
    whole, stack = (
        sum(now.values()),
        sum(size for (section, _), size in now.items() if section == STACK_SECTION),
    )
    told = f"{number(whole - stack)} B in {plural(len(now), 'symbol')}"
    if stack:
        told += f", and {number(stack)} B reserved for the stack"
    if before is not None:
        told += f"; {_grown(whole - sum(before.values()))}"
    head = tag("h5", title, " ", tag("span", f"counted from the ELF: {told}", class_="kind"))
    if not sections:
        return [head, tag("p", "Nothing lies there.", class_="empty")]
    order = sorted(sections, key=lambda name: (-sum(part.size for part in sections[name]), name))
    sizes = [sum(part.size for part in sections[name]) for name in order]
    boxes = squarified(sizes, Box(0.0, 0.0, _WIDTH, _HEIGHT))
    most = max((abs(part.more) for held in sections.values() for part in held), default=0)
    drawn = [
        shape
        for name, size, box in zip(order, sizes, boxes, strict=True)
        for shape in _section(name, size, box, sections[name], most)
    ]
    picture = tag(
        "svg",
        tag(
            "title",
            f"{title} by section and symbol, areas in proportion to bytes; the table below says the same",
        ),
        *drawn,
        class_="map",
        role="img",
        width="100%",
        height=_HEIGHT,
    )
    return [head, picture]


def _grown(more: int) -> str:
    if more == 0:
        return "as many as in the baseline"
    return f"{'+' if more > 0 else '−'}{number(abs(more))} B since the baseline"


def _section(name: str, size: int, box: Box, parts: list[_Part], most: int) -> list[Html]:
    """A frame with its name, and within it the symbols."""
    head = _HEAD if box.height > 3 * _HEAD and box.width > 60 else 2.0
    inner = Box(box.x + 1, box.y + head, max(box.width - 2, 0), max(box.height - head - 1, 0))
    label = f"{name} {number(size)} B" if head == _HEAD else None
    shapes = [_box(box, f"section {name}: {number(size)} B", label, "section", 12)]
    area = inner.width * inner.height / (size or 1)
    parts = sorted(parts, key=lambda part: (-part.size, part.name))
    seen = [part for part in parts if part.size * area >= _LEAST or abs(part.more) == most > 0]
    rest = [part for part in parts if part not in seen]
    if rest:
        before = None if rest[0].before is None else sum(part.before or 0 for part in rest)
        seen.append(_Part(f"{plural(len(rest), 'smaller symbol')}", sum(part.size for part in rest), before))
    for part, place in zip(seen, squarified([part.size for part in seen], inner), strict=True):
        shapes.append(_symbol(name, part, place, most))
    return shapes


def _symbol(section: str, part: _Part, box: Box, most: int) -> Html:
    said = f"{part.name} in {section}: {number(part.size)} B"
    label, kind = part.name, "symbol"
    if part.before == 0:
        said, label, kind = f"{said}, new", f"new {part.name}", _shade(part.more, most)
    elif part.more:
        said += f", {_grown(part.more)}"
        label, kind = (
            f"{'+' if part.more > 0 else '−'}{number(abs(part.more))} {part.name}",
            _shade(part.more, most),
        )
    fits = box.width >= _NAMED[0] and box.height >= _NAMED[1]
    return _box(box, said, label if fits else None, kind, 11)


def _shade(more: int, most: int) -> str:
    step = max(1, round(abs(more) / most * _STEPS)) if most else 1
    return f"{'u' if more > 0 else 'd'}{step}"


def _box(box: Box, said: str, label: str | None, kind: str, down: int) -> Html:
    text = None
    if label is not None:
        letters = int(box.width / _LETTER)
        text = tag("text", label if len(label) <= letters else f"{label[: letters - 1]}…", x=3, y=down)
    return tag(
        "svg",
        tag("title", said),
        tag("rect", width="100%", height="100%", class_=kind),
        text,
        x=f"{box.x / _WIDTH * 100:.3f}%",
        y=f"{box.y:.1f}",
        width=f"{box.width / _WIDTH * 100:.3f}%",
        height=f"{box.height:.1f}",
    )


def _table(now: Sequence[SymbolUse], before: Sequence[SymbolUse] | None) -> Html:
    """The symbols that changed, then the largest."""
    held, older = _both(now), _both(before or ())
    keys = {*held, *older} if before is not None else set(held)

    def more(key: Key) -> int:
        new, old = held.get(key, (0, 0)), older.get(key, (0, 0))
        return abs(new[0] - old[0]) + abs(new[1] - old[1])

    changed = sorted(
        (key for key in keys if before is not None and more(key)), key=lambda key: (-more(key), key)
    )
    largest = sorted(held, key=lambda key: (-sum(held[key]), key))
    names = list(
        islice(dict.fromkeys([*changed[:_ROWS], *largest]), max(_ROWS, min(len(changed), 2 * _ROWS)))
    )
    heads = ["Symbol", "Section", "Flash B", "RAM B"] + (
        ["Flash change", "RAM change"] if before is not None else []
    )
    rows = []
    for key in names:
        new, old = held.get(key, (0, 0)), older.get(key, (0, 0))
        cells = [key[0], number(new[0]), number(new[1])]
        if before is not None:
            cells += [_moved(new[place] - old[place], old == (0, 0), new == (0, 0)) for place in (0, 1)]
        rows.append(
            tag("tr", tag("th", key[1], scope="row", class_="mono"), *(tag("td", cell) for cell in cells))
        )
    caption = f"The symbols that changed, then the largest: {len(names)} of {len(keys)}"
    return tag(
        "details",
        tag("summary", "As a table: bytes by symbol"),
        table(caption, heads, rows, "figures", "Bytes by symbol"),
    )


def _both(symbols: Sequence[SymbolUse]) -> dict[Key, tuple[int, int]]:
    flash, ram = _sizes(symbols, False), _sizes(symbols, True)
    return {key: (flash.get(key, 0), ram.get(key, 0)) for key in {*flash, *ram}}


def _moved(more: int, new: bool, left: bool) -> str:
    if not more:
        return "="
    word = " new" if new else " gone" if left else ""
    return f"{'+' if more > 0 else '−'}{number(abs(more))}{word}"
