"""Where the cycles of a board, model and precision went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hil.measure.profile import Profile
from hil_dashboards.choices.profile import ProfileChoice
from hil_dashboards.reading import selects
from hil_dashboards.reading.database import RunHead, newest_run, reading, rows, values
from hil_db import profiles

PROFILES_MOST = 12  # so many runs are there to choose from


@dataclass(frozen=True)
class ProfileData:
    """The profile of one session, and its estimate.

    ``session`` has SESSION_COLUMNS and ``cycles`` VALUE_COLUMNS: what the profile's technique says an
    inference takes. ``runs`` are the newest that have a profile of the same case. Without one, ``session``
    and ``profile`` are None.
    """

    newest: RunHead | None
    runs: list[int]
    session: tuple[Any, ...] | None
    profile: Profile | None
    cycles: tuple[Any, ...] | None


def read_profile(url: str | None, choice: ProfileChoice) -> ProfileData:
    """The choice's newest profile, or that of its run. StoreError when the database cannot be read."""
    with reading(url) as connection:
        newest = newest_run(connection)
        known = list(connection.scalars(selects.profiled_runs(choice, PROFILES_MOST)))
        session_id = connection.scalar(selects.profiled_session(choice))
        if session_id is None:
            return ProfileData(newest, known, None, None, None)
        (session,) = rows(connection, selects.one_session(session_id))
        profile = profiles.read(connection, [session_id])[session_id]
        cycles = values(connection, selects.cycles(session_id, profile.technique))
        return ProfileData(newest, known, session, profile, next(iter(cycles), None))
