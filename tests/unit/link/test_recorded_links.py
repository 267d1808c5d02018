"""Links of emulated boards, recorded in fixtures/recordings: what is shown, and what the link says now.

The link may have changed since: no test here holds it to the bytes that it sent then.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil import cli
from hil.commands.replay import transcript
from hil.errors import DeviceCrashError, DeviceHungError, HilError
from hil.link.recording import SUFFIX, Recording, read_recording
from hil.link.replay import Replay, replay
from hil.resources import fixtures_dir

FOLDER = fixtures_dir() / "recordings"
NAMES = sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}"))


def recorded(name: str) -> Recording:
    return read_recording(FOLDER / f"{name}{SUFFIX}")


def shown(name: str) -> str:
    return "\n".join(transcript(recorded(name)))


def test_there_is_one_of_each() -> None:
    assert NAMES == ["clean-ram", "crash", "cut-uart", "hang", "noisy-uart"]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_whole_and_begins_with_the_handshake(name: str) -> None:
    recording = recorded(name)
    assert recording.end is None
    assert recording.about["kind"] == "qemu_mps2_an386"
    text = shown(name)
    assert text.index("READY") < text.index("HELLO protocol") < text.index("HELLO_REPLY")
    assert "end " in text


def test_a_clean_link_is_answered_through_memory() -> None:
    again = replay(recorded("clean-ram"))
    assert (again.error, again.asked, again.answered) == (None, 20, 20)
    assert (again.stats.lost, again.stats.damaged) == (0, 0)
    text = shown("clean-ram")
    assert "link ram" in text
    assert "damaged" not in text


def test_a_noisy_line_is_answered_too() -> None:
    again = replay(recorded("noisy-uart"))
    assert again.stats.damaged > 0
    assert again.answered == 20 or again.deviates_s is not None
    assert "damaged: " in shown("noisy-uart")


def test_a_port_that_went_away_came_back() -> None:
    recording = recorded("cut-uart")
    returns = [one.facts["returns"] for one in recording.records if one.facts and "returns" in one.facts]
    assert returns[-1] >= 2
    again = replay(recording)
    assert again.stats.returns == returns[-1] or again.deviates_s is not None


@pytest.mark.parametrize(("name", "kind"), [("crash", DeviceCrashError), ("hang", DeviceHungError)])
def test_firmware_that_fails_fails_again(name: str, kind: type[HilError]) -> None:
    recording = recorded(name)
    again = replay(recording)
    assert type(again.error) is kind
    said = [one.facts["end"] for one in recording.records if one.facts and "end" in one.facts]
    assert said[0].startswith(f"qemu: {str(again.error).partition(' (')[0]}")
    if isinstance(again.error, DeviceCrashError):
        assert f"pc {again.error.registers['pc']:#010x}" in said[0]
        assert "FAULT pc 0x" in shown(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_host_that_was_killed_leaves_what_can_be_played(name: str, share: float) -> None:
    recording = recorded(name)
    records = recording.records[: int(len(recording.records) * share)]
    again = replay(replace(recording, records=records))
    assert isinstance(again, Replay)
    assert again.error is not None or again.answered == again.asked


def test_the_command_shows_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(FOLDER / f"clean-ram{SUFFIX}")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("board qemu, image fastgrnn_digits/q15, ")
    assert lines[-1].startswith("replayed: 20 of 20 vectors answered, 0 frames lost, damaged 0 times, ")
