"""What a model is: the description in its folder's ``model.json``, as a frozen value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.errors import HilError, ModelError
from hil.models import architectures
from hil.models.architecture import Architecture
from hil.naming import why_no_name
from hil.reading import read_text
from hil.values import Precision
from hil.wire import MOST_INPUT_BYTES, MOST_OUTPUT_BYTES, Room

_LARGEST = 65_535  # steps, features and outputs travel as uint16
_WIDTHS = {"float32": 4, "int16": 2, "int8": 1, "uint8": 1}  # bytes of the types on the wire


@dataclass(frozen=True)
class DataSet:
    """Where a model's vectors come from and what may be done with them."""

    title: str
    citation: str
    licence: str
    url: str


@dataclass(frozen=True)
class ModelSpec:
    """One model; ``folder`` holds its ``model.json``, ``weights.npz`` and generated C.

    ``regression``: its outputs are values, not scores of classes, whatever ``network`` calls them.
    ``network`` and each of ``scales`` are values of the architecture's own. ``vectors`` is how many a bench
    run takes unless it is told, None for all. ``dataset`` is None where the weights are drawn at random.
    """

    name: str
    task: str
    architecture: Architecture
    min_steps: int
    max_steps: int
    network: Any
    scales: Mapping[Precision, Any]
    precisions: tuple[Precision, ...]
    vectors: int | None
    dataset: DataSet | None
    generator: str
    folder: Path
    regression: bool = False

    @property
    def features(self) -> int:
        """Elements of one time step."""
        return int(self.network.features)

    @property
    def outputs(self) -> int:
        """Elements of the output: scores of classes first."""
        return int(self.network.outputs)

    @property
    def classes(self) -> int:
        """How many of the outputs are scores of classes; 0 for a model that does not classify, 1 where a
        single logit tells class 1 from class 0.
        """
        return 0 if self.regression else int(self.network.classes)

    @property
    def labels(self) -> int:
        """How many classes labels may be of: two for a single logit."""
        return 2 if self.classes == 1 else self.classes

    def room(self, precision: Precision) -> Room:
        """What the runtime of an image must reserve; ModelError when the protocol cannot carry an input or an
        output.
        """
        of_own = getattr(self.network, "inputs", {}).get(precision)
        width = 4 if precision is Precision.F32 else 2
        in_width = width if of_own is None else _WIDTHS[of_own]
        return room_for(
            self.name,
            precision,
            self.max_steps * self.features * in_width,
            self.outputs * (width if of_own is None else 4),
        )

    def output_scale(self, precision: Precision) -> float:
        """What one unit of an output is worth: 1 in float, and where the lab does not know it."""
        scales = self.scales.get(precision)
        return 1.0 if precision is Precision.F32 else float(getattr(scales, "outputs", 1.0))

    @property
    def path_output(self) -> int | None:
        """The output that tells which way the model went, where there is more than one."""
        path: int | None = self.network.path_output
        return path

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of the longest inference; None where they are not known."""
        most: int | None = self.network.macs(self.max_steps)
        return most

    def generated_c(self, precision: Precision) -> Path:
        """The exported source of one precision."""
        return self.folder / f"{self.name}_{precision}.c"

    @classmethod
    def read(cls, folder: Path) -> ModelSpec:
        """Read ``folder/model.json``; ModelError when it is missing or says something that cannot be."""
        path = folder / "model.json"
        try:
            fields = json.loads(read_text(path))
            spec = _from_fields(fields, folder)
            _ = spec.macs  # of sizes that are no numbers: better said here than where a run asks
        except FileNotFoundError:
            raise ModelError(f"no model in {folder.name}", evidence=str(path)) from None
        except OSError as error:
            raise ModelError(
                f"description of model {folder.name} cannot be read", evidence=f"{path}: {error.strerror}"
            ) from error
        except HilError as error:
            raise ModelError(
                f"model {folder.name}: {error.what}",
                evidence=f"{error.evidence}, in {path}" if error.evidence else str(path),
                remedy=error.remedy,
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ModelError(
                f"description of model {folder.name} is damaged",
                evidence=f"{type(error).__name__}: {error}",
                remedy=f"compare {path} with another model's",
            ) from error
        if spec.name != folder.name:
            raise ModelError(f"model {spec.name} lies in a folder called {folder.name}", evidence=str(path))
        return spec


def room_for(name: str, precision: Precision, input_bytes: int, output_bytes: int) -> Room:
    """See ``ModelSpec.room``."""
    for what, size, most in (
        ("a vector", input_bytes, MOST_INPUT_BYTES),
        ("an output", output_bytes, MOST_OUTPUT_BYTES),
    ):
        if size > most:
            raise ModelError(
                f"{what} of {name} is too large for the link",
                evidence=f"{size:,} B in {precision}, at most {most:,}",
                remedy="shorten it, or leave f32 out of its precisions",
            )
    return Room.of(input_bytes, output_bytes)


def find_architecture(name: str) -> Architecture:
    """The architecture that model.json calls so; ModelError with those there are."""
    if name not in architectures.NAMES:
        known = ", ".join(architectures.NAMES)
        raise ModelError(f"unknown architecture {name}", remedy=f"choose from: {known}")
    return architectures.load(name)


def _from_fields(fields: dict[str, Any], folder: Path) -> ModelSpec:
    architecture = find_architecture(fields["architecture"])
    scales = {Precision(name): architecture.scales(one) for name, one in fields["scales"].items()}
    precisions = tuple(one for one in Precision if one is Precision.F32 or one in scales)
    if "precisions" in fields:
        precisions = tuple(Precision(name) for name in fields.pop("precisions"))
    dataset = fields["dataset"]
    spec = ModelSpec(
        **{
            **fields,
            "architecture": architecture,
            "network": architecture.network(fields["network"]),
            "scales": scales,
            "dataset": DataSet(**dataset) if dataset is not None else None,
        },
        precisions=precisions,
        folder=folder,
    )
    _check(spec)
    return spec


def _check(spec: ModelSpec) -> None:
    """ModelError when the numbers cannot be those of any model."""
    for what, text in (("name", spec.name), ("task", spec.task), ("generator", spec.generator)):
        if not isinstance(text, str):
            raise ModelError(f"{what} is no text", evidence=f"it is {text!r}")
    wrong = why_no_name(spec.name)
    if wrong is not None:
        raise ModelError("its name cannot be used", evidence=wrong, remedy="give it and its folder another")
    path = spec.outputs - 1 if spec.path_output is None else spec.path_output
    for what, number, least, most in (
        ("features", spec.features, 1, _LARGEST),
        ("max_steps", spec.max_steps, 1, _LARGEST),
        ("min_steps", spec.min_steps, 1, spec.max_steps),
        ("outputs", spec.outputs, 1, _LARGEST),
        ("classes", spec.classes, 0, spec.outputs),
        ("path_output", path, 0, spec.outputs - 1),
        ("vectors", 1 if spec.vectors is None else spec.vectors, 1, None),
    ):
        if type(number) is not int or number < least or (most is not None and number > most):
            to = "more" if most is None else f"{most:,}"
            raise ModelError(f"{what} cannot be {number!r}", remedy=f"give a whole number, {least} to {to}")
    if type(spec.regression) is not bool:
        raise ModelError(f"regression cannot be {spec.regression!r}", remedy="give true or false")
    own = spec.architecture.name == "own"
    having = spec.network.inputs if own else {Precision.F32, *spec.scales}
    lacking = [one for one in spec.precisions if one not in having]
    if lacking:
        raise ModelError(f"it has no {'input type' if own else 'scales'} of {' and '.join(lacking)}")
    if not spec.precisions:
        raise ModelError("it has no precision", remedy=f"name one or more of {', '.join(Precision)}")
