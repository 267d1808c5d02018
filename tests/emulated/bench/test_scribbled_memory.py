"""Another process writes into the memory that carries the frames: results are right, or an error says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hil.board import Board, open_board
from hil.errors import HilError
from hil.image import Image, prebuilt_dir
from hil.lab import builtin_lab
from hil.models.vectors import load_vectors
from hil.qemu.memory import SharedMemory
from hil.session import Session, first
from hil.values import Precision

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]

VECTORS = load_vectors("fastgrnn_digits", Precision.Q15)
# Its arguments: the memory's path, a seed, what to write into, and how often a second, 0 for all the time.
SCRIBBLE = """
import mmap, os, random, struct, sys, time
path, seed, where, rate = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
luck = random.Random(seed)
with open(path, "r+b") as file:
    memory = mmap.mmap(file.fileno(), 128 << 10)
words = [*range(0, 24, 4), *range(32, 48, 4)]
likely = [0, 1, 0x52494E47, 0x484F5354, 1 << 15, 1 << 31, 0xFFFFFFFF]
print("scribbling", flush=True)
while True:
    if where == "words" or (where == "both" and luck.random() < 0.5):
        at = luck.choice(words)
        there = int.from_bytes(memory[at : at + 4], "little")
        value = luck.choice([*likely, luck.randrange(1 << 32), there ^ 1 << luck.randrange(32), there + 64])
        memory[at : at + 4] = struct.pack("<I", value & 0xFFFFFFFF)
    else:
        at = 64 + luck.randrange(64 << 10)
        memory[at : at + 16] = luck.randbytes(16)
    if rate:
        time.sleep(1 / rate)
"""


@contextmanager
def scribbling(board: Board, seed: int, where: str, rate: float) -> Iterator[None]:
    """Another process that writes into the board's memory, as anybody who may look into ours can."""
    assert isinstance(board.memory, SharedMemory)
    path = f"/proc/{os.getpid()}/fd/{board.memory.descriptor}"
    command = [sys.executable, "-c", SCRIBBLE, path, str(seed), where, str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"scribbling\n"
            yield
        finally:
            other.kill()


def opened(board: Board) -> Session:
    return Session(board, Image.load(prebuilt_dir("qemu_mps2_an386") / "fastgrnn_digits-q15.elf"))


@pytest.mark.parametrize("seed", range(2))
def test_now_and_then(seed: int) -> None:
    """Ten times a second: frames are lost, and sent again."""
    with (
        open_board(builtin_lab().boards[0]) as board,
        opened(board) as session,
        scribbling(board, seed, "both", 10.0),
    ):
        for _ in range(4):
            assert session.measure(VECTORS).value("golden_exact") == 1.0
        assert board.failure() is None


@pytest.mark.parametrize("where", ["words", "both"])
def test_all_the_time(where: str) -> None:
    """Nothing may come of it, but it ends, the emulator lives, and the next session is right."""
    with open_board(builtin_lab().boards[0]) as board:
        with scribbling(board, 1, where, 0.0):
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
