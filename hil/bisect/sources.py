"""What a commit's image is made of: found in its files as they are checked out, and built from them.

The lab itself, its compiler flags included, is today's: what is compared is the firmware. Where a commit has
the lab's firmware in it, that is taken in the place of the installed one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from hil import resources
from hil.bench.attempt import Wanted
from hil.build.builder import Recipe, build_image, would_be
from hil.build.prebuilt import recipe_of
from hil.build.toolchain import Toolchain
from hil.errors import BuildError, HilError, ModelError
from hil.models.catalog import ModelLibrary, images_dir, is_own
from hil.models.export import refresh
from hil.models.spec import ModelSpec
from hil.models.vectors import count_vectors, inputs_sha256, vectors_path
from hil.models.weights import read_npz
from hil.values import Precision

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Identity:
    """What decides the figures of a model's image: equal ones are expected to give the same.

    ``source_sha256`` and ``vectors_sha256`` are those of the manifest. ``inputs_sha256`` is that of the
    vectors without the answers that the reference gives to them.
    """

    source_sha256: str
    vectors_sha256: str
    vectors: int
    inputs_sha256: str = field(compare=False, hash=False)


@dataclass(frozen=True)
class Wish:
    """Which model, for which kind of board; ``folder`` is where a user's own models lie in the repository,
    None for those that come with the lab.
    """

    kind: str
    model: str
    folder: PurePosixPath | None
    wanted: Wanted


@dataclass(frozen=True)
class Sources:
    """The files of one commit, checked out in ``tree``."""

    wish: Wish
    tree: Path
    toolchain: Toolchain

    @property
    def data(self) -> Path | None:
        """The folder with the lab's firmware, where this commit has it; None: the installed one's is used."""
        return self.tree if has_firmware(self.tree, self.wish.kind) else None

    @property
    def models(self) -> Path | None:
        """The folder of a user's own models."""
        return None if self.wish.folder is None else self.tree / self.wish.folder

    def precisions(self) -> tuple[Precision, ...]:
        """Those that the model has; ModelError when this commit has no such model, or it is broken."""
        with self._used():
            return self._spec().precisions

    def identity(self, precision: Precision) -> Identity:
        """What its image would be; HilError when there can be none."""
        with self._used():
            spec, recipe = self._recipe(precision)
            digest, _ = would_be(recipe, self.toolchain)
            held = count_vectors(spec)
            count = self.wish.wanted.count(spec.vectors)
            inputs = inputs_sha256(read_npz(vectors_path(spec)))
            return Identity(digest, recipe.vectors_sha256, min(held, count or held), inputs)

    def definition(self, name: str, precision: Precision) -> str | None:
        """The text of a function in its image's C files, without comments and white space; None where none is
        seen, as of data and of what macros define. HilError when there is no image.
        """
        with self._used():
            _, sources = would_be(self._recipe(precision)[1], self.toolchain)
            return definition_in(sources.files.values(), name)

    def build(self, precision: Precision, warn: Callable[[str], object]) -> None:
        """Make the image where the bench finds it, in the tree; HilError when it cannot be."""
        with self._used():
            spec, recipe = self._recipe(precision)
            build_image(recipe, images_dir(spec, self.wish.kind), self.toolchain, warn)

    def _recipe(self, precision: Precision) -> tuple[ModelSpec, Recipe]:
        spec = self._spec()
        if precision not in spec.precisions:
            raise ModelError(f"model {spec.name} has no {precision}")
        if is_own(spec):
            refresh(spec)
        return spec, recipe_of(spec, self.wish.kind, precision)

    def _spec(self) -> ModelSpec:
        if self.models is not None:
            self._refuse_pointers(self.models / self.wish.model)
        return ModelLibrary(self.models).find(self.wish.model)

    def _refuse_pointers(self, folder: Path) -> None:
        """ModelError for files that git-lfs keeps elsewhere."""
        for name in ("weights.npz", "vectors.npz"):
            try:
                with (folder / name).open("rb") as file:
                    is_pointer = file.read(len(_POINTER)) == _POINTER
            except OSError:
                continue
            if is_pointer:
                raise ModelError(
                    f"{name} of model {folder.name} is kept by git-lfs, which did not bring it",
                    remedy="run `git lfs install` and `git lfs fetch --all`",
                )

    @contextmanager
    def _used(self) -> Iterator[None]:
        """The lab's firmware is this commit's; what its old files lack is a HilError."""
        if self.data is not None:
            resources.use(self.data)
        try:
            yield
        except HilError:
            raise
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            told = f"{type(error).__name__}: {error}"
            raise BuildError("the lab of today cannot build these sources", evidence=told) from error
        finally:
            resources.use(None)


def has_firmware(tree: Path, kind: str) -> bool:
    """Whether the lab's firmware for a kind of board lies there."""
    firmware = tree / "firmware"
    return (firmware / "runtime" / "model.h").is_file() and (firmware / "boards" / kind).is_dir()


def definition_in(texts: Iterable[bytes], name: str) -> str | None:
    """How C files define a function, as far as that can be seen without compiling them."""
    head = re.compile(rf"^[A-Za-z_][^;{{}}()#]*\b{re.escape(name)}\s*\([^;{{}}]*\)\s*\{{", re.MULTILINE)
    found = []
    for text in texts:
        plain = _COMMENT.sub(" ", text.decode(errors="replace"))
        found += [plain[place.start() : _end_of_body(plain, place.end())] for place in head.finditer(plain)]
    return "".join("".join(found).split()) or None


def _end_of_body(text: str, at: int) -> int:
    """Where the brace is closed that was opened right before."""
    depth = 1
    for brace in re.finditer(r"[{}]", text[at:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return at + brace.end()
    return len(text)
