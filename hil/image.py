"""A prebuilt image and its manifest: what it is, where it came from, whether it can be trusted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from hil.errors import ImageError
from hil.reading import read_bytes, read_text
from hil.resources import firmware_dir
from hil.values import Precision


@dataclass(frozen=True)
class Manifest:
    """What the builder knew of an image; stored beside it as ``<model>-<precision>.json``.

    ``sha256`` is of the ELF file; ``build_id`` is the first 16 bytes (as hex) of ``source_sha256``, which
    covers every source, generated weight, flag and the toolchain's version, and is what the firmware
    answers in its handshake. ``text``, ``rodata``, ``data``, ``bss`` are bytes.
    """

    kind: str
    model: str
    precision: Precision
    sha256: str
    source_sha256: str
    build_id: str
    toolchain: str
    sections: dict[str, int]
    features: int
    min_steps: int
    max_steps: int
    outputs: int
    vectors_sha256: str

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read one manifest; ImageError when it is missing or not one."""
        try:
            fields = json.loads(read_text(path))
            manifest = cls(**{**fields, "precision": Precision(fields["precision"])})
            manifest._check()
            return manifest
        except FileNotFoundError:
            raise ImageError(
                f"no manifest {path.name}", evidence=str(path), remedy="run `hil build` to make the image"
            ) from None
        except OSError as error:
            raise _unreadable(f"manifest {path.name}", error) from error
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ImageError(
                f"manifest {path.name} is damaged", evidence=str(error), remedy="run `hil build` to remake it"
            ) from error

    def _check(self) -> None:
        """ValueError when a field is not what the builder writes there."""
        if not isinstance(self.sections, dict):
            raise ValueError(f"sections are {self.sections!r}")
        numbers = {name: getattr(self, name) for name in ("features", "min_steps", "max_steps", "outputs")}
        for name, number in (numbers | self.sections).items():
            if type(number) is not int or not 0 <= number < 1 << 32:
                raise ValueError(f"{name} is {number!r}")
        names = ("kind", "model", "sha256", "source_sha256", "build_id", "toolchain", "vectors_sha256")
        for text in (*(getattr(self, name) for name in names), *self.sections):
            if not isinstance(text, str) or not text.isprintable():
                raise ValueError(f"a text is {text!r}")

    def to_json(self) -> str:
        """The text of the manifest file, stable to the byte."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Image:
    """One prebuilt ELF and its manifest; ``name`` is ``model/precision``."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return f"{self.manifest.model}/{self.manifest.precision}"

    @classmethod
    def load(cls, elf: Path) -> Image:
        """Open an image and check it against its manifest; ImageError when they differ."""
        manifest = Manifest.read(elf.with_suffix(".json"))
        try:
            digest = hashlib.sha256(read_bytes(elf)).hexdigest()
        except FileNotFoundError:
            raise ImageError(
                f"no image {elf.name}", evidence=str(elf), remedy="run `hil build` to make it"
            ) from None
        except OSError as error:
            raise _unreadable(f"image {elf.name}", error) from error
        if digest != manifest.sha256:
            raise ImageError(
                f"image {elf.name} does not match its manifest",
                evidence=f"sha256 {digest[:12]}…, manifest says {manifest.sha256[:12]}…",
                remedy="run `hil build` to remake both",
            )
        return cls(elf, manifest)


def _unreadable(what: str, error: OSError) -> ImageError:
    return ImageError(
        f"{what} cannot be read",
        evidence=f"{error.filename}: {error.strerror}",
        remedy="run `hil build` to remake it",
    )


def prebuilt_dir(kind: str) -> Path:
    """Where the committed images of a kind of board lie."""
    return firmware_dir() / "prebuilt" / kind


def prebuilt_images(kind: str) -> list[Path]:
    """The ELF files prebuilt for a kind, sorted by name."""
    return sorted(prebuilt_dir(kind).glob("*.elf"))
