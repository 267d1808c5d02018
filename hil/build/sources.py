"""The sources of one image: found by following includes, so that nothing else can slip into it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath

from hil.errors import BuildError, LabError
from hil.reading import read_bytes
from hil.resources import firmware_dir

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
_SYSTEM_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>", re.MULTILINE)
C_PLUS_PLUS = (".cpp", ".cc", ".cxx")
_COMPILED = (".c", *C_PLUS_PLUS)
_MODEL_FOLDER = "model"  # of the build tree: a model from outside of the project
_LIBRARY = PurePosixPath("libc/string.c")  # compilers call memcpy and its like without being asked
_VARIANTS = {"cortex-m4": "m4"}  # processor -> folder of the C files written for it


@dataclass(frozen=True)
class SourceSet:
    """Every file an image is made of: path in the build tree -> content, sorted by path."""

    files: dict[PurePosixPath, bytes]

    @property
    def compiled(self) -> list[str]:
        """The C and C++ files, in the order in which they are linked."""
        return [str(path) for path in self.files if path.suffix in _COMPILED]

    @property
    def of_user(self) -> list[PurePosixPath]:
        """Those of them that lie outside of the project."""
        return [PurePosixPath(name) for name in self.compiled if name.startswith(f"{_MODEL_FOLDER}/")]

    @property
    def system_headers(self) -> frozenset[str]:
        """What the user's files include in angle brackets, whether or not a condition leaves it out."""
        users = [text for path, text in self.files.items() if path.parts[0] == _MODEL_FOLDER]
        found = {name for text in users for name in _SYSTEM_INCLUDE.findall(text)}
        return frozenset(name.decode(errors="replace") for name in found)

    def digest(self, *facts: str) -> str:
        """SHA-256 (hex) over all paths and contents, and over what else decides the image."""
        total = hashlib.sha256()
        for fact in facts:
            total.update(hashlib.sha256(fact.encode()).digest())
        for path, content in self.files.items():
            total.update(hashlib.sha256(str(path).encode()).digest())
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def write(self, folder: Path) -> None:
        """Lay the build tree out in an empty folder."""
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def board_folder(kind: str) -> Path:
    """The folder of a kind's board code; LabError when there is none."""
    folder = firmware_dir() / "boards" / kind
    if not folder.is_dir():
        known = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
        raise LabError(f"no firmware for boards of kind {kind}", remedy=f"choose from: {', '.join(known)}")
    return folder


def collect(kind: str, model_source: Path) -> SourceSet:
    """Board, runtime and model, the headers they include, and the C file beside each such header.

    A C file of the same name in ``m4/`` beside the header goes in its place when the board's flags.txt says
    ``-mcpu=cortex-m4``. Includes are looked up beside the file, then in ``firmware/``. A model outside of
    ``firmware/`` is laid into ``model/`` with the headers and C files of its own folder that it includes.
    BuildError when an include is not found.
    """
    root = firmware_dir()
    places = _Places(root, model_source.resolve().parent)
    files = {_inside(root, path): path.read_bytes() for path in _board_files(kind)}
    files[_inside(root, root / _LIBRARY)] = (root / _LIBRARY).read_bytes()
    for path in sorted((root / "runtime").glob("*.c")):
        files[_inside(root, path)] = path.read_bytes()
    try:
        files[_model_path(root, model_source)] = read_bytes(model_source)
    except OSError as error:
        raise BuildError(
            f"model source {model_source.name} cannot be read", evidence=f"{model_source}: {error.strerror}"
        ) from error
    _close_over_includes(places, files, variant(kind))
    return SourceSet(dict(sorted(files.items())))


def with_definitions(sources: Iterable[str], variant: str = "") -> list[str]:
    """C files of ``firmware/`` and those that define what their headers declare, ``collect``'s way.

    Paths relative to ``firmware/``, sorted. BuildError when an include is not found.
    """
    root = firmware_dir()
    files = {PurePosixPath(name): (root / name).read_bytes() for name in sources}
    _close_over_includes(_Places(root), files, variant)
    return sorted(str(path) for path in files if path.suffix == ".c")


def variant(kind: str) -> str:
    """The folder whose C files replace the plain ones for a kind's processor; empty when it has none."""
    flags = (board_folder(kind) / "flags.txt").read_text(encoding="utf-8").split()
    processors = [flag.removeprefix("-mcpu=") for flag in flags if flag.startswith("-mcpu=")]
    return _VARIANTS.get(processors[-1].partition("+")[0], "") if processors else ""


def _board_files(kind: str) -> list[Path]:
    folder = board_folder(kind)
    return [*sorted(folder.glob("*.c")), folder / "link.ld", folder / "flags.txt"]


def _inside(root: Path, path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root).as_posix())


def _model_path(root: Path, source: Path) -> PurePosixPath:
    source = source.resolve()
    if source.is_relative_to(root.resolve()):
        return _inside(root.resolve(), source)
    return PurePosixPath(_MODEL_FOLDER) / source.name


@dataclass(frozen=True)
class _Places:
    """Where files of the build tree come from: ``model/`` from a user's folder, all else from ``root``."""

    root: Path
    model: Path | None = None

    def on_disk(self, path: PurePosixPath) -> Path:
        """The file that a path in the build tree stands for."""
        if self.model is not None and path.parts[0] == _MODEL_FOLDER:
            return self.model / path.relative_to(_MODEL_FOLDER)
        return self.root / path


def _close_over_includes(places: _Places, files: dict[PurePosixPath, bytes], variant: str) -> None:
    waiting = [path for path in files if path.suffix in _COMPILED]
    while waiting:
        path = waiting.pop()
        for match in _INCLUDE.finditer(files[path]):
            header = _resolve(places, path, match[1].decode(errors="replace"))
            for found in (header, _definition(places, header, variant)):
                if found is not None and found not in files:
                    files[found] = read_bytes(places.on_disk(found))
                    waiting.append(found)


def _resolve(places: _Places, includer: PurePosixPath, include: str) -> PurePosixPath:
    """The header that an include means."""
    for candidate in (includer.parent / include, PurePosixPath(include)):
        header = PurePosixPath(normpath(candidate))
        if header.parts[0] != ".." and not header.is_absolute() and places.on_disk(header).is_file():
            return header
    raise BuildError(
        f"{includer} includes {include}, which is not in the firmware's sources",
        remedy="include headers relative to the file or to firmware/ (a model of your own: in its folder)",
    )


def _definition(places: _Places, header: PurePosixPath, variant: str) -> PurePosixPath | None:
    """The C file that defines what a header declares: the processor's own before the plain one.

    In a user's folder it may be C++.
    """
    plain = header.with_suffix(".c")
    candidates = [header.parent / variant / plain.name, plain] if variant else [plain]
    if header.parts[0] == _MODEL_FOLDER:
        candidates += [header.with_suffix(suffix) for suffix in C_PLUS_PLUS]
    for candidate in candidates:
        if places.on_disk(candidate).is_file():
            return candidate
    return None
