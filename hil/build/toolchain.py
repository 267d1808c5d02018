"""The cross compiler: where it is, of which version, and how it is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hil.build.complaint import PLAIN, refused
from hil.errors import BuildError

COMPILER = "arm-none-eabi-gcc"
INSTALL = "install it (Debian: apt-get install gcc-arm-none-eabi)"

_VERSION_TIMEOUT_S = 120
_COMPILE_TIMEOUT_S = 300


@dataclass(frozen=True)
class Toolchain:
    """A compiler driver and ``version``, the text that manifests carry: compiler's and linker's."""

    compiler: Path
    version: str

    def run(self, arguments: Sequence[str], folder: Path, name: str, *, plus: bool = False) -> str:
        """Compile ``name`` in ``folder``, as C++ with ``plus``; returns what was said all the same.

        BuildError with what the compiler objects to, and when there is none for C++.
        """
        compiler = self._plus() if plus else self.compiler
        done = _run([str(compiler), PLAIN, *arguments], folder, _COMPILE_TIMEOUT_S)
        if done.returncode != 0:
            raise refused(compiler.name, done.stderr, name, has_c_library=self.c_library is not None)
        return done.stderr

    @cached_property
    def c_library(self) -> str | None:
        """The C library that the compiler finds, as ``newlib 3.3.0``; None without one."""
        asked = ["-E", "-dM", "-x", "c", "-include", "_newlib_version.h", os.devnull]
        told = _run([str(self.compiler), *asked], Path(__file__).parent, _VERSION_TIMEOUT_S).stdout
        found = re.search(r'#define _NEWLIB_VERSION "([^"]+)"', told)
        return f"newlib {found[1]}" if found else None

    def _plus(self) -> Path:
        found = self.compiler.with_name(self.compiler.name.removesuffix("gcc") + "g++")
        if not found.exists():
            raise BuildError(f"there is no {found.name} beside {self.compiler}", remedy=INSTALL)
        return found


def find_toolchain(compiler: str = COMPILER) -> Toolchain:
    """The cross compiler in PATH; BuildError when there is none or it does not say its version."""
    found = shutil.which(compiler)
    if found is None:
        raise BuildError(f"{compiler} is not in PATH", remedy=INSTALL)
    here = Path.cwd()
    linker = _run([found, "-print-prog-name=ld"], here, _VERSION_TIMEOUT_S).stdout.strip()
    versions = [_version(Path(found), here), _version(Path(shutil.which(linker) or linker), here)]
    return Toolchain(Path(found), ", ".join(versions))


def _version(program: Path, folder: Path) -> str:
    """Its banner without the packager's remark, as in ``GNU ld (2.40-2) 2.40``."""
    done = _run([str(program), "--version"], folder, _VERSION_TIMEOUT_S)
    banner = done.stdout.partition("\n")[0]
    if done.returncode != 0 or not banner:
        raise BuildError(
            f"{program.name} does not say its version",
            evidence=done.stderr.strip()[:200] or f"exit code {done.returncode}",
            remedy=INSTALL,
        )
    return re.sub(r"\s*\(.*\)", "", banner)


def _run(command: list[str], folder: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run with an environment that cannot change what comes out."""
    environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be run", evidence=error.strerror, remedy=INSTALL) from error
    except subprocess.TimeoutExpired:
        raise BuildError(f"{command[0]} did not end in {timeout_s:.0f} s", remedy="build again") from None
