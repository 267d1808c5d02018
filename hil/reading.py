"""Files of users: regular ones alone are read, as UTF-8, whatever the locale says."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST = 1 << 30  # bytes: a program with all that its debugger needs has less
LARGEST_TEXT = 1 << 22  # of descriptions and settings


def require_regular(path: Path) -> None:
    """OSError unless it is a file of bytes: a pipe would be waited for, a device may have no end."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "It is no regular file", str(path))


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """What a file holds; OSError when it cannot be read, is none, or has more than ``most`` bytes."""
    require_regular(path)
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, f"It has more than {most:,} bytes", str(path))
        return file.read()


def read_text(path: Path) -> str:
    """A file's text without a byte order mark; OSError as above, UnicodeDecodeError when it is not UTF-8."""
    return read_bytes(path, LARGEST_TEXT).decode("utf-8-sig")
