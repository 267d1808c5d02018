"""One image from its sources, the same bytes whenever, wherever and from whatever folder it is built."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hil.build.flags import C_LIBRARIES, FLAGS, LIBRARIES, LINK_FLAGS, USER_C, USER_C_PLUS_PLUS
from hil.build.sources import SourceSet, collect
from hil.build.toolchain import Toolchain, find_toolchain
from hil.build.user import compile_user_files, needs_c_library, object_of
from hil.errors import BuildError, ImageError
from hil.files import replace_file
from hil.image import Image, Manifest
from hil.measure.elf import Symbol, load_sections, load_segments, load_symbols, read_memory
from hil.values import Precision

# struct hil_model of runtime/model.h, as the Arm ABI lays it out, and its enum hil_precision.
_MODEL = struct.Struct("<I3Bx4H5I")
_PRECISIONS = {1: Precision.F32, 2: Precision.Q15, 3: Precision.Q7}
_NAME_BYTES = 256
_NO_SECTIONS = {"text": 0, "rodata": 0, "data": 0, "bss": 0}  # those that manifests always name


Warn = Callable[[str], object]  # takes a line on what a compiler warned of in a user's own code


def unheard(line: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Recipe:
    """What one image is made of.

    ``model_source`` defines ``hil_model`` (runtime/model.h) with this name and precision; it may lie outside
    of the project. ``vectors_sha256`` is of the vectors that belong to the model, empty when there are none.
    ``extra_flags`` go to the compiler last.
    """

    kind: str
    model: str
    precision: Precision
    model_source: Path
    vectors_sha256: str = ""
    extra_flags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the image is called: ``model/precision``."""
        return f"{self.model}/{self.precision}"

    @property
    def file_name(self) -> str:
        """The name of the ELF; its manifest has the suffix ``.json`` instead."""
        return f"{self.model}-{self.precision}.elf"


@dataclass(frozen=True)
class _Description:
    name: str
    precision: Precision | None
    features: int
    min_steps: int
    max_steps: int
    outputs: int


def build_image(
    recipe: Recipe, out_dir: Path, toolchain: Toolchain | None = None, warn: Warn = unheard
) -> Image:
    """Compile one image and write it with its manifest into ``out_dir``.

    ``warn`` is told what the compiler warns of in a user's own code. BuildError when the compiler is missing
    or refuses a source, when the image is larger than the board, or the model says that it is another.
    """
    toolchain = toolchain or find_toolchain()
    sources = collect(recipe.kind, recipe.model_source)
    c_library = toolchain.c_library if needs_c_library(sources) else None
    version = _version(toolchain, c_library)
    source_sha256 = _digest(recipe, sources, version)
    build_id = source_sha256[:32]
    with tempfile.TemporaryDirectory(prefix="hil-build-") as folder:
        tree = Path(folder)
        sources.write(tree)
        for_each = [*_flags_of_board(recipe, sources), *recipe.extra_flags]
        for line in compile_user_files(sources, for_each, toolchain, tree, recipe.name):
            warn(line)
        flags = _flags(recipe, sources, c_library is not None)
        toolchain.run([f'-DHIL_BUILD_ID="{build_id}"', *flags], tree, recipe.name)
        elf = tree / "image.elf"
        manifest = _manifest(recipe, elf, version, source_sha256)
        return _store(elf.read_bytes(), manifest, out_dir / recipe.file_name)


def source_digest(recipe: Recipe, version: str) -> str:
    """The manifest's ``source_sha256`` of an image that a compiler of that version would build now."""
    return _digest(recipe, collect(recipe.kind, recipe.model_source), version)


def would_be(recipe: Recipe, toolchain: Toolchain) -> tuple[str, SourceSet]:
    """The ``source_sha256`` that ``build_image`` would give now, and the sources; BuildError as there."""
    sources = collect(recipe.kind, recipe.model_source)
    c_library = toolchain.c_library if needs_c_library(sources) else None
    return _digest(recipe, sources, _version(toolchain, c_library)), sources


def _version(toolchain: Toolchain, c_library: str | None) -> str:
    return f"{toolchain.version}, {c_library}" if c_library else toolchain.version


def _digest(recipe: Recipe, sources: SourceSet, version: str) -> str:
    """The same with the C library or without it, which the version tells."""
    flags = _flags(recipe, sources, needs_c_library(sources))
    of_user = [*USER_C, *USER_C_PLUS_PLUS] if sources.of_user else []
    return sources.digest(version, "\n".join([*flags, *of_user]))


def _flags(recipe: Recipe, sources: SourceSet, c_library: bool) -> list[str]:
    """The whole command line but for the build id; paths in it are relative to the build tree."""
    of_user = {str(path): object_of(path) for path in sources.of_user}
    return [
        *_flags_of_board(recipe, sources),
        *FLAGS,
        *(LINK_FLAGS if not c_library else (one for one in LINK_FLAGS if "fatal" not in one)),
        *("-T", f"boards/{recipe.kind}/link.ld"),
        *recipe.extra_flags,
        *(of_user.get(name, name) for name in sources.compiled),
        *(C_LIBRARIES if c_library else LIBRARIES),
        *("-o", "image.elf"),
    ]


def _flags_of_board(recipe: Recipe, sources: SourceSet) -> list[str]:
    return sources.files[PurePosixPath(f"boards/{recipe.kind}/flags.txt")].decode().split()


def _manifest(recipe: Recipe, elf: Path, version: str, source_sha256: str) -> Manifest:
    model = _describe(elf)
    if (model.name, model.precision) != (recipe.model, recipe.precision):
        raise BuildError(
            f"{recipe.model_source.name} does not define {recipe.model}/{recipe.precision}",
            evidence=f"its hil_model says {model.name}/{model.precision}",
            remedy="correct the name or the precision",
        )
    return Manifest(
        kind=recipe.kind,
        model=recipe.model,
        precision=recipe.precision,
        sha256=hashlib.sha256(elf.read_bytes()).hexdigest(),
        source_sha256=source_sha256,
        build_id=source_sha256[:32],
        toolchain=version,
        sections=_NO_SECTIONS | {part.name.lstrip("."): part.size for part in load_sections(elf)},
        features=model.features,
        min_steps=model.min_steps,
        max_steps=model.max_steps,
        outputs=model.outputs,
        vectors_sha256=recipe.vectors_sha256,
    )


def _describe(elf: Path) -> _Description:
    """What the image's ``hil_model`` says of itself."""
    segments = load_segments(elf)
    symbol = _model_symbol(elf)
    name_at, precision, _, _, features, min_steps, max_steps, outputs, *_ = _MODEL.unpack(
        read_memory(segments, symbol.address, _MODEL.size)
    )
    return _Description(
        name=_text(elf, name_at),
        precision=_PRECISIONS.get(precision),
        features=features,
        min_steps=min_steps,
        max_steps=max_steps,
        outputs=outputs,
    )


def _model_symbol(elf: Path) -> Symbol:
    found = [symbol for symbol in load_symbols(elf) if symbol.name == "hil_model"]
    if len(found) != 1 or found[0].size != _MODEL.size:
        raise BuildError(
            "the model's source does not define hil_model",
            evidence=f"{len(found)} such symbols",
            remedy="define `const struct hil_model hil_model` of runtime/model.h",
        )
    return found[0]


def _text(elf: Path, address: int) -> str:
    for segment in load_segments(elf):
        if segment.address <= address < segment.end:
            start = address - segment.address
            return segment.data[start : start + _NAME_BYTES].partition(b"\0")[0].decode(errors="replace")
    raise ImageError("the image holds no name of its model", evidence=f"address {address:#010x}")


def _store(content: bytes, manifest: Manifest, elf: Path) -> Image:
    """Write the pair so that an interruption leaves a pair that is seen not to match, never a half file."""
    try:
        elf.parent.mkdir(parents=True, exist_ok=True)
        replace_file(elf, content)
        replace_file(elf.with_suffix(".json"), manifest.to_json())
    except OSError as error:
        raise BuildError(
            f"the image {manifest.model}/{manifest.precision} cannot be written",
            evidence=f"{elf}: {error.strerror}",
        ) from error
    return Image(elf, manifest)
