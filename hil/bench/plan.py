"""Which boards run which images: from a lab and the user's choice to a list of cases."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from hil.errors import ImageError, ModelError
from hil.image import prebuilt_images
from hil.lab import BoardSpec, suggest
from hil.models.catalog import BUILTIN, ModelLibrary, images_dir
from hil.models.spec import ModelSpec
from hil.values import Precision


@dataclass(frozen=True)
class Case:
    """One board and one image for it, not opened yet.

    ``own`` is the model where it is a user's own: its image may have to be built first.
    """

    board: BoardSpec
    elf: Path
    own: ModelSpec | None = None

    @property
    def image_name(self) -> str:
        """``model/precision``, from the file's name ``<model>-<precision>.elf``."""
        model, _, precision = self.elf.stem.rpartition("-")
        return f"{model}/{precision}"

    @property
    def precision(self) -> Precision:
        """Of the image, from the same name."""
        return Precision(self.elf.stem.rpartition("-")[2])

    @property
    def id(self) -> str:
        """How the case is called in pytest: ``board-model/precision``."""
        return f"{self.board.name}-{self.image_name}"


def plan(
    boards: tuple[BoardSpec, ...], models: str | None, library: ModelLibrary = BUILTIN
) -> tuple[Case, ...]:
    """Every board with every image of its kind that the globs choose, board by board.

    ``models`` is a comma-separated list of globs over ``model`` or ``model/precision``; None chooses all.
    A user's own models in ``library`` follow those of the lab; their images need not exist yet.
    Raises ModelError when a glob matches nothing, ImageError when a kind has no image at all.
    """
    _refuse_broken(library, models)
    own = library.own_models()
    cases = [case for board in boards for case in _of_board(board, own)]
    for board in boards:
        if not any(case.board == board for case in cases):
            raise ImageError(
                f"no image is prebuilt for {board.kind.name}",
                board=board.name,
                remedy="run `hil build` to make them",
            )
    if models is None:
        return tuple(cases)
    globs = [glob.strip() for glob in models.split(",") if glob.strip()]
    if not globs:
        raise ModelError("--model names no model", remedy=f"known models: {_known(cases)}")
    for glob in globs:
        if not any(_matches(case, glob) for case in cases):
            names = {case.image_name for case in cases} | {_model(case) for case in cases}
            raise ModelError(
                f"no image matches --model={glob}",
                board=", ".join(board.name for board in boards),
                remedy=suggest(glob, names) or f"known models: {_known(cases)}",
            )
    return tuple(case for case in cases if any(_matches(case, glob) for glob in globs))


def _refuse_broken(library: ModelLibrary, models: str | None) -> None:
    """Raise the reason of the first broken model that the globs choose."""
    globs = (models or "*").split(",")
    for one in library.broken():
        if any(fnmatchcase(one.name, glob.strip().partition("/")[0]) for glob in globs):
            raise one.reason


def _of_board(board: BoardSpec, own: list[ModelSpec]) -> list[Case]:
    kind = board.kind.name
    cases = [Case(board, elf) for elf in prebuilt_images(kind)]
    for spec in own:
        folder = images_dir(spec, kind)
        cases += [Case(board, folder / f"{spec.name}-{one}.elf", spec) for one in spec.precisions]
    return cases


def _model(case: Case) -> str:
    return case.image_name.partition("/")[0]


def _matches(case: Case, glob: str) -> bool:
    return fnmatchcase(case.image_name if "/" in glob else _model(case), glob)


def _known(cases: list[Case]) -> str:
    return ", ".join(sorted({_model(case) for case in cases}))
