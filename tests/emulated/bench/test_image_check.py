"""`hil build --check` where the compiler is not the one that made the committed images."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hil.bench.rebuilt import run_images
from hil.build import build_image, prebuilt_recipes
from hil.build.toolchain import COMPILER
from hil.errors import ImageError
from hil.image import Image, prebuilt_dir
from hil.values import Precision

pytestmark = pytest.mark.emulated

KIND = "qemu_mps2_an386"
RUN_S = 600  # there for a hang


@pytest.fixture
def other_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real compiler under another version: what it makes must still run exactly."""
    real = shutil.which(COMPILER)
    assert real is not None
    script = tmp_path / "bin" / COMPILER
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || {{ echo other-gcc 99.1; exit; }}\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hil", "build", "--check", "fastgrnn_digits", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)


@pytest.mark.usefixtures("other_compiler")
def test_another_compilers_images_are_run_instead_of_compared() -> None:
    done = check()
    assert done.returncode == 0, done.stderr
    first, built, ran = done.stdout.splitlines()
    assert first.startswith("bytes are not compared: arm-none-eabi-gcc ")
    assert first.endswith("here is other-gcc 99.1, " + first.rpartition(", ")[2])
    assert built.startswith("3 images for ")
    assert ran == "3 of them, all that have vectors, compute as the golden reference (24 vectors)"


@pytest.mark.usefixtures("other_compiler")
def test_bytes_that_are_required_need_the_compiler_that_made_them() -> None:
    done = check("--require-bytes")
    assert done.returncode == 1
    assert "the compiler is not the one" in done.stderr
    assert "found other-gcc 99.1" in done.stderr


def test_an_image_that_computes_something_else_is_named(tmp_path: Path) -> None:
    committed = Image.load(prebuilt_dir(KIND) / "fastgrnn_digits-q15.elf")
    said: list[tuple[int, int, str]] = []

    def progress(done: int, of: int, name: str) -> None:
        said.append((done, of, name))

    assert run_images([committed], progress, count=3) == 3
    assert said == [(1, 1, "fastgrnn_digits/q15")]
    (recipe,) = prebuilt_recipes(KIND, ["fastgrnn_digits"], [Precision.Q15])
    source = recipe.model_source.read_text()
    other = tmp_path / "other.c"
    other.write_text(source.replace("{\n    -917,", "{\n    32767,"))
    assert other.read_text() != source
    image = build_image(replace(recipe, model_source=other), tmp_path)
    with pytest.raises(ImageError, match=r"fastgrnn_digits/q15: \d+% of 3 vectors"):
        run_images([image], progress, count=3)
