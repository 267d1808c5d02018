"""How many emulators share the images of a run: one for each processor, as far as memory goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hil import limits
from hil.bench.plan import Case
from hil.errors import LabError
from hil.lab.boards import BoardSpec

EMULATOR_BYTES = 64 << 20  # resident, with its watcher, while the largest image of the lab runs
_OURS_BYTES = 300 << 20  # the run itself, and the process that drives debug probes


def sizes(specs: Sequence[BoardSpec], cases: Sequence[Case], asked: int | None) -> dict[str, int]:
    """How many emulators there are of each emulated board, by name; see ``emulators``."""
    counts = Counter(case.board.name for case in cases)
    return emulators([spec for spec in specs if spec.kind.emulator is not None], counts, asked)


def emulators(
    specs: Sequence[BoardSpec], counts: Mapping[str, int], asked: int | None = None
) -> dict[str, int]:
    """How many emulators there are of each board: ``asked``, or by default as many as processors.

    Never more than it has cases, which ``counts`` tells, and one where the lab file says that it is no pool.
    By default boards of several names share the processors out, and there are fewer where memory is short;
    LabError when more are asked for than memory allows.
    """
    share = max(1, len(specs))
    free = limits.free_memory()
    room = None if free is None else max(0, (free - _OURS_BYTES) // EMULATOR_BYTES)
    each = limits.processors() // share if asked is None else asked
    if asked is None and room is not None:
        each = min(each, room // share)
    found = {spec.name: max(1, min(each, counts[spec.name])) if spec.pooled else 1 for spec in specs}
    if room is not None and sum(found.values()) > max(room, len(found)):
        raise _too_large(each, sum(found.values()), room // share, free or 0)
    return found


def _too_large(asked: int, emulators: int, room: int, free: int) -> LabError:
    return LabError(
        f"--pool={asked} takes more memory than there is",
        evidence=f"{emulators} emulators of about {EMULATOR_BYTES >> 20} MB each; "
        f"{free / 1e9:.1f} GB are free",
        remedy=f"give --pool={max(1, room)} or less, or leave it out",
    )
