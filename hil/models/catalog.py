"""The models that come with the lab."""

from __future__ import annotations

from pathlib import Path

from hil.errors import ModelError
from hil.models.spec import ModelSpec
from hil.resources import firmware_dir


def models_dir() -> Path:
    """The folder that holds one folder per model."""
    return firmware_dir() / "models"


def list_models() -> list[ModelSpec]:
    """All models, sorted by name."""
    return [ModelSpec.read(path.parent) for path in sorted(models_dir().glob("*/model.json"))]


def find_model(name: str) -> ModelSpec:
    """The model of that name; ModelError with the names there are when there is none."""
    specs = {spec.name: spec for spec in list_models()}
    if name not in specs:
        raise ModelError(f"unknown model {name}", remedy=f"choose from: {', '.join(specs)}")
    return specs[name]
