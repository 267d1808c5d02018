"""Who may look at the dashboard: a file of names, roles and hashes of passwords, a line each.

A line is ``name:role:hash``. The hash is scrypt's with its salt and cost, as werkzeug.security writes it
(hashlib.scrypt, N = 32,768, r = 8, p = 1: 32 MB and about 0.1 s); empty for people whom a proxy lets in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from hil.errors import HilError, refusal
from hil.files import is_ours_alone, replace_file
from hil_db.engine import data_folder

PASSWORD_LEAST, PASSWORD_MOST = 10, 256  # letters
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_MODE = 0o600
# What a name that is not there is checked against: it takes as long as one that is.
_NOBODY = generate_password_hash("nobody", "scrypt")


class Role(StrEnum):
    """Readers look; who triages also decides what becomes of a regression."""

    READER = "reader"
    TRIAGE = "triage"


@dataclass(frozen=True)
class User:
    """One line of the file."""

    name: str
    role: Role
    password: str  # its hash, or nothing

    @property
    def mark(self) -> str:
        """Another one after each change of the password: what was begun with the old one ends."""
        return sha256(self.password.encode()).hexdigest()


def default_file() -> Path:
    """In the lab's folder among the user's data. StoreError when the user has none."""
    return data_folder() / "dashboard-users"


def is_name(name: str) -> bool:
    """Whether a user could be called so: also what a proxy says is held against it."""
    return _NAME.fullmatch(name) is not None


def read(path: Path) -> dict[str, User]:
    """The users by name; none where there is no file.

    HilError for a line that is none, and for a file that others may write: they could let themselves in.
    """
    try:
        if not is_ours_alone(path):
            raise HilError(
                f"the users in {path} cannot be trusted",
                evidence="others may write to it, or it is no plain file of this user or root",
                remedy=f"chmod go-w {path}, or name another file with --users",
            )
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HilError(
            "the dashboard's users cannot be read",
            evidence=refusal(error),
            remedy="let the dashboard's user read the file, or name another with --users",
        ) from error
    except UnicodeDecodeError as error:
        raise _spoiled(path, 0) from error
    users = [_user(path, place, line) for place, line in enumerate(lines, 1) if line.strip()]
    return {user.name: user for user in users}


def write(path: Path, users: Mapping[str, User]) -> None:
    """Put these users in the place of all that were there; nobody else may read the file."""
    lines = [f"{user.name}:{user.role}:{user.password}\n" for _, user in sorted(users.items())]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, "".join(lines), _MODE)
    except OSError as error:
        raise HilError(
            "the dashboard's users cannot be written",
            evidence=refusal(error),
            remedy="choose another file with --users",
        ) from error


def made(name: str, role: Role, password: str | None) -> User:
    """A user with a new password, or None: one who comes through a proxy. HilError for what cannot be."""
    if not is_name(name):
        raise HilError(
            f"{name!r} cannot be a user's name",
            remedy="choose up to 64 letters, digits and . _ @ + - that begin with a letter or digit",
        )
    if password is None:
        return User(name, role, "")
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise HilError(
            f"a password of {len(password)} letters is refused",
            remedy=f"choose one of {PASSWORD_LEAST} to {PASSWORD_MOST}",
        )
    return User(name, role, generate_password_hash(password, "scrypt"))


def is_right(user: User | None, password: str) -> bool:
    """Whether this is the user's password; takes as long where there is no such user."""
    held = user.password if user is not None else ""
    right = check_password_hash(held or _NOBODY, password[: PASSWORD_MOST + 1])
    return right and bool(held)


def _user(path: Path, place: int, line: str) -> User:
    name, _, rest = line.partition(":")
    role, _, password = rest.partition(":")
    if not is_name(name) or role not in list(Role) or (password and not password.startswith("scrypt:")):
        raise _spoiled(path, place)
    return User(name, Role(role), password)


def _spoiled(path: Path, place: int) -> HilError:
    return HilError(
        f"the file of users {path} is damaged",
        evidence=f"line {place} is no name, role and hash" if place else "it is not UTF-8",
        remedy="take the line out and add the user again: `hil dashboard user add`",
    )
