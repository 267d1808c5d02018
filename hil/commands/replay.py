"""`hil replay`: what a recorded link carried, and what the lab makes of it without the board."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hil.escaping import escaped

if TYPE_CHECKING:
    from hil.link.frames import Frame
    from hil.link.meaning import Stretch
    from hil.link.messages import Hello
    from hil.link.recording import Recording
    from hil.link.replay import Replay

HELP = "show what a recorded link carried, and play it to the lab's link again"

_ARROWS = {"out": "->", "in": "<-"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which recording, and how much of it."""
    parser.add_argument("file", type=Path, metavar="FILE", help="what pytest --link-record has written")
    parser.add_argument("--summary", action="store_true", help="no frames, only what came of it")


def run(options: argparse.Namespace) -> int:
    """Print each frame with its time and meaning, then what the link makes of them; 1 if that is an error."""
    from hil.link.recording import read_recording
    from hil.link.replay import replay

    recording = read_recording(options.file)
    print(escaped(_heading(recording)))
    if not options.summary:
        for line in transcript(recording):
            print(escaped(line))
    if recording.end is not None:
        print(f"{escaped(str(options.file))}: {recording.end}")
    replayed = replay(recording)
    for line in outcome(replayed):
        print(line)
    return 0 if replayed.error is None else 1


def _heading(recording: Recording) -> str:
    return ", ".join(f"{name} {value}" for name, value in recording.about.items())


def transcript(recording: Recording) -> Iterator[str]:
    """A line for each frame, damaged stretch and fact; times are seconds since the recording began."""
    from hil.link.frames import Frame
    from hil.link.meaning import Finder, hello_of
    from hil.link.recording import Kind

    finders = {Kind.OUT: Finder(), Kind.IN: Finder()}
    hello: Hello | None = None
    time_s = 0.0
    for record in recording.records:
        if record.kind == Kind.CLOCK:
            continue
        time_s = record.time_s
        if record.facts is not None:
            yield _line(time_s, "  ", ", ".join(f"{name} {value}" for name, value in record.facts.items()))
            continue
        for found in finders[record.kind].feed(record.data):
            if isinstance(found, Frame) and (said := hello_of(found)) is not None:
                hello = said
            yield _line(time_s, _ARROWS[record.kind.name.lower()], _told(found, hello))
    for kind, finder in finders.items():
        for found in finder.finish():
            yield _line(time_s, _ARROWS[kind.name.lower()], _told(found, hello))


def _told(found: Frame | Stretch, hello: Hello | None) -> str:
    from hil.link.frames import Frame
    from hil.link.meaning import meaning

    return f"{found.seq:5} {meaning(found, hello)}" if isinstance(found, Frame) else f"      {found}"


def _line(time_s: float, arrow: str, told: str) -> str:
    return f"{time_s:11.6f} {arrow} {told}"


def outcome(replayed: Replay) -> list[str]:
    """What the lab's link makes of the recording."""
    stats = replayed.stats
    lines = [
        f"replayed: {replayed.answered:,} of {replayed.asked:,} vectors answered, {stats.lost:,} frames "
        f"lost, damaged {stats.damaged:,} times, {stats.wire_bytes_out + stats.wire_bytes_in:,} B"
    ]
    if replayed.deviates_s is not None:
        lines.append(
            f"this lab's link sends other bytes than were sent then from {replayed.deviates_s:.6f} s on"
        )
    if replayed.error is not None:
        lines.append(f"it ends with: {replayed.error}")
    return lines
