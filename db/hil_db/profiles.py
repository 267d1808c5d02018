"""Profiles as rows and back, and what of them can be kept."""

from __future__ import annotations

from hil.errors import StoreError
from hil.measure.profile import ClassCost, PathCost, Profile
from hil_db import schema

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
    for keys in ([cost.path for cost in profile.paths], [kind.name for kind in profile.classes]):
        if len(set(keys)) < len(keys):
            return "one of them is there twice"
    return None


def row(profile: Profile, session_id: int) -> schema.ProfileRow:
    """The profile as a row with its paths and classes."""
    return schema.ProfileRow(
        session_id=session_id,
        technique=profile.technique,
        regions=int(profile.regions),  # a counter's array may have given them
        paths=[
            schema.ProfilePath(
                place=place,
                path=_BETWEEN.join(cost.path),
                calls=int(cost.calls),
                instructions=int(cost.instructions),
                cycles=int(cost.cycles),
            )
            for place, cost in enumerate(profile.paths)
        ],
        classes=[
            schema.ProfileClass(
                place=place,
                name=kind.name,
                instructions=int(kind.instructions),
                cycles=int(kind.cycles),
            )
            for place, kind in enumerate(profile.classes)
        ],
    )


def profile(row: schema.ProfileRow) -> Profile:
    """What was stored."""
    return Profile(
        row.technique,
        row.regions,
        tuple(
            PathCost(tuple(path.path.split(_BETWEEN)), path.calls, path.instructions, path.cycles)
            for path in row.paths
        ),
        tuple(ClassCost(kind.name, kind.instructions, kind.cycles) for kind in row.classes),
    )
