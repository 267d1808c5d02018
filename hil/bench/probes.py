"""What is attached but in no lab file: told, with how to add it, and never touched."""

from __future__ import annotations

from collections.abc import Callable

from hil.errors import ProbeError
from hil.flash.base import AttachedProbe


def unlisted_probes(attached: Callable[[], list[AttachedProbe]]) -> list[str]:
    """A line per attached probe that a lab file could name; empty when there is none."""
    try:
        probes = attached()
    except ProbeError as error:
        return [f"attached probes could not be listed: {error}"]
    lines = []
    for probe in probes:
        if probe.is_emulated:
            continue
        board = f" ({probe.board_name})" if probe.board_name else ""
        lines.append(
            f"attached, not used: {probe.description}{board}; to use it, write a lab file (`hil lab init`) "
            f'with [boards.NAME] kind = "…", probe = "{probe.unique_id}", serial = "…" and add --lab=FILE'
        )
    return lines
