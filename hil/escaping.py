"""What comes from files, devices and other programs steers no terminal: it is shown escaped."""

from __future__ import annotations

import re

# Control characters of ASCII and of Latin-1, marks that turn the direction of writing, line and paragraph
# separators, and the halves of characters by which Python keeps bytes of file names that are no UTF-8.
_OTHERS = "\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_STEERS = re.compile(f"[\x00-\x1f{_OTHERS}]")
_STEERS_IN_LINES = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{_OTHERS}]|\r(?!\n)")


class Control(str):
    """Text that is to steer the terminal: the lab's own, and nothing but that."""

    __slots__ = ()


def escaped(text: str, *, lines: bool = False) -> str:
    r"""The text with ``\x1b`` and the like for what a terminal would obey.

    With ``lines``, ends of lines and tabs stay.
    """
    return (_STEERS_IN_LINES if lines else _STEERS).sub(_escape, text)


def spelt(text: str, encoding: str) -> str:
    """The text with escapes for the characters that an encoding lacks."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
