"""What a program gets of the host by semihosting: printing always, files and commands only when it is let."""

from __future__ import annotations

from pathlib import Path

import pytest

from semihosting_programs import HARMFUL, USUAL
from timing_programs import build, hil_time

pytestmark = pytest.mark.emulated

DONE = ("write", "read", "run", "rename", "remove")


def _harmful(folder: Path) -> Path:
    (folder / "reach").mkdir()
    (folder / "reach" / "kept").write_text("secret")
    return build(folder, {"main.c": HARMFUL}, ["-O1", f'-DFOLDER="{folder / "reach"}"'])


def _held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "reach").iterdir()}


def test_the_hosts_files_and_commands_are_refused(tmp_path: Path) -> None:
    timed, text = hil_time(_harmful(tmp_path)), hil_time(tmp_path / "program.elf", "--text")
    assert _held(tmp_path) == {"kept": "secret"}
    assert timed.code == text.code == 0
    assert text.out.startswith("".join(f"{what} refused\n" for what in DONE))
    reach = tmp_path / "reach"
    assert timed.told["refused"] == [
        f"write '{reach}/written'",
        f"read '{reach}/kept'",
        f"run 'touch {reach}/run'",
        f"rename '{reach}/kept' to '{reach}/moved'",
        f"remove '{reach}/kept'",
    ]
    (line,) = (line for line in timed.err.splitlines() if line.startswith("hil: "))
    assert f"was not let write '{reach}/written' and 4 more" in line
    assert "--host-access" in line


def test_who_lets_it_has_it_done(tmp_path: Path) -> None:
    timed = hil_time(_harmful(tmp_path), "--host-access")
    assert timed.code == 0
    assert "read done\nsecretrun done\nrename done\n" in timed.err
    assert _held(tmp_path) == {"written": "harm", "run": "", "moved": "secret"}
    assert timed.told["refused"] == []


@pytest.mark.parametrize("flags", [(), ("-DEXTENDED",), ("-DCLOCK=0xE000E010",)])
def test_usual_calls_answer_and_cost_the_same(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """The last holds SysTick's address, so that the clock counts instructions."""
    source = (
        USUAL.replace("int main", "const uint32_t systick = CLOCK;\nint main")
        if "CLOCK" in str(flags)
        else USUAL
    )
    elf = build(tmp_path, {"main.c": source}, ["-O1", *flags])
    ours, hosts = hil_time(elf), hil_time(elf, "--host-access")
    assert (ours.code, hosts.code) == (0, 0), ours.err
    assert ours.told["refused"] == []
    assert ours.err == hosts.err
    lines = ours.err.splitlines()
    assert lines[:4] == ["by WRITE0", "by WRITE", "by WRITEC", "by the UART"]
    assert len(lines[4]) == 5000
    assert ours.told == hosts.told


def test_a_program_that_only_prints_ends_with_its_code(tmp_path: Path) -> None:
    source = USUAL.replace("static uint32_t failed", "static uint32_t failed = 42u")
    timed = hil_time(build(tmp_path, {"main.c": source}, ["-O1", "-DEXTENDED"]))
    assert (timed.code, timed.told["exit_code"]) == (1, 42)
