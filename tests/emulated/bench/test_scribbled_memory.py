"""Another process writes into the memory that carries the frames: results are right, or an error says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from hil.board import Board, open_board
from hil.errors import HilError
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.models.vectors import load_vectors
from hil.qemu.memory import SharedMemory
from hil.session import Session, first
from hil.values import Precision

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]

VECTORS = load_vectors("fastgrnn_digits", Precision.Q15)
# Its arguments: the memory's path, a seed, what to write into, and when: "always", or when "asked" by a byte.
SCRIBBLE = """
import mmap, os, random, struct, sys
path, seed, where, when = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
luck = random.Random(seed)
with open(path, "r+b") as file:
    memory = mmap.mmap(file.fileno(), 128 << 10)
words = [*range(0, 24, 4), *range(32, 48, 4)]
likely = [0, 1, 0x52494E47, 0x484F5354, 1 << 15, 1 << 31, 0xFFFFFFFF]
print("scribbling", flush=True)
while when == "always" or os.read(0, 1):
    if where == "words" or (where == "both" and luck.random() < 0.5):
        at = luck.choice(words)
        there = int.from_bytes(memory[at : at + 4], "little")
        value = luck.choice([*likely, luck.randrange(1 << 32), there ^ 1 << luck.randrange(32), there + 64])
        memory[at : at + 4] = struct.pack("<I", value & 0xFFFFFFFF)
    else:
        at = 64 + luck.randrange(64 << 10)
        memory[at : at + 16] = luck.randbytes(16)
"""


@contextmanager
def scribbling(board: Board, seed: int, where: str, when: str) -> Iterator[Callable[[], object]]:
    """Another process that writes into the board's memory, as anybody might; gives what asks it."""
    assert isinstance(board.memory, SharedMemory)
    path = f"/proc/{os.getpid()}/fd/{board.memory.descriptor}"
    command = [sys.executable, "-c", SCRIBBLE, path, str(seed), where, when]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as other:
        try:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == b"scribbling\n"
            yield partial(other.stdin.write, b"!")
        finally:
            other.kill()


def opened(board: Board) -> Session:
    return Session(board, Image.load(prebuilt_dir("qemu_mps2_an386") / "fastgrnn_digits-q15.elf"))


@pytest.mark.parametrize("seed", range(2))
def test_now_and_then(seed: int) -> None:
    """Once in twenty vectors, however fast they are: frames are lost, and sent again."""
    with (
        open_board(builtin_lab().boards[0]) as board,
        opened(board) as session,
        scribbling(board, seed, "both", "asked") as ask,
    ):

        def progress(done: int, total: int) -> None:
            if done % 20 == 0:
                ask()

        for _ in range(4):
            assert session.measure(VECTORS, progress).value("golden_exact") == 1.0
        assert board.failure() is None


@pytest.mark.parametrize("where", ["words", "both"])
def test_all_the_time(where: str) -> None:
    """Nothing may come of it, but it ends, the emulator lives, and the next session is right."""
    with open_board(builtin_lab().boards[0]) as board:
        with scribbling(board, 1, where, "always"):
            told = "qemu: "
            try:
                with opened(board) as session:
                    assert session.measure(first(VECTORS, 20)).value("golden_exact") == 1.0
            except HilError as error:
                told = str(error)
            assert told.startswith("qemu: ")
        assert board.failure() is None
        with opened(board) as session:
            assert session.measure(first(VECTORS, 20)).value("golden_exact") == 1.0
