"""What is wrong with a value of the lab file, before its place in the file is known."""

from __future__ import annotations


class WrongValueError(ValueError):
    """What is wrong with a value, as the rest of a sentence that begins with its key.

    ``path`` leads to the part of it, ``near`` asks whether another word was meant.
    """

    def __init__(self, what: str, *path: str, near: str | None = None) -> None:
        super().__init__(what)
        self.path = path
        self.near = near


def text(value: object) -> str:
    """A value that has to be a string with something in it."""
    if not isinstance(value, str):
        raise WrongValueError("must be a string")
    if not value.strip():
        raise WrongValueError("is empty")
    return value
