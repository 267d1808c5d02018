"""The flasher without a probe: what it says when there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hil.errors import ImageError, ProbeError
from hil.flash.pyocd import PyOcdFlasher

LOOKS_FOR_PROBES = """
import os
from hil.errors import ProbeError
from hil.flash.pyocd import PyOcdFlasher, attached_probes
from pyocd.core.session import Session
attached_probes()
Session.get_current()
try:
    with PyOcdFlasher("qemu:nobody", "mps2_an386"):
        pass
except ProbeError:
    print(os.getcwd())
"""


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory(prefix="hil-") as folder:
        monkeypatch.setenv("HIL_RUNTIME_DIR", folder)
        yield


def test_a_probe_that_is_not_there_is_named_and_not_waited_for() -> None:
    with (
        pytest.raises(ProbeError, match="no debug probe qemu:nobody is attached") as error,
        PyOcdFlasher("qemu:nobody", "mps2_an386"),
    ):
        pass
    assert error.value.evidence == "attached: none like it"


def test_an_unknown_type_of_probe_is_told() -> None:
    with pytest.raises(ProbeError, match="nosuchtype"), PyOcdFlasher("nosuchtype:1", "mps2_an386"):
        pass


def test_a_damaged_image_never_reaches_the_probe(tmp_path: Path) -> None:
    image = tmp_path / "broken.elf"
    image.write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(ImageError):
        PyOcdFlasher("qemu:nobody", "mps2_an386").program(image)


def test_nothing_in_the_current_folder_is_run(tmp_path: Path) -> None:
    """In a process of its own: pyOCD makes a session for its options once."""
    (tmp_path / "pyocd_user.py").write_text("open('script', 'w')")
    (tmp_path / "pyocd.yaml").write_text(
        "logging: {handlers: {trap: {(): builtins.open, file: settings, mode: w}}, root: {handlers: [trap]}}"
    )
    done = subprocess.run(
        [sys.executable, "-c", LOOKS_FOR_PROBES], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pyocd.yaml", "pyocd_user.py"]
    assert Path(done.stdout.strip()) == tmp_path, "it stays where it was started"


def test_a_flasher_that_is_not_connected_says_so() -> None:
    with pytest.raises(ProbeError, match="not connected"):
        PyOcdFlasher("qemu:nobody", "mps2_an386").halt()
