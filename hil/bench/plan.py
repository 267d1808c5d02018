"""Which boards run which images: from a lab and the user's choice to a list of cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from hil.errors import HilError, ImageError, ModelError
from hil.image import Manifest, prebuilt_images
from hil.lab.boards import BoardSpec
from hil.models.catalog import BUILTIN, BrokenModel, ModelLibrary, images_dir, models_dir
from hil.models.spec import ModelSpec
from hil.naming import listed, suggest
from hil.values import Precision

_INPUT_BYTES = {Precision.F32: 4, Precision.Q15: 2, Precision.Q7: 1}


@dataclass(frozen=True)
class Case:
    """One board and one image for it, not opened yet.

    ``own`` is the model where it is a user's own: its image may have to be built first. ``broken`` says why
    the model cannot be run at all; ``elf`` is then the file that its images would lie beside. ``over_uart``:
    its frames take the UART even where host and board share memory.
    """

    board: BoardSpec
    elf: Path
    own: ModelSpec | None = None
    broken: HilError | None = None
    over_uart: bool = False

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
    is a case that says so. Of a board's cases, if there are several, the one with the smallest vectors takes
    the UART, so that every run tests it. Raises ModelError when a glob matches nothing, ImageError when a
    kind has no image at all.
    """
    own, broken = library.own_models(), library.broken(but=_with_images(boards))
    cases = [case for board in boards for case in _of_board(board, own, broken)]
    for board in boards:
        if not any(case.board == board for case in cases):
            raise ImageError(
                f"no image is prebuilt for {board.kind.image_kind}",
                board=board.name,
                remedy="run `hil build` to make them",
            )
    if models is None:
        return _one_over_uart(cases)
    globs = listed(models)
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
    return _one_over_uart([case for case in cases if any(_matches(case, glob) for glob in globs)])


def _one_over_uart(cases: list[Case]) -> tuple[Case, ...]:
    chosen = set()
    for name in {case.board.name for case in cases}:
        sizes = {
            case.id: size
            for case in cases
            if case.board.name == name and case.board.link is None and (size := _vector_bytes(case))
        }
        if len(sizes) > 1:
            chosen.add(min(sizes, key=sizes.__getitem__))
    return tuple(replace(case, over_uart=True) if case.id in chosen else case for case in cases)


def _vector_bytes(case: Case) -> int:
    """Of one vector; 0 where that is not known: an own image need not exist yet."""
    try:
        manifest = Manifest.read(case.elf.with_suffix(".json"))
    except HilError:  # a damaged one says so when it is run
        return 0
    return manifest.max_steps * manifest.features * _INPUT_BYTES[manifest.precision]


def _with_images(boards: tuple[BoardSpec, ...]) -> set[str]:
    """The models of the lab whose images every board has: one that is broken says so when it is run."""
    names = [{Case(board, elf).model for elf in prebuilt_images(board.kind.image_kind)} for board in boards]
    return set.intersection(*names) if names else set()


def _of_board(board: BoardSpec, own: list[ModelSpec], broken: list[BrokenModel]) -> list[Case]:
    kind = board.kind.image_kind
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
