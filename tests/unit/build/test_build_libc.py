"""The firmware's own memcpy and its like do what the system's do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from hil.resources import firmware_dir
from needs import absent

FUNCTIONS = ("memcpy", "memmove", "memset", "memchr", "memcmp", "strlen")
FLAGS = [
    *("-std=c11", "-O1", "-g", "-fno-builtin"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
]


def test_every_alignment_and_length(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        absent("no host C compiler")
    library, program = tmp_path / "string.o", tmp_path / "string_host"
    renamed = [f"-D{name}=hil_{name}" for name in FUNCTIONS]
    for command in (
        [compiler, *FLAGS, *renamed, "-c", "libc/string.c", "-o", str(library)],
        [compiler, *FLAGS, "tests/libc/string_host.c", str(library), "-o", str(program)],
    ):
        built = subprocess.run(command, cwd=firmware_dir(), capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
