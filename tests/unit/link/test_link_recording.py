"""Recordings of links: what is written is read, whatever becomes of the file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import HilError
from hil.link import recording
from hil.link.recording import Kind, Record, Recorder, Recording, new_path, read_recording

ABOUT = {"board": "desk-1", "image": "wake/q15"}
HEAD = b"HILREC\x00\x01"


def write(path: Path) -> Recording:
    """A recording with one record of each kind, a second apart, and what must be read of it."""
    ticks = count()
    with Recorder(path, ABOUT, lambda: float(next(ticks))) as recorder:
        recorder.state({"link": "uart", "byte_s": 1e-4})
        recorder.say({"ask": "handshake", "deadline_s": 5.0})
        recorder.carry(Kind.OUT, bytes(range(150)))
        recorder.carry(Kind.IN, b"")
        recorder.carry(Kind.IN, b"\x00")
        assert recorder.clock() == 7.0
    return Recording(
        ABOUT,
        (
            Record(Kind.STATE, 2.0, facts={"link": "uart", "byte_s": 1e-4}),
            Record(Kind.SAID, 3.0, facts={"ask": "handshake", "deadline_s": 5.0}),
            Record(Kind.OUT, 4.0, bytes(range(150))),
            Record(Kind.IN, 5.0, b""),
            Record(Kind.IN, 6.0, b"\x00"),
            Record(Kind.CLOCK, 7.0),
        ),
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = write(tmp_path / "a.hilrec")
    assert read_recording(tmp_path / "a.hilrec") == written


def test_the_file_is_as_the_page_says(tmp_path: Path) -> None:
    ticks = iter((0.0, 0.0, 0.0003))
    with Recorder(tmp_path / "a", {"a": 1}, lambda: next(ticks)) as recorder:
        recorder.carry(Kind.OUT, b"xyz")
    assert (tmp_path / "a").read_bytes() == HEAD + b'\x00\x00\x07{"a":1}' + b"\x01\xac\x02\x03xyz"


def test_a_clock_that_goes_back_stands(tmp_path: Path) -> None:
    ticks = iter((5.0, 5.0, 7.0, 6.0, 8.0))
    with Recorder(tmp_path / "a", ABOUT, lambda: next(ticks)) as recorder:
        for _ in range(3):
            recorder.carry(Kind.IN, b"x")
    assert [one.time_s for one in read_recording(tmp_path / "a").records] == [2.0, 2.0, 3.0]


def test_a_recording_that_is_cut_short_ends_with_its_last_whole_record(tmp_path: Path) -> None:
    written = write(tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    length_of_about = data.index(b"}") + 1
    whole: list[int] = []
    for length in range(len(HEAD), len(data)):
        (tmp_path / "b").write_bytes(data[:length])
        if not whole and length < length_of_about:
            with pytest.raises(HilError, match="is no recording of a link"):
                read_recording(tmp_path / "b")
            continue
        found = read_recording(tmp_path / "b")
        assert found.records == written.records[: len(found.records)]
        if found.end is None:
            whole.append(len(found.records))
        else:
            assert "cut short" in found.end
    assert whole == list(range(len(written.records)))


def test_a_recording_that_is_damaged_ends_there(tmp_path: Path) -> None:
    written = write(tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    at = data.index(b'{"ask"')
    for damaged in (
        data[: at - 4] + b"\x07" + data[at - 3 :],
        data[:at] + b"[" + data[at + 1 :],
        data[:at] + b"\xff" + data[at + 1 :],
        data[: at - 1] + b"\xff" * 9,
        data[: at - 1] + b"\xff\xff\xff\x7f" + data[at:],
    ):
        (tmp_path / "b").write_bytes(damaged)
        found = read_recording(tmp_path / "b")
        assert found.records == written.records[:1]
        assert found.end is not None
        assert re.match(r"it is (damaged|cut short), 8\d B from its beginning", found.end)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recording") / "any"


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(place: Path, data: bytes) -> None:
    place.write_bytes(HEAD + b"\x00\x00\x02{}" + data)
    assert read_recording(place).about == {}
    for begin in (b"", HEAD):
        place.write_bytes(begin + data)
        with suppress(HilError):
            assert isinstance(read_recording(place).about, dict)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no recording of a link"),
        (b"\x7fELF\x01\x01\x01", r"is no recording of a link \(it begins with 7f 45 4c 46"),
        (HEAD[:-1], r"another version \(none, this lab reads 1\)"),
        (HEAD[:-1] + b"\x02", r"another version \(2, this lab reads 1\)"),
        (HEAD, "it does not say of what"),
        (HEAD + b"\x01\x00\x01x", "it does not say of what"),
        (HEAD + b"\x00\x00\x7f" + b"[" * 127, "it is damaged, 8 B from its beginning"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(HilError, match=said):
        read_recording(tmp_path / "a")


def test_facts_without_end_are_damage_and_no_crash(tmp_path: Path) -> None:
    nested = b"[" * 100_000
    size = bytes([len(nested) & 0x7F | 0x80, len(nested) >> 7 & 0x7F | 0x80, len(nested) >> 14])
    (tmp_path / "a").write_bytes(HEAD + b"\x00\x00\x02{}" + b"\x00\x00" + size + nested)
    assert "damaged" in (read_recording(tmp_path / "a").end or "")


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(OSError, match=path.name):
            read_recording(path)
    with (tmp_path / "large").open("wb") as file:
        file.truncate((1 << 29) + 1)
    with pytest.raises(HilError, match="is too large"):
        read_recording(tmp_path / "large")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    with pytest.raises(HilError, match=r"cannot record the link: .*File exists"):
        Recorder(tmp_path / "a", ABOUT)
    assert (tmp_path / "a").read_bytes() == b"mine"


def test_names_are_files_in_the_folder_and_never_twice(tmp_path: Path) -> None:
    first = new_path(tmp_path, "a/../b c", "wake", "q15")
    assert first.parent == tmp_path
    assert first.name.startswith("a_.._b_c-wake-q15-2")
    first.touch()
    second = new_path(tmp_path, "a/../b c", "wake", "q15")
    assert not second.exists()


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a", ABOUT) as recorder:
        recorder._file.close()
        recorder._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115  # the recorder closes it
        recorder.carry(Kind.OUT, b"x")
        assert recorder.failed is not None
        assert "No space left" in recorder.failed
        recorder.carry(Kind.OUT, b"x")


def test_a_recording_grows_no_larger_than_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_FILE_MOST", 1000)
    with Recorder(tmp_path / "a", ABOUT) as recorder:
        for _ in range(20):
            recorder.carry(Kind.OUT, bytes(100))
    assert recorder.failed == "it has 1,000 B"
    found = read_recording(tmp_path / "a")
    assert found.end is None
    assert {len(one.data) for one in found.records} == {100}


def test_what_fits_no_record_ends_the_recording(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a", ABOUT) as recorder:
        recorder.say({"ask": "infer", "steps": [[1, 1]] * 300_000})
        recorder.carry(Kind.OUT, b"x")
    assert "at most 1,048,576 fit" in (recorder.failed or "")
    assert read_recording(tmp_path / "a").records == ()
