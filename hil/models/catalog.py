"""The models there are: those that come with the lab, and those of a user's own folder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import HilError, ModelError
from hil.files import links_out
from hil.image import prebuilt_dir
from hil.models.spec import ModelSpec
from hil.resources import firmware_dir

_OWN_SOURCES = (".c", ".h", ".cpp", ".cc", ".cxx", ".hpp", ".hh")


def models_dir() -> Path:
    """The folder that holds one folder per model that comes with the lab."""
    return firmware_dir() / "models"


def is_own(spec: ModelSpec) -> bool:
    """Whether a model is a user's own: it then keeps its vectors and images in its folder."""
    return spec.folder.resolve().parent != models_dir().resolve()


def images_dir(spec: ModelSpec, kind: str) -> Path:
    """Where the images of a model for one kind of board lie."""
    return spec.folder / "images" / kind if is_own(spec) else prebuilt_dir(kind)


def source_files(spec: ModelSpec) -> list[Path]:
    """What a user's own model is made of, its description first; images and generated C follow from these."""
    if spec.architecture.name == "own":
        made = sorted(path for path in spec.folder.rglob("*") if path.suffix in _OWN_SOURCES)
    else:
        made = [spec.folder / "weights.npz"]
    return [spec.folder / "model.json", spec.folder / "vectors.npz", *made]


@dataclass(frozen=True)
class BrokenModel:
    """A model that cannot be used, and why; ``name`` is its folder's."""

    name: str
    folder: Path
    reason: HilError


@dataclass(frozen=True)
class ModelLibrary:
    """The models that come with the lab and, where ``own`` is given, those in that folder.

    One broken model hides no other: ``models`` has the good ones, ``broken`` the rest.
    """

    own: Path | None = None

    def models(self) -> list[ModelSpec]:
        """All good models, sorted by name; ModelError when ``own`` is given and holds none at all."""
        return sorted(_read_all(models_dir())[0] + self.own_models(), key=lambda spec: spec.name)

    def own_models(self) -> list[ModelSpec]:
        """The good models in ``own``, sorted by name; ModelError when it holds none, not even broken."""
        return self._read_own()[0]

    def broken(self, but: Collection[str] = ()) -> list[BrokenModel]:
        """The models that cannot be read, and those of a user's own that take a name of the lab's, sorted
        by name; ModelError as for ``models``. Of the lab's, those called as in ``but`` are not looked at.
        """
        of_lab = _read_all(models_dir(), but)[1]
        return sorted(of_lab + self._read_own()[1], key=lambda one: one.name)

    def find(self, name: str) -> ModelSpec:
        """The model of that name; ModelError when it is broken, and with the names there are when there is
        none.
        """
        if self.own is None and (models_dir() / name) in _folders(models_dir()):
            return ModelSpec.read(models_dir() / name)  # the others need not be looked at
        for one in self.broken():
            if one.name == name:
                raise one.reason
        return pick(name, self.models())

    def _read_own(self) -> tuple[list[ModelSpec], list[BrokenModel]]:
        if self.own is None:
            return [], []
        good, broken = _read_all(self.own, own=True)
        if not good and not broken:
            raise ModelError(
                f"no model in {self.own}",
                evidence=_why_empty(self.own),
                remedy="`hil model import` writes one, docs/import.md says how to bring firmware",
            )
        taken = {path.name for path in _folders(models_dir())}
        broken += [BrokenModel(spec.name, spec.folder, _taken(spec)) for spec in good if spec.name in taken]
        return [spec for spec in good if spec.name not in taken], broken


BUILTIN = ModelLibrary()


def pick(name: str, specs: Sequence[ModelSpec]) -> ModelSpec:
    """The model of that name; ModelError with the names there are when there is none."""
    known = {spec.name: spec for spec in specs}
    if name not in known:
        raise ModelError(f"unknown model {name}", remedy=f"choose from: {', '.join(known)}")
    return known[name]


def list_models() -> list[ModelSpec]:
    """All models that come with the lab, sorted by name; ModelError when one of them is broken."""
    for one in BUILTIN.broken():
        raise one.reason
    return BUILTIN.models()


def find_model(name: str) -> ModelSpec:
    """The model of that name that comes with the lab; ModelError with the names there are."""
    return BUILTIN.find(name)


def _why_empty(folder: Path) -> str:
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        return "it does not exist"
    except NotADirectoryError:
        return "it is no folder"
    except OSError as error:
        return str(error.strerror)
    return "no folder in it has a model.json"


def _folders(folder: Path) -> list[Path]:
    try:
        return [path.parent for path in sorted(folder.glob("*/model.json"))]
    except OSError:  # as `_why_empty` finds too, and tells
        return []


def _read_all(
    folder: Path, but: Collection[str] = (), *, own: bool = False
) -> tuple[list[ModelSpec], list[BrokenModel]]:
    good, broken = [], []
    for path in _folders(folder):
        if path.name in but:
            continue
        try:
            if own:
                _check_links(path)
            good.append(ModelSpec.read(path))
        except HilError as error:
            broken.append(BrokenModel(path.name, path, error))
    return good, broken


def _check_links(folder: Path) -> None:
    """ModelError for a link that leaves the folder: what a model is made of, and into, lies in it alone."""
    found = links_out(folder)
    if found:
        name, target = found[0]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise ModelError(
            f"model {folder.name} has links that leave its folder",
            evidence=f"{name} -> {target}{more}",
            remedy="put the files themselves there",
        )


def _taken(spec: ModelSpec) -> ModelError:
    return ModelError(
        f"model {spec.name} has the name of one that comes with the lab",
        evidence=str(spec.folder),
        remedy="give it another name",
    )
