"""`hil replay` of a recording that the test writes: what is shown, whatever it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil import cli
from hil.link.frames import Frame, encode
from hil.link.messages import PROTOCOL_VERSION, Type
from hil.link.recording import Kind, Recorder

READY = encode(Frame(Type.READY, 0, PROTOCOL_VERSION.to_bytes(2, "little")))


def write(path: Path, *heard: bytes, board: str = "desk-1") -> None:
    """A session in which the board said this, and never answered HELLO."""
    with Recorder(path, {"board": board, "image": "wake/q15"}) as recorder:
        recorder.say({"ask": "handshake", "deadline_s": 1.0})
        for data in heard:
            recorder.carry(Kind.IN, data)


def test_frames_are_shown_and_what_came_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a", READY, b"rubbish" + encode(Frame(Type.NAK, 1, b"\x02\0\0\0")))
    assert cli.main(["replay", str(tmp_path / "a")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "board desk-1, image wake/q15"
    told = [line[12:] for line in lines[1:]]
    assert told[0] == "   ask handshake, deadline_s 1.0"
    assert told[1] == f"<-     0 READY protocol {PROTOCOL_VERSION}"
    assert told[2] == "<-       damaged: 7 B, 72 75 62 62 69 73 68"
    assert told[3] == "<-     1 NAK damaged 2"
    assert lines[5].startswith("replayed: 0 of 0 vectors answered, 0 frames lost, damaged ")
    assert lines[-1].startswith("it ends with: the recording ends here")


def test_a_summary_has_no_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a", READY)
    assert cli.main(["replay", str(tmp_path / "a"), "--summary"]) == 1
    assert "READY" not in capsys.readouterr().out


def test_what_a_recording_holds_steers_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a", encode(Frame(0x7E, 0, b"\x1b[2J")), b"\x1b[2J", board="\x1b[2J")
    cli.main(["replay", str(tmp_path / "a")])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert r"board \x1b[2J" in shown
    assert "type 0x7e, which is unknown, 4 B" in shown


def test_a_recording_that_is_cut_short_is_shown_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a", READY, READY)
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-3])
    cli.main(["replay", str(tmp_path / "a")])
    shown = capsys.readouterr().out
    assert shown.count("READY") == 1
    assert "a: it is cut short, " in shown


def test_what_is_no_recording_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_text("hello")
    assert cli.main(["replay", str(tmp_path / "a")]) == 1
    assert capsys.readouterr().err.startswith(f"hil: {tmp_path}/a is no recording of a link")
