"""What the symbols of an image take, as the blob that stands beside it, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import zstandard
from sqlalchemy import Connection, select

from hil_db.schema import IMAGE

if TYPE_CHECKING:  # it reads ELF files, whose parser is slow to import
    from hil.measure.memory import SymbolUse

_LEVEL = 9
_MOST_BYTES = 1 << 26  # of JSON: a decompressor allocates what a damaged blob claims

Symbols = tuple["SymbolUse", ...]


def pack(symbols: Sequence[SymbolUse]) -> bytes | None:
    """Symbols in their order as a blob, None for none: JSON of (section, name, flash, RAM), compressed."""
    if not symbols:
        return None
    rows = [(one.section, one.name, one.flash_bytes, one.ram_bytes) for one in symbols]
    text = json.dumps(rows, separators=(",", ":")).encode()
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(text)


def unpack(blob: bytes) -> Symbols:
    """The symbols of a blob; ValueError or TypeError when it is none."""
    from hil.measure.memory import SymbolUse

    try:
        if not 0 < zstandard.get_frame_parameters(blob).content_size <= _MOST_BYTES:
            raise ValueError("a blob of symbols is of no or an impossible size")
        text = zstandard.ZstdDecompressor().decompress(blob, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(f"a blob of symbols is damaged: {error}") from error
    found = tuple(SymbolUse(name, section, flash, ram) for section, name, flash, ram in json.loads(text))
    for one in found:
        if not (isinstance(one.name, str) and isinstance(one.section, str)):
            raise TypeError(f"a symbol is called {one.name!r:.40} in {one.section!r:.40}")
        if not (isinstance(one.flash_bytes, int) and isinstance(one.ram_bytes, int)):
            raise TypeError(f"the symbol {one.name:.40} takes {one.flash_bytes!r:.40}, {one.ram_bytes!r:.40}")
    return found


def read(connection: Connection, images: Iterable[int]) -> dict[int, Symbols]:
    """The symbols of these images by their ids, largest first, of those that have some.

    ValueError or TypeError when what is stored is none.
    """
    of_them = (IMAGE.c.id.in_(set(images)), IMAGE.c.symbols.isnot(None))
    query = select(IMAGE.c.id, IMAGE.c.symbols).where(*of_them)
    return {number: unpack(blob) for number, blob in connection.execute(query)}
