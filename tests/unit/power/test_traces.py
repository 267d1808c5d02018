"""A folder of traces: whole under their names or not there, each once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hil.errors import PowerProbeError
from hil.power import traces as module
from hil.power.traces import Traces
from namespaces import with_little_room
from power_passes import power_trace


@pytest.fixture
def kept(tmp_path: Path) -> Traces:
    return Traces(tmp_path / "traces")


def files(kept: Traces) -> list[Path]:
    return sorted(path for path in kept.folder.rglob("*") if path.is_file())


def test_a_trace_is_found_by_its_hash_and_is_what_was_kept(kept: Traces) -> None:
    meant = power_trace()
    staged = kept.stage(meant)
    assert [file.suffix for file in files(kept)] == [".part"]
    assert kept.settle(staged)
    assert files(kept) == [kept.path(staged.sha256)]
    found = kept.load(staged.sha256)
    assert np.array_equal(found.raw, meant.raw)
    assert np.array_equal(found.current_a, meant.current_a, equal_nan=True)
    assert kept.has(staged.sha256, staged.size)
    assert dict(kept.held()) == {staged.sha256: staged.size}
    assert dict(kept.held(older_s=3600.0)) == {}


def test_equal_traces_are_there_once(kept: Traces) -> None:
    first, again, other = kept.stage(power_trace()), kept.stage(power_trace()), kept.stage(power_trace(1))
    assert first.sha256 == again.sha256 != other.sha256
    assert [kept.settle(one) for one in (first, again, other)] == [True, False, True]
    assert len(files(kept)) == 2


def test_what_is_dropped_leaves_nothing(kept: Traces) -> None:
    staged = kept.stage(power_trace())
    kept.drop(staged)
    kept.drop(staged)
    assert files(kept) == []


def test_a_damaged_and_a_missing_trace_are_told(kept: Traces) -> None:
    staged = kept.stage(power_trace())
    kept.settle(staged)
    path = kept.path(staged.sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(PowerProbeError, match="is damaged: its SHA-256 is another one"):
        kept.load(staged.sha256)
    path.unlink()
    with pytest.raises(PowerProbeError, match="is missing"):
        kept.load(staged.sha256)
    assert not kept.has(staged.sha256, staged.size)


def test_a_copy_is_made_only_of_what_is_whole(kept: Traces, tmp_path: Path) -> None:
    source = Traces(tmp_path / "source")
    staged = source.stage(power_trace())
    with pytest.raises(PowerProbeError, match="is missing"):
        kept.stage_copy(source, staged.sha256)
    source.settle(staged)
    assert kept.stage_copy(source, staged.sha256).sha256 == staged.sha256


def test_parts_go_when_they_are_nobodys(kept: Traces) -> None:
    fresh, left = kept.stage(power_trace()), kept.stage(power_trace(1))
    old = time.time() - module.ABANDONED_S - 1
    os.utime(left.part, (old, old))
    (kept.folder / "notes.txt").write_text("mine")
    assert sorted(kept.strangers()) == sorted([left.part, kept.folder / "notes.txt"])
    kept.sweep()
    assert set(files(kept)) == {fresh.part, kept.folder / "notes.txt"}


def test_a_trace_that_is_removed_leaves_no_empty_folder(kept: Traces) -> None:
    staged = kept.stage(power_trace())
    kept.settle(staged)
    kept.remove(staged.sha256)
    kept.remove(staged.sha256)
    assert list(kept.folder.iterdir()) == []


def test_the_disk_keeps_some_room_for_figures(kept: Traces, tmp_path: Path) -> None:
    greedy = Traces(kept.folder, reserve=1 << 60)
    with pytest.raises(PowerProbeError, match=r"the disk of .*/traces has no room for it"):
        greedy.stage(power_trace())
    assert files(kept) == []


def test_a_disk_that_fills_up_leaves_no_part(tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from hil.errors import PowerProbeError\n"
        "from hil.power.traces import Traces\n"
        "from power_passes import power_trace\n"
        "folder = Path(sys.argv[2])\n"
        "kept = Traces(folder, reserve=-(1 << 40))\n"
        "try:\n"
        "    kept.stage(power_trace(seconds=3.0))\n"
        "except PowerProbeError as error:\n"
        "    print(error)\n"
        "print([file.name for file in folder.rglob('*')])\n"
    )
    small = tmp_path / "small"
    small.mkdir()
    support = Path(__file__).parents[2] / "support"
    command = [sys.executable, "-c", program, str(support), str(small)]
    done = subprocess.run(with_little_room(small, 100, *command), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    told, left = done.stdout.splitlines()
    assert told.startswith(f"the disk of {small} has no room for it (No space left on device)")
    assert left == "[]"


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PowerProbeError, match="does not take it"):
        Traces(tmp_path / "file" / "traces").stage(power_trace())
