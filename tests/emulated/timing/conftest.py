"""The plug-in speaks several versions of QEMU's interface: every test of it runs with each emulator."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _on_each_qemu(each_qemu: None) -> None:
    """One emulator speaks the oldest version, the other a newer one."""
