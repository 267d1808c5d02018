"""Runs of `hil bisect`: trials of one image at old commits, which stand for nothing but themselves."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from hil_db.schema import RUN

_COMMAND = "hil bisect "


def is_no_trial() -> ColumnElement[bool]:
    """Of a row of RUN: no page begins with a trial, no name but its own means one."""
    return RUN.c.command.not_like(f"{_COMMAND}%")


def of_trial(command: str) -> bool:
    """Whether a run with that command is one."""
    return command.startswith(_COMMAND)
