"""No text of others steers a terminal."""

from __future__ import annotations

import pytest

from hil.errors import HilError
from hil.escaping import escaped, spelt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ± … é 漢", "plain ± … é 漢"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[2J\x07\x00\x7f", r"\x1b[2J\x07\x00\x7f"),
        ("\x9b31m", r"\x9b31m"),  # CSI in one character
        ("abc\u202egnp.exe", r"abc\u202egnp.exe"),
        ("\u2028", r"\u2028"),
        ("\udcff\ud800", r"\xff\ud800"),  # a byte of a file's name, and half a character
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert str(HilError("what", board="b", evidence=text, remedy="r")) == f"b: what ({shown}); r"


def test_lines_and_tabs_stay_where_they_are_meant() -> None:
    assert escaped("a\tb\r\nc\rd\x1b\x0b\n", lines=True) == "a\tb\r\nc\\rd\\x1b\\x0b\n"


def test_what_an_encoding_lacks_is_spelt() -> None:
    assert spelt("±7% é", "ascii") == r"\xb17% \xe9"
    assert spelt("±7% é", "utf-8") == spelt("±7% é", "latin-1") == "±7% é"
