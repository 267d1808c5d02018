"""Sessions to report on, and how to read a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import session_records
from hil.measure.memory import SymbolUse
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.metrics import LATENCY_CYCLES, STREAM_S
from hil.values import Method
from hil_db.records import SessionRecord

BEGAN = session_records.BEGAN
Add = Callable[..., int]
Say = Callable[..., tuple[int, str, str]]
Written = Callable[..., str]


def record(
    cycles: int = 1000,
    flash: int = 5000,
    board: str = "qemu",
    function: str = "step",
    model: str = "m",
    symbol: str = "weights",
) -> SessionRecord:
    """A session of a model that spends its cycles in one function, and its flash in one symbol."""
    plain = session_records.record(cycles, flash, 1, board, function, model)
    _, *counted = plain.measures
    estimated = LATENCY_CYCLES.measure(
        cycles,
        Method.ESTIMATED,
        "cycle-model-2",
        None,
        (cycles * 0.93, cycles * 1.07),
        {"wait_states": 0.0},
    )
    streamed = STREAM_S.measure(2.5, Method.MEASURED, "host-clock", conditions={"link": "ram"})
    profile = Profile(
        "cycle-model-2",
        10,
        (PathCost(("infer",), 10, 50, 50), PathCost(("infer", function), 10, cycles * 10, cycles * 10)),
        (ClassCost("alu", 1, cycles * 10 + 50),),
    )
    return replace(
        plain,
        measures=(estimated, *counted, streamed),
        samples=(),
        profile=profile,
        symbols=(SymbolUse(symbol, ".rodata", flash, 0), SymbolUse("state", ".bss", 0, 600)),
    )


_EMPTY = {"meta", "link", "input", "br", "path", "rect", "wbr"}


class Tags(HTMLParser):
    """Reads a page as a strict reader would: every tag is closed, and in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """What is to be read, in one line."""
        return " ".join(" ".join(self.words).split())


def read(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert (tags.open, tags.wrong) == ([], [])
    return tags
