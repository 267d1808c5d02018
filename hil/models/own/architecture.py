"""Models of which the lab knows the shapes alone: their folder holds the C and the expected outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models.fixed import Trace
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]

WIRE_TYPES = ("float32", "int16", "int8", "uint8")  # enum hil_dtype of runtime/model.h


@dataclass(frozen=True)
class OwnNetwork:
    """The shapes, and in which type each precision takes its input."""

    features: int
    outputs: int
    classes: int
    inputs: Mapping[Precision, str]

    @property
    def path_output(self) -> None:
        """Unknown: the lab does not look inside."""
        return

    def macs(self, steps: int) -> None:
        """Unknown as well."""
        return


class OwnArchitecture:
    """See ``hil.models.architecture.Architecture``. There is nothing to export or to compute: ModelError."""

    name = "own"

    def network(self, fields: Mapping[str, Any]) -> OwnNetwork:
        """features, outputs, classes (0: it does not classify); ``inputs``: precision -> type on the wire."""
        inputs = {Precision(name): str(dtype) for name, dtype in fields["inputs"].items()}
        for dtype in inputs.values():
            if dtype not in WIRE_TYPES:
                raise ModelError(
                    f"unknown input type {dtype}", remedy=f"choose from: {', '.join(WIRE_TYPES)}"
                )
        return OwnNetwork(int(fields["features"]), int(fields["outputs"]), int(fields["classes"]), inputs)

    def scales(self, fields: Mapping[str, Any]) -> None:
        """There are none."""

    def weights(self, network: OwnNetwork, arrays: Mapping[str, Arrays]) -> None:
        """They are in the C."""

    def calibrate(
        self, network: OwnNetwork, weights: None, precision: Precision, inputs: Sequence[Arrays]
    ) -> Any:
        """Not possible."""
        raise ModelError("a model of your own C has no scales to find")

    def wire(self, spec: ModelSpec, weights: None, precision: Precision, raw: Arrays) -> Arrays:
        """The raw input in the type that the precision takes; VectorError when that would change a value."""
        dtype = np.dtype(spec.network.inputs[precision])
        with np.errstate(invalid="ignore", over="ignore"):
            wired = np.ascontiguousarray(raw, dtype=dtype)
        if dtype.kind in "iu" and not np.array_equal(wired, raw):
            raise VectorError(
                f"an input of model {spec.name} does not fit {dtype}",
                evidence=f"values from {raw.min()} to {raw.max()}",
                remedy="store the vectors as the firmware takes them",
            )
        return wired

    def reference(self, spec: ModelSpec, weights: None, inputs: Sequence[Arrays]) -> Arrays:
        """Not known here."""
        raise ModelError(f"what {spec.name} computes is known to its C alone")

    def golden(
        self,
        spec: ModelSpec,
        weights: None,
        precision: Precision,
        inputs: Sequence[Arrays],
        trace: Trace | None = None,
    ) -> Arrays:
        """Not known here: vectors.npz brings it."""
        raise ModelError(f"what {spec.name} computes is known to its C alone")

    def source(self, spec: ModelSpec, weights: None, precision: Precision) -> str:
        """Its file is its own."""
        raise ModelError(f"{spec.generated_c(precision).name} is not generated")
