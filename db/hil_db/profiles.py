"""Profiles as rows and back, and what of them can be kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from hil.errors import StoreError
from hil.measure.profile import ClassCost, FunctionClass, PathCost, Profile
from hil_db.rows import inserting
from hil_db.schema import PROFILE, PROFILE_CLASS, PROFILE_PATH

_BETWEEN = ";"  # what call paths are joined by, here and in folded stacks
_MOST = (1 << 63) - 1  # the largest integer of both databases


def check(profile: Profile, what: str, board: str) -> None:
    """StoreError for a profile that would not come back as it is; ``what`` names its model and precision."""
    problem = _problem(profile)
    if problem is not None:
        raise StoreError(
            f"the profile of {what} cannot be stored",
            board=board,
            evidence=problem,
            remedy="give each path and class once, with whole counts, of at least one region",
        )


def _problem(profile: Profile) -> str | None:
    if not 1 <= profile.regions <= _MOST:
        return f"{profile.regions} regions"
    for cost in profile.paths:
        if not cost.path or any(not name or _BETWEEN in name for name in cost.path):
            return f"a path {cost.path!r}"
    counts = [count for cost in profile.paths for count in (cost.calls, cost.instructions, cost.cycles)]
    counts += [count for kind in profile.classes for count in (kind.instructions, kind.cycles)]
    for count in counts:
        if not 0 <= count <= _MOST:
            return f"a count of {count}"
    for one in profile.function_classes:
        if not (isinstance(one.function, str) and isinstance(one.name, str) and isinstance(one.cycles, int)):
            return f"a class of a function {one!r}"
    for keys in ([cost.path for cost in profile.paths], [kind.name for kind in profile.classes]):
        if len(set(keys)) < len(keys):
            return "one of them is there twice"
    return None


def add(connection: Connection, profile: Profile, session_id: int) -> None:
    """Add the profile of a session, with its paths and classes."""
    regions = int(profile.regions)  # a counter's array may have given it, and the counts below
    functions = [[one.function, one.name, int(one.cycles)] for one in profile.function_classes]
    head = {
        "session_id": session_id,
        "technique": profile.technique,
        "regions": regions,
        "function_classes": functions or None,
    }
    paths = [
        {
            "session_id": session_id,
            "place": place,
            "path": _BETWEEN.join(cost.path),
            "calls": int(cost.calls),
            "instructions": int(cost.instructions),
            "cycles": int(cost.cycles),
        }
        for place, cost in enumerate(profile.paths)
    ]
    classes = [
        {
            "session_id": session_id,
            "place": place,
            "name": kind.name,
            "instructions": int(kind.instructions),
            "cycles": int(kind.cycles),
        }
        for place, kind in enumerate(profile.classes)
    ]
    for table, rows in ((PROFILE, [head]), (PROFILE_PATH, paths), (PROFILE_CLASS, classes)):
        if rows:
            connection.execute(inserting(table), rows)


def read(connection: Connection, sessions: Sequence[int] | Select[int]) -> dict[int, Profile]:
    """The profiles of these sessions by their ids, as far as they have one.

    ValueError or TypeError when what is stored is none.
    """
    paths, classes = (_by_session(connection, table, sessions) for table in (PROFILE_PATH, PROFILE_CLASS))
    heads = connection.execute(select(PROFILE).where(PROFILE.c.session_id.in_(sessions)))
    found = {
        head.session_id: Profile(
            head.technique,
            head.regions,
            tuple(
                PathCost(tuple(one.path.split(_BETWEEN)), one.calls, one.instructions, one.cycles)
                for one in paths[head.session_id]
            ),
            tuple(ClassCost(one.name, one.instructions, one.cycles) for one in classes[head.session_id]),
            tuple(FunctionClass(*one) for one in head.function_classes or ()),
        )
        for head in heads
    }
    for profile in found.values():
        problem = _problem(profile)
        if problem is not None:
            raise ValueError(f"a profile has {problem}")
    return found


def _by_session(
    connection: Connection, table: Table, sessions: Sequence[int] | Select[int]
) -> dict[int, list[Any]]:
    """Their rows of a table, each session's in order."""
    found: dict[int, list[Any]] = defaultdict(list)
    query = select(table).where(table.c.session_id.in_(sessions)).order_by(table.c.session_id, table.c.place)
    for row in connection.execute(query):
        found[row.session_id].append(row)
    return found
