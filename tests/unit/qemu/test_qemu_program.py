"""Which emulator is run: the one that is named, or the system's."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ProbeError
from hil.qemu.process import QemuProcess
from hil.qemu.program import PROGRAM, PROGRAM_VARIABLE, find_program


@pytest.fixture
def emulator(tmp_path: Path) -> Path:
    program = tmp_path / PROGRAM
    program.write_text("#!/bin/sh\necho I am no emulator >&2\nexit 7\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_systems_by_default(emulator: Path, monkeypatch: pytest.MonkeyPatch, nothing: str | None) -> None:
    monkeypatch.delenv(PROGRAM_VARIABLE, raising=False)
    if nothing is not None:
        monkeypatch.setenv(PROGRAM_VARIABLE, nothing)
    monkeypatch.setenv("PATH", str(emulator.parent))
    assert find_program() == str(emulator)


def test_one_that_is_named_by_path_or_as_a_command(emulator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = emulator.rename(emulator.with_name("my-qemu"))
    monkeypatch.setenv(PROGRAM_VARIABLE, str(mine))
    assert find_program() == str(mine)
    monkeypatch.setenv(PROGRAM_VARIABLE, "my-qemu")
    monkeypatch.setenv("PATH", str(mine.parent))
    assert find_program() == str(mine)


def test_a_relative_path_is_of_the_folder_where_it_was_given(
    emulator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(PROGRAM_VARIABLE, f"./{PROGRAM}")
    assert find_program() == str(emulator)


def test_one_that_is_not_there_is_not_replaced(emulator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(emulator.parent))
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nonexistent/qemu")
    with pytest.raises(ProbeError, match="the emulator that HIL_QEMU names is not there") as caught:
        find_program()
    assert caught.value.evidence == "'/nonexistent/qemu' is no program"
    assert caught.value.remedy == "name a qemu-system-arm there, or unset HIL_QEMU"


def test_the_named_one_is_what_a_board_starts(emulator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, str(emulator))
    with pytest.raises(ProbeError, match="QEMU ended with exit code 7, saying 'I am no emulator'"):
        QemuProcess.start()


def test_a_machine_that_it_lacks_names_the_release_that_has_it(
    emulator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What QEMU before 9.0 says of the discovery kit's machine."""
    emulator.write_text(
        "#!/bin/sh\n"
        'case "$*" in --version) echo "QEMU emulator version 7.2.22" ;;\n'
        '*) echo "$0: unsupported machine type" >&2; exit 1 ;; esac\n'
    )
    monkeypatch.setenv(PROGRAM_VARIABLE, str(emulator))
    with pytest.raises(ProbeError, match=r"QEMU 7\.2 has no machine b-l475e-iot01a") as caught:
        QemuProcess.start("b-l475e-iot01a")
    assert "needs QEMU 9.0 or newer" in str(caught.value)
    assert "bookworm-backports" in str(caught.value)
