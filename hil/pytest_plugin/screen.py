"""The terminal, past pytest's capture, for what is shown while a test runs."""

from __future__ import annotations

import io
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TextIO

import pytest

from hil.escaping import escaped


def encoding() -> str:
    """That of the terminal."""
    return (sys.__stdout__.encoding if sys.__stdout__ is not None else None) or "utf-8"


class Screen:
    """Where the progress line is drawn."""

    def __init__(self, config: pytest.Config) -> None:
        self.out: TextIO = sys.__stdout__ if sys.__stdout__ is not None else sys.stdout
        if isinstance(self.out, io.TextIOWrapper):
            self.out.reconfigure(errors="backslashreplace")  # what its encoding lacks is no reason to end
        self._capture = config.pluginmanager.getplugin("capturemanager")

    def uncaptured(self) -> AbstractContextManager[None]:
        """Text written inside goes to the terminal."""
        if self._capture is None:
            return nullcontext()
        lifted: AbstractContextManager[None] = self._capture.global_and_fixture_disabled()
        return lifted

    def say(self, line: str) -> None:
        """Show a line at once; a terminal that is gone is no reason to end."""
        with suppress(OSError), self.uncaptured():
            self.out.write(f"\n{escaped(line)}\n")
            self.out.flush()
