"""Runs of `hil bisect`: trials of one image at old commits, which stand for nothing but themselves."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause

from hil_db.schema import RUN

_COMMAND = "hil bisect "


def is_no_trial(run: FromClause = RUN) -> ColumnElement[bool]:
    """Of a row of RUN, or of an alias of it: no page begins with a trial, no name but its own means one."""
    return run.c.command.not_like(f"{_COMMAND}%")


def of_trial(command: str) -> bool:
    """Whether a run with that command is one."""
    return command.startswith(_COMMAND)
