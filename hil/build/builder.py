"""One image from its sources, the same bytes whenever, wherever and from whatever folder it is built."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hil.build.sources import SourceSet, collect
from hil.build.toolchain import Toolchain, find_toolchain
from hil.errors import BuildError, ImageError
from hil.files import replace_file
from hil.image import Image, Manifest
from hil.measure.elf import Symbol, load_sections, load_segments, load_symbols, read_memory
from hil.values import Precision

# The freestanding dialect keeps the C library out; GCC's own knowledge of memcpy stays in. A loop must not
# turn into a call that the source does not make.
FLAGS = (
    *("-std=c11", "-ffreestanding", "-fbuiltin", "-fno-tree-loop-distribute-patterns"),
    *("-O3", "-fno-common", "-ffunction-sections", "-fdata-sections", "-fno-unwind-tables"),
    *("-fno-asynchronous-unwind-tables", "-fno-ident", "-I.", "-isystem", "libc"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror"),
)
LINK_FLAGS = (
    *("-nostdlib", "-nostartfiles", "-static", "-Wl,--gc-sections", "-Wl,--strip-debug"),
    *("-Wl,--build-id=none", "-Wl,--fatal-warnings", "-Wl,-z,max-page-size=4"),
)
LIBRARIES = ("-lgcc",)

# struct hil_model of runtime/model.h, as the Arm ABI lays it out, and its enum hil_precision.
_MODEL = struct.Struct("<I3Bx4H5I")
_PRECISIONS = {1: Precision.F32, 2: Precision.Q15, 3: Precision.Q7}
_NAME_BYTES = 256
_NO_SECTIONS = {"text": 0, "rodata": 0, "data": 0, "bss": 0}  # those that manifests always name


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


def build_image(recipe: Recipe, out_dir: Path, toolchain: Toolchain | None = None) -> Image:
    """Compile one image and write it with its manifest into ``out_dir``.

    BuildError when the compiler is missing or refuses a source, or when the model says that it is another.
    """
    toolchain = toolchain or find_toolchain()
    sources = collect(recipe.kind, recipe.model_source)
    flags = _flags(recipe, sources)
    source_sha256 = _digest(sources, flags, toolchain.version)
    build_id = source_sha256[:32]
    with tempfile.TemporaryDirectory(prefix="hil-build-") as folder:
        tree = Path(folder)
        sources.write(tree)
        toolchain.run([f'-DHIL_BUILD_ID="{build_id}"', *flags], tree, recipe.name)
        elf = tree / "image.elf"
        manifest = _manifest(recipe, elf, toolchain, source_sha256)
        return _store(elf.read_bytes(), manifest, out_dir / recipe.file_name)


def source_digest(recipe: Recipe, version: str) -> str:
    """The manifest's ``source_sha256`` of an image that a compiler of that version would build now."""
    sources = collect(recipe.kind, recipe.model_source)
    return _digest(sources, _flags(recipe, sources), version)


def _digest(sources: SourceSet, flags: list[str], version: str) -> str:
    return sources.digest(version, "\n".join(flags))


def _flags(recipe: Recipe, sources: SourceSet) -> list[str]:
    """The whole command line but for the build id; paths in it are relative to the build tree."""
    board = f"boards/{recipe.kind}"
    of_board = next(text for path, text in sources.files.items() if str(path) == f"{board}/flags.txt")
    return [
        *of_board.decode().split(),
        *FLAGS,
        *LINK_FLAGS,
        *("-T", f"{board}/link.ld"),
        *recipe.extra_flags,
        *sources.compiled,
        *LIBRARIES,
        *("-o", "image.elf"),
    ]


def _manifest(recipe: Recipe, elf: Path, toolchain: Toolchain, source_sha256: str) -> Manifest:
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
        toolchain=toolchain.version,
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
