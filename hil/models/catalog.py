"""The models there are: those that come with the lab, and those of a user's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import ModelError
from hil.image import prebuilt_dir
from hil.models.spec import ModelSpec
from hil.resources import firmware_dir


def models_dir() -> Path:
    """The folder that holds one folder per model that comes with the lab."""
    return firmware_dir() / "models"


def is_own(spec: ModelSpec) -> bool:
    """Whether a model is a user's own: it then keeps its vectors and images in its folder."""
    return spec.folder.resolve().parent != models_dir().resolve()


def images_dir(spec: ModelSpec, kind: str) -> Path:
    """Where the images of a model for one kind of board lie."""
    return spec.folder / "images" / kind if is_own(spec) else prebuilt_dir(kind)


@dataclass(frozen=True)
class ModelLibrary:
    """The models that come with the lab and, where ``own`` is given, those in that folder."""

    own: Path | None = None

    def models(self) -> list[ModelSpec]:
        """All models, sorted by name; ModelError when one of a user's own takes a name that is taken."""
        return sorted(_read_all(models_dir()) + self.own_models(), key=lambda spec: spec.name)

    def own_models(self) -> list[ModelSpec]:
        """The models in ``own``, sorted by name; ModelError when there are none."""
        if self.own is None:
            return []
        specs = _read_all(self.own)
        if not specs:
            raise ModelError(
                f"no model in {self.own}",
                evidence="it does not exist" if not self.own.is_dir() else "no folder in it has a model.json",
                remedy="`hil model import` writes one, docs/import.md says how to bring firmware",
            )
        taken = {spec.name for spec in _read_all(models_dir())}
        for spec in specs:
            if spec.name in taken:
                raise ModelError(
                    f"model {spec.name} has the name of one that comes with the lab",
                    evidence=str(spec.folder),
                    remedy="give it another name",
                )
        return specs

    def find(self, name: str) -> ModelSpec:
        """The model of that name; ModelError with the names there are when there is none."""
        return pick(name, self.models())


BUILTIN = ModelLibrary()


def pick(name: str, specs: Sequence[ModelSpec]) -> ModelSpec:
    """The model of that name; ModelError with the names there are when there is none."""
    known = {spec.name: spec for spec in specs}
    if name not in known:
        raise ModelError(f"unknown model {name}", remedy=f"choose from: {', '.join(known)}")
    return known[name]


def list_models() -> list[ModelSpec]:
    """All models that come with the lab, sorted by name."""
    return BUILTIN.models()


def find_model(name: str) -> ModelSpec:
    """The model of that name that comes with the lab; ModelError with the names there are."""
    return BUILTIN.find(name)


def _read_all(folder: Path) -> list[ModelSpec]:
    return [ModelSpec.read(path.parent) for path in sorted(folder.glob("*/model.json"))]
