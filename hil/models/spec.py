"""What a model is: the description in its folder's ``model.json``, as a frozen value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.errors import ModelError
from hil.values import Precision


@dataclass(frozen=True)
class DataSet:
    """Where a model's vectors come from and what may be done with them."""

    title: str
    citation: str
    licence: str
    url: str


@dataclass(frozen=True)
class Network:
    """Sizes and gates: D ``features``, H ``hidden``; a rank of 0 leaves that matrix whole.

    ``gate`` and ``update`` are names of ``hil.models.gates``.
    """

    features: int
    hidden: int
    outputs: int
    rank_w: int
    rank_u: int
    gate: str
    update: str

    @property
    def left(self) -> int:
        """Length of what W (or W2) is multiplied with."""
        return self.rank_w or self.features

    @property
    def right(self) -> int:
        """Length of what U (or U2) is multiplied with."""
        return self.rank_u or self.hidden


@dataclass(frozen=True)
class Q15Scales:
    """Fraction bits f of each q15 tensor: real = integer * 2**-f. Found by ``hil.models.quantise.calibrate``.

    ``left`` and ``right`` are the operands of the last products, ``sums`` their common accumulator;
    ``w1`` and ``u1`` are 0 where the matrix is not factored. The weights beside ``left`` then have
    ``sums - left`` fraction bits, those beside ``right`` have ``sums - right``.
    """

    input: int
    w1: int
    u1: int
    left: int
    right: int
    sums: int
    state: int
    classifier: int
    outputs: int


@dataclass(frozen=True)
class ModelSpec:
    """One trained model; ``folder`` holds its ``model.json``, ``weights.npz`` and generated C."""

    name: str
    task: str
    cell: str
    min_steps: int
    max_steps: int
    network: Network
    q15: Q15Scales | None
    precisions: tuple[Precision, ...]
    kernels: Mapping[Precision, tuple[str, ...]]
    dataset: DataSet
    generator: str
    folder: Path

    @property
    def features(self) -> int:
        """Elements of one time step."""
        return self.network.features

    @property
    def outputs(self) -> int:
        """Elements of the output, one per class."""
        return self.network.outputs

    @property
    def gates(self) -> tuple[str, str]:
        """Names of the gate's and the update's nonlinearity."""
        return self.network.gate, self.network.update

    @property
    def licence(self) -> str:
        """Licence of the data set behind the vectors."""
        return self.dataset.licence

    def generated_c(self, precision: Precision) -> Path:
        """The exported source of one precision."""
        return self.folder / f"{self.name}_{precision}.c"

    @classmethod
    def read(cls, folder: Path) -> ModelSpec:
        """Read ``folder/model.json``; ModelError when it is missing or says something that cannot be."""
        path = folder / "model.json"
        try:
            fields = json.loads(path.read_text())
            spec = _from_fields(fields, folder)
        except FileNotFoundError:
            raise ModelError(f"no model in {folder.name}", evidence=str(path)) from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelError(
                f"description of model {folder.name} is damaged",
                evidence=f"{type(error).__name__}: {error}",
                remedy=f"compare {path} with another model's",
            ) from error
        if spec.name != folder.name:
            raise ModelError(f"model {spec.name} lies in a folder called {folder.name}", evidence=str(path))
        return spec


def _from_fields(fields: dict[str, Any], folder: Path) -> ModelSpec:
    q15 = fields.pop("q15", None)
    kernels = {Precision(name): tuple(files) for name, files in fields.pop("kernels").items()}
    return ModelSpec(
        **{
            **fields,
            "network": Network(**fields["network"]),
            "dataset": DataSet(**fields["dataset"]),
            "precisions": tuple(kernels),
        },
        q15=Q15Scales(**q15) if q15 is not None else None,
        kernels=kernels,
        folder=folder,
    )
