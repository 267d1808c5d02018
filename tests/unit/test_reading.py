"""Whatever a user's file is: it is read as UTF-8, and what is no file is not waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.build.prebuilt import recipe_of
from hil.build.sources import collect
from hil.cli import main
from hil.errors import HilError
from hil.image import Image, prebuilt_dir
from hil.lab.file import load_lab
from hil.measure.elf import load_segments
from hil.models.catalog import ModelLibrary
from hil.models.importer.arrays import read_array, read_arrays
from hil.models.weights import read_npz
from hil.reading import read_text
from hil.values import Precision

KIND = "qemu_mps2_an386"
OWN = Path(__file__).parents[2] / "examples" / "own_model" / "models" / "nearest"
LIMIT_S = 120


@pytest.fixture(autouse=True)
def not_for_good() -> Iterator[None]:
    """A pipe that is waited for all the same fails its test."""

    def late(number: int, frame: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def manifest(path: Path) -> None:
    Image.load(path.with_suffix(".elf"))


def image(path: Path) -> None:
    committed = prebuilt_dir(KIND) / "fastgrnn_digits-q15.json"
    path.with_suffix(".json").write_bytes(committed.read_bytes())
    Image.load(path)


def description(path: Path) -> None:
    (broken,) = ModelLibrary(path.parents[1]).broken()
    raise broken.reason


def own_model(path: Path, lacks: str) -> ModelLibrary:
    """The example beside the file, which stands for one of its own."""
    for file in OWN.iterdir():
        if file.is_file() and file.name != lacks:
            (path.parent / file.name).write_bytes(file.read_bytes())
    return ModelLibrary(path.parents[1])


def vectors(path: Path) -> None:
    recipe_of(own_model(path, path.name).find("nearest"), KIND, Precision.Q15)


CASES: list[tuple[str, Callable[[Path], object]]] = [
    ("lab.toml", load_lab),
    ("m-q15.json", manifest),
    ("m-q15.elf", image),
    ("firmware.elf", load_segments),
    ("weights.npz", read_npz),
    ("W.npy", lambda path: read_arrays(path.parent)),
    ("X.npy", read_array),
    ("model.json", description),
    ("vectors.npz", vectors),
    ("nearest_q15.c", lambda path: collect(KIND, path)),
]


@pytest.mark.parametrize(("name", "read"), CASES, ids=[name for name, _ in CASES])
def test_a_pipe_is_refused(name: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "nearest" / name
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(HilError, match=r"(?i)no regular file"):
        read(path)


def test_commands_refuse_pipes_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "firmware.elf"
    os.mkfifo(path)
    assert main(["time", str(path)]) == 1
    assert main(["store", str(path)]) == 1
    assert main(["export", f"--db=sqlite:///{path}"]) == 1
    assert capsys.readouterr().err.count("\n") == 3


def test_a_mark_of_byte_order_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("é", encoding="utf-8-sig")
    assert read_text(tmp_path / "x") == "é"


def test_a_file_larger_than_any_text_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="more than 4,194,304 bytes"):
        read_text(path)
