"""What `hil export --profile` prints: where the cycles of stored sessions went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TextIO

from sqlalchemy import select

from hil.errors import StoreError
from hil.measure.profile import Profile, folded, functions
from hil_db import engine, profiles
from hil_db.export import BY_CASE, CASE, CASE_COLUMNS, time_text, write_rows
from hil_db.references import run_ids
from hil_db.schema import PROFILE, SESSION
from hil_db.store import Store

_HEAD = (*CASE_COLUMNS, "technique", "inferences")
FUNCTION_COLUMNS = (
    *_HEAD,
    "function",
    "calls",
    "instructions",
    "own_cycles",
    "total_cycles",
    "calls_per_inference",
    "instructions_per_inference",
    "own_cycles_per_inference",
    "total_cycles_per_inference",
)
CLASS_COLUMNS = (
    *_HEAD,
    "class",
    "instructions",
    "cycles",
    "instructions_per_inference",
    "cycles_per_inference",
)


@dataclass(frozen=True)
class _Held:
    """A session's profile and the session's cells of CASE_COLUMNS."""

    case: tuple[Any, ...]
    profile: Profile

    @property
    def name(self) -> str:
        return f"{self.case[4]}/{self.case[5]}"


def export_profile(url: str | None, run: str, view: str, form: str, out: TextIO) -> None:
    """Write the profiles of ``latest``, ``all`` or one run's id to ``out``.

    ``view`` is functions or classes, in ``form`` csv or json with the dearest first in each session, or
    folded: stacks for flame graphs, whose form is their own and whose counts are cycles of all inferences.
    StoreError when there is no such run, or none of its sessions has a profile.
    """
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        where = engine.shown(store.url)
        ids = run_ids(connection, run, store.url)
        query = select(SESSION.c.id, *CASE).join(PROFILE, PROFILE.c.session_id == SESSION.c.id)
        if ids is not None:
            query = query.where(SESSION.c.run_id.in_(ids))
        cases = connection.execute(query.order_by(SESSION.c.run_id, *BY_CASE)).all()
        found = profiles.read(connection, query.with_only_columns(SESSION.c.id))
    held = [_Held(tuple(case), found[session_id]) for session_id, *case in cases]
    if not held:
        runs = "no run" if ids is None else f"no session of run {ids[0]}"
        raise StoreError(
            f"{runs} in {where} has a profile",
            remedy=f"QEMU's timing plug-in makes them: run {engine.bench_command(store.url, 'qemu')}, "
            "or choose a run with --run",
        )
    _VIEWS[view](held, form, out)


def _functions(held: Sequence[_Held], form: str, out: TextIO) -> None:
    rows = [
        [*_head(one), cost.name, *_counts(one, (cost.calls, cost.instructions, cost.own, cost.total))]
        for one in held
        for cost in functions(one.profile)
    ]
    write_rows(FUNCTION_COLUMNS, rows, form, out)


def _classes(held: Sequence[_Held], form: str, out: TextIO) -> None:
    rows = [
        [*_head(one), kind.name, *_counts(one, (kind.instructions, kind.cycles))]
        for one in held
        for kind in sorted(one.profile.classes, key=lambda kind: (-kind.cycles, kind.name))
    ]
    write_rows(CLASS_COLUMNS, rows, form, out)


def _head(held: _Held) -> list[Any]:
    run, started, *rest = held.case
    return [run, time_text(started), *rest, held.profile.technique, held.profile.regions]


def _counts(held: _Held, counts: Iterable[int]) -> list[float]:
    """The counts as sums, then per inference."""
    sums = list(counts)
    return [*sums, *(_divided(count, held.profile.regions) for count in sums)]


def _divided(count: int, regions: int) -> float:
    return count // regions if count % regions == 0 else round(count / regions, 3)


def _folded(held: Sequence[_Held], _: str, out: TextIO) -> None:
    """Stacks of equal frames add up in a flame graph, so what tells two sessions apart is a frame of them."""
    for root, one in zip(_roots(held), held, strict=True):
        paths = (replace(cost, path=(*root, *cost.path)) for cost in one.profile.paths)
        out.writelines(f"{line}\n" for line in folded(paths))


def _roots(held: Sequence[_Held]) -> list[tuple[str, ...]]:
    """The frames each profile stands under: run, board and technique where they differ, and its name."""
    parts = [(f"run {one.case[0]}", str(one.case[2]), one.profile.technique) for one in held]
    differ = [len(set(column)) > 1 for column in zip(*parts, strict=True)]
    return [
        tuple(_frame(frame) for frame in (*_where(line, differ), one.name))
        for line, one in zip(parts, held, strict=True)
    ]


def _where(line: Sequence[str], differ: Sequence[bool]) -> list[str]:
    return [frame for frame, wanted in zip(line, differ, strict=True) if wanted]


def _frame(name: str) -> str:
    return name.replace(";", ",")  # what parts frames


_VIEWS: dict[str, Callable[[Sequence[_Held], str, TextIO], None]] = {
    "functions": _functions,
    "folded": _folded,
    "classes": _classes,
}
