"""A folder for each night: its name, the link to the newest, and how many stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hil.errors import HilError
from hil.nightly.folder import open_nights

BEGAN = datetime(2026, 11, 24, 2, 23, 1, tzinfo=UTC)


def write(place: Path, day: int, run: int | None = 1, keep: int = 30, point: bool = True) -> Path:
    with open_nights(place) as nights:
        (nights.here / "check.md").write_text(str(day))
        here = nights.settle(BEGAN + timedelta(days=day), run)
        if point:
            nights.point()
        nights.keep(keep)
    return here


def test_a_night_is_called_by_when_it_began_and_its_run(tmp_path: Path) -> None:
    place = tmp_path / "my nights" / "all"
    assert write(place, 0, 12).name == "2026-11-24-022301-run-12"
    assert write(place, 1, None).name == "2026-11-25-022301"
    assert (place / "newest").readlink() == Path("2026-11-25-022301")
    assert (place / "newest" / "check.md").read_text() == "1"


def test_the_newest_stay_by_time_and_not_by_run(tmp_path: Path) -> None:
    for day, run in enumerate((8, 9, 10, 11)):
        write(tmp_path, day, run, keep=2)
    names = sorted(one.name for one in tmp_path.iterdir() if not one.name.startswith("."))
    assert names == ["2026-11-26-022301-run-10", "2026-11-27-022301-run-11", "newest"]


def test_what_newest_leads_to_stays_and_what_is_no_night(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = tmp_path / "nights"
    first = write(place, 0)
    (place / "notes").mkdir()
    (place / "2020-01-01-000000-run-1").symlink_to(elsewhere)
    for day in (1, 2):
        write(place, day, keep=1, point=False)  # nights that were interrupted
    left = {one.name for one in place.iterdir() if not one.name.startswith(".")}
    assert left == {first.name, "2026-11-26-022301-run-1", "newest", "notes", "2020-01-01-000000-run-1"}
    assert elsewhere.exists()


def test_what_a_night_left_that_was_killed_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".unfinished"
    left.mkdir()
    (left / "bench.log").write_text("half")
    here = write(tmp_path, 0)
    assert [one.name for one in here.iterdir()] == ["check.md"]
    assert not left.exists()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with open_nights(tmp_path) as nights:
        with pytest.raises(HilError, match="another night goes on"), open_nights(tmp_path):
            pass
        assert nights.here.exists()  # the other has touched nothing
    with open_nights(tmp_path):
        pass


def test_a_place_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(HilError, match="nothing can be written in the folder"), open_nights(file):
        pass
