"""Which boards run which images: from a lab and the user's choice to a list of cases."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from hil.errors import HilError, ImageError, ModelError
from hil.image import prebuilt_images
from hil.lab import BoardSpec, suggest
from hil.models.catalog import BUILTIN, BrokenModel, ModelLibrary, images_dir, models_dir
from hil.models.spec import ModelSpec


@dataclass(frozen=True)
class Case:
    """One board and one image for it, not opened yet.

    ``own`` is the model where it is a user's own: its image may have to be built first. ``broken`` says why
    the model cannot be run at all; ``elf`` is then the file that its images would lie beside.
    """

    board: BoardSpec
    elf: Path
    own: ModelSpec | None = None
    broken: HilError | None = None

    @property
    def image_name(self) -> str:
        """``model/precision``, from the file's name ``<model>-<precision>.elf``; a broken one's model."""
        return f"{self.model}/{self.precision}" if self.broken is None else self.model

    @property
    def model(self) -> str:
        """From the same name."""
        return self.elf.stem.rpartition("-")[0] if self.broken is None else self.elf.stem

    @property
    def precision(self) -> str:
        """From the same name; ``-`` of a broken model, which has none."""
        return self.elf.stem.rpartition("-")[2] if self.broken is None else "-"

    @property
    def id(self) -> str:
        """How the case is called in pytest: ``board-model/precision``, of a broken model ``board-model``."""
        return f"{self.board.name}-{self.image_name}"


def plan(
    boards: tuple[BoardSpec, ...], models: str | None, library: ModelLibrary = BUILTIN
) -> tuple[Case, ...]:
    """Every board with every image of its kind that the globs choose, board by board.

    ``models`` is a comma-separated list of globs over ``model`` or ``model/precision``; None chooses all.
    A user's own models in ``library`` follow those of the lab; their images need not exist yet. A broken one
    is a case that says so. Raises ModelError when a glob matches nothing, ImageError when a kind has no image
    at all.
    """
    own, broken = library.own_models(), library.broken(but=_with_images(boards))
    cases = [case for board in boards for case in _of_board(board, own, broken)]
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
            names = {case.image_name for case in cases} | {case.model for case in cases}
            raise ModelError(
                f"no image matches --model={glob}",
                board=", ".join(board.name for board in boards),
                remedy=suggest(glob, names) or f"known models: {_known(cases)}",
            )
    return tuple(case for case in cases if any(_matches(case, glob) for glob in globs))


def _with_images(boards: tuple[BoardSpec, ...]) -> set[str]:
    """The models of the lab whose images every board has: one that is broken says so when it is run."""
    names = [{Case(board, elf).model for elf in prebuilt_images(board.kind.name)} for board in boards]
    return set.intersection(*names) if names else set()


def _of_board(board: BoardSpec, own: list[ModelSpec], broken: list[BrokenModel]) -> list[Case]:
    kind = board.kind.name
    cases = [Case(board, elf) for elf in prebuilt_images(kind)]
    for spec in own:
        folder = images_dir(spec, kind)
        cases += [Case(board, folder / f"{spec.name}-{one}.elf", spec) for one in spec.precisions]
    told = {case.model for case in cases}  # a broken one of the lab's whose images are there says so itself
    return cases + [
        Case(board, one.folder / f"{one.name}.elf", broken=one.reason)
        for one in broken
        if one.name not in told or one.folder.parent != models_dir()
    ]


def _matches(case: Case, glob: str) -> bool:
    if case.broken is not None:  # no precision of it is known
        glob = glob.partition("/")[0]
    return fnmatchcase(case.image_name if "/" in glob else case.model, glob)


def _known(cases: list[Case]) -> str:
    return ", ".join(sorted({case.model for case in cases}))
