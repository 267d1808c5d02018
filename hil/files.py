"""Files where others may have been: written without following links, trusted where nobody else writes."""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_ROOT = 0
_OVERFLOW = Path("/proc/sys/kernel/overflowuid")


def replace_file(path: Path, content: bytes | str, mode: int = 0o666) -> None:
    """Put a new file in the place of an old one: whole or not at all, and a link is replaced, not followed.

    Text is written as UTF-8; the umask takes from ``mode``. OSError when that cannot be: nothing is left
    behind then.
    """
    with replacing(path, mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A new file to write, which takes the place of an old one at the end, unless an error comes first."""
    new = path.with_name(f".new-{secrets.token_hex(8)}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Have what was written of a file, or of a folder's names, on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def links_out(folder: Path) -> list[tuple[Path, Path]]:
    """The links at any depth of a folder that lead out of it, sorted, each with where it leads."""
    root = Path(os.path.realpath(folder))
    found = []
    for place, folders, files in os.walk(root):
        for path in (Path(place) / name for name in (*folders, *files)):
            target = Path(os.path.realpath(path))
            if path.is_symlink() and not target.is_relative_to(root):
                found.append((path.relative_to(root), target))
    return sorted(found)


def who_else_writes(folder: Path) -> str | None:
    """How users other than this one and root could change what is in a folder; None when they cannot.

    A folder above it counts too: who may rename things in there can put another folder in its place.
    """
    real = Path(os.path.realpath(folder))
    for place in (real, *real.parents):
        status = place.stat()
        above = place != real
        if not _is_trusted(status.st_uid) and not (above and status.st_uid == _unmapped()):
            return f"{place} belongs to user {status.st_uid}"
        if _others_write(status) and not (above and status.st_mode & stat.S_ISVTX):
            return f"others may write to {place}, mode {stat.S_IMODE(status.st_mode):o}"
    return None


def is_ours_alone(path: Path) -> bool:
    """Whether a path is a plain file of this user or root that nobody else may write; OSError if none."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and _is_trusted(status.st_uid) and not _others_write(status)


def _is_trusted(uid: int) -> bool:
    return uid in (_ROOT, os.getuid())


def _others_write(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private_group(status.st_gid)


def _is_private_group(gid: int) -> bool:
    """Root's, or the group that many systems give each user for himself, and let him write by default."""
    if gid == _ROOT:
        return True
    try:
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == user and set(group.gr_mem) <= {user}


def _unmapped() -> int | None:
    """Who owns, within a user namespace, what belongs to nobody in it: as often the root folder."""
    try:
        return int(_OVERFLOW.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
