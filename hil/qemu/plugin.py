"""Plug-ins of QEMU: compiled by the host's C compiler on first use, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

from hil.errors import ProbeError
from hil.files import is_ours_alone, who_else_writes

SOURCES = Path(__file__).resolve().parent / "timing"
FLASH_SOURCES = SOURCES.parent / "flash_controller"
# QEMU's plug-in API by the first release that has it (include/plugins/qemu-plugin.h). Functions take other
# arguments from one to the next, so that a release after the newest is not tried.
_APIS = {(6, 0): 1, (9, 0): 2, (9, 1): 3, (9, 2): 4, (10, 1): 5, (11, 0): 6, (11, 1): 7}
_NEWEST = (11, 1)
_READS_REGISTERS = 2
CACHE_VARIABLE = "HIL_CACHE_DIR"
_FLAGS = ("-std=gnu11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden")
_DIGEST_SIZE = hashlib.sha256().digest_size
_COMPILE_S = 120.0
_VERSION_S = 60.0
_ASKED = threading.Lock()


class PluginError(ProbeError):
    """A plug-in cannot be had on this machine; everything but what it is for still can."""


@dataclass(frozen=True)
class _Source:
    """What a plug-in is compiled from, and which releases of QEMU, from ``since`` on, it is for."""

    title: str
    name: str
    folder: Path
    since: tuple[int, int]
    otherwise: str

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.c"))

    @property
    def releases(self) -> str:
        """The releases of QEMU that it is for, in words."""
        return " to ".join(_release(one) for one in sorted({self.since, _NEWEST}))


_TIMING = _Source(
    "the timing plug-in",
    "hil-timing",
    SOURCES,
    min(_APIS),
    "use one of these for estimated cycles; instructions are counted with any",
)
_FLASH = _Source(
    "the flash controller plug-in",
    "hil-flash",
    FLASH_SOURCES,
    (11, 1),  # 10.1 lets plug-ins write memory and registers, but by other calls
    "name such a one in HIL_QEMU; without vendor_algorithm any that has the board will do",
)


@dataclass(frozen=True)
class Plugin:
    """A compiled plug-in, as QEMU loads it: for one version of QEMU's plug-in API."""

    path: Path
    api: int

    @property
    def reads_registers(self) -> bool:
        """Whether it knows SP where no opcode tells it."""
        return self.api >= _READS_REGISTERS

    def argument(self, **options: object) -> list[str]:
        """What to add to QEMU's command line; commas in a value are doubled, as QEMU wants them."""
        told = [f"{name}={value}".replace(",", ",,") for name, value in options.items() if value is not None]
        return ["-plugin", ",".join([str(self.path).replace(",", ",,"), *told])]


def timing_plugin(program: str) -> Plugin:
    """Compile the plug-in unless the cache has it; PluginError when that cannot be.

    Emulators that start at once ask for it once: the second waits for the first.
    """
    with _ASKED:
        return _timing_plugin(program)


def flash_plugin(program: str) -> Plugin:
    """The same of the plug-in that supplies a FLASH controller, for QEMU 11.1 and newer."""
    with _ASKED:
        return _flash_plugin(program)


@cache
def _timing_plugin(program: str) -> Plugin:
    return _made(program, _TIMING)


@cache
def _flash_plugin(program: str) -> Plugin:
    return _made(program, _FLASH)


def _made(program: str, source: _Source) -> Plugin:
    api = _api_of(_qemu_version(program), source)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if not compiler or shutil.which(compiler[0]) is None:
        raise PluginError(
            f"{source.title} cannot be compiled",
            evidence=f"no C compiler {' '.join(compiler) or 'named in CC'} on PATH",
            remedy="apt install gcc libc6-dev",
        )
    library = _cache_folder(source) / f"{source.name}-api{api}-{_digest(compiler, source)}.so"
    if not _is_whole(library):
        _compile(compiler, api, library, source)
    return Plugin(library, api)


def _api_of(version: tuple[int, int], source: _Source) -> int:
    """QEMU's plug-in API version, by its release; PluginError for a release that is not known."""
    if not source.since <= version <= _NEWEST:
        raise PluginError(
            f"{source.title} does not fit QEMU {_release(version)}",
            evidence=f"it is for QEMU {source.releases}, by the plug-in API",
            remedy=source.otherwise,
        )
    return max(api for first, api in _APIS.items() if first <= version)


def _release(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def version_text(program: str) -> str:
    """The release of QEMU, as "7.2"; PluginError when it does not tell."""
    return _release(_qemu_version(program))


def _qemu_version(program: str) -> tuple[int, int]:
    try:
        said = subprocess.run(
            [program, "--version"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_VERSION_S,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise PluginError(
            f"{program} does not tell its version", evidence=str(error), remedy="apt install qemu-system-arm"
        ) from error
    found = re.search(r"version (\d+)\.(\d+)", said)
    if found is None:
        raise PluginError(f"{program} does not tell its version", evidence=said.strip()[:80])
    return int(found[1]), int(found[2])


def _cache_folder(source: _Source) -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    folder = Path(chosen).absolute() if chosen else _user_cache(source)  # QEMU runs in another folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        open_to = who_else_writes(folder)
    except OSError as error:
        raise PluginError(
            f"{source.title} cannot be compiled",
            evidence=f"{folder}: {error.strerror}",
            remedy=f"name a folder that can be written in {CACHE_VARIABLE}",
        ) from error
    if open_to is not None:  # what lies in it runs in QEMU as this user
        raise PluginError(
            f"{source.title} cannot be loaded",
            evidence=open_to,
            remedy=f"let only yourself write there, or name another folder in {CACHE_VARIABLE}",
        )
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:  # QEMU would end at once, and the bench with it
        raise PluginError(
            f"{source.title} cannot be loaded",
            evidence=f"{folder} is mounted noexec",
            remedy=f"name another folder in {CACHE_VARIABLE}",
        )
    return folder


def _user_cache(source: _Source) -> Path:
    try:
        folder = Path(platformdirs.user_cache_dir("hil"))
    except RuntimeError:  # neither HOME nor an entry in passwd tells; older releases give "~" back
        folder = Path("~")
    if not folder.is_absolute():
        raise PluginError(
            f"{source.title} cannot be compiled",
            evidence="the user has no home folder to keep it in",
            remedy=f"name a folder that can be written in {CACHE_VARIABLE}",
        )
    return folder


def _digest(compiler: list[str], source: _Source) -> str:
    digest = hashlib.sha256(repr((compiler, _FLAGS)).encode())
    for file in sorted([*source.files, *source.folder.glob("*.h")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _is_whole(library: Path) -> bool:
    """Whether it ends in its own digest; a full disk, or a host that went down, leaves it cut short.

    One that another user could have written is none: what lies in the folder may be older than its mode.
    """
    try:
        if not is_ours_alone(library):
            return False
        held = library.read_bytes()
    except OSError:
        return False
    return held[-_DIGEST_SIZE:] == hashlib.sha256(held[:-_DIGEST_SIZE]).digest()


def _compile(compiler: list[str], api: int, library: Path, source: _Source) -> None:
    """Compile beside the library and rename: whoever looks sees a whole one or none."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{source.name}-", suffix=".so", dir=library.parent)
        os.close(handle)
        try:
            done = subprocess.run(
                [*compiler, *_FLAGS, f"-DHIL_QEMU_API={api}", *map(str, source.files), "-o", name],
                capture_output=True, encoding="utf-8", errors="replace", timeout=_COMPILE_S, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                with Path(name).open("r+b") as made:
                    made.write(hashlib.sha256(made.read()).digest())  # a loader does not mind
                Path(name).chmod(0o755)  # whatever the linker made of it
                Path(name).rename(library)
        finally:
            Path(name).unlink(missing_ok=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PluginError(
            f"{source.title} cannot be compiled",
            evidence=str(error),
            remedy=f"check the C compiler, and that {library.parent} can be written; "
            f"{CACHE_VARIABLE} names another folder",
        ) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise PluginError(
            f"{source.title} cannot be compiled",
            evidence=f"{' '.join(compiler)} ended with {done.returncode}: {said[0]}",
            remedy=f"make room in {library.parent} and for temporary files; {CACHE_VARIABLE} names another"
            if "No space left" in done.stderr
            else "apt install gcc libc6-dev",
        )
