"""What every kind of network offers: checked weights, wire inputs, references, scales and C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from hil.models.fixed import Trace
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]


class NetworkShape(Protocol):
    """What the lab asks of any network's description."""

    @property
    def features(self) -> int:
        """Elements of one time step of the input."""

    @property
    def outputs(self) -> int:
        """Elements of the output."""

    @property
    def classes(self) -> int:
        """How many of the outputs, from the first on, are scores of classes; 0: the model does not
        classify.
        """

    @property
    def path_output(self) -> int | None:
        """The output that tells which way the model went, 0 or 1; None when there is but one."""

    def macs(self, steps: int) -> int | None:
        """Multiply-accumulates of an inference of ``steps`` steps at most, the nonlinearities left out; None
        where they are not known.
        """


class Architecture(Protocol):
    """One kind of network. ``weights`` is a frozen value of the architecture's own, checked by
    ``weights``.
    """

    @property
    def name(self) -> str:
        """How model.json calls it."""

    def network(self, fields: Mapping[str, Any]) -> NetworkShape:
        """The description from model.json; ModelError, TypeError or ValueError when it cannot be."""

    def scales(self, fields: Mapping[str, Any]) -> Any:
        """The fixed-point scales of one precision from model.json."""

    def weights(self, network: Any, arrays: Mapping[str, Arrays]) -> Any:
        """The weights by their names; ModelError names what is missing, mis-shaped or not finite."""

    def calibrate(self, network: Any, weights: Any, precision: Precision, inputs: Sequence[Arrays]) -> Any:
        """Scales of q15 or q7 from raw inputs, N arrays (T, D)."""

    def wire(self, spec: ModelSpec, weights: Any, precision: Precision, raw: Arrays) -> Arrays:
        """One raw input (T, D) as an image of that precision takes it; VectorError when it cannot be."""

    def reference(self, spec: ModelSpec, weights: Any, inputs: Sequence[Arrays]) -> Arrays:
        """Outputs (N, outputs) of raw inputs in float64, with the float32 image's nonlinearities."""

    def golden(
        self,
        spec: ModelSpec,
        weights: Any,
        precision: Precision,
        inputs: Sequence[Arrays],
        trace: Trace | None = None,
    ) -> Arrays:
        """Outputs (N, outputs) of wire inputs: float32, or int16 as the firmware gives them bit for bit.

        ``trace`` sees every operation of the fixed-point precisions.
        """

    def source(self, spec: ModelSpec, weights: Any, precision: Precision) -> str:
        """The C source that defines ``hil_model``, without its first line."""


def by_length(inputs: Sequence[Arrays]) -> list[list[int]]:
    """The numbers of the inputs, those of one length together: N arrays (T, D) become few batches."""
    lengths = np.array([len(vector) for vector in inputs])
    return [np.flatnonzero(lengths == length).tolist() for length in np.unique(lengths)]
