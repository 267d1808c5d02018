"""Recurrent models as one of the lab's architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hil.models.cell.quantise import CellScales
from hil.models.cell.weights import CellShape
from hil.models.fixed import Trace, untraced
from hil.models.rnn import golden_fixed, golden_float, quantise
from hil.models.rnn.export import source_f32, source_fixed
from hil.models.rnn.network import Rnn, RnnNetwork, from_arrays
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]


class RnnArchitecture:
    """See ``hil.models.architecture.Architecture``."""

    name = "rnn"

    def network(self, fields: Mapping[str, Any]) -> RnnNetwork:
        """Cell and classifier from model.json."""
        return RnnNetwork(CellShape(**fields["cell"]), int(fields["classes"]))

    def scales(self, fields: Mapping[str, Any]) -> quantise.RnnScales:
        """The scales of one precision from model.json."""
        return quantise.RnnScales(CellScales(**fields["cell"]), float(fields["outputs"]))

    def weights(self, network: RnnNetwork, arrays: Mapping[str, Arrays]) -> Rnn:
        """The weights, with zeta and nu raw."""
        return from_arrays(network, arrays)

    def calibrate(
        self, network: RnnNetwork, weights: Rnn, precision: Precision, inputs: Sequence[Arrays]
    ) -> quantise.RnnScales:
        """Scales from raw inputs."""
        return quantise.calibrate(weights, precision, inputs)

    def wire(self, spec: ModelSpec, weights: Rnn, precision: Precision, raw: Arrays) -> Arrays:
        """float32 as it is, or what the host normalised and quantised."""
        if precision is Precision.F32:
            return np.ascontiguousarray(raw, dtype=np.float32)
        return quantise.quantise_rows(weights, spec.scales[precision], raw)

    def reference(self, spec: ModelSpec, weights: Rnn, inputs: Sequence[Arrays]) -> Arrays:
        """The outputs in float64."""
        return golden_float.run(weights, inputs, np.float64)

    def golden(
        self,
        spec: ModelSpec,
        weights: Rnn,
        precision: Precision,
        inputs: Sequence[Arrays],
        trace: Trace | None = None,
    ) -> Arrays:
        """The outputs of one precision."""
        if precision is Precision.F32:
            return golden_float.run(weights, inputs)
        fixed = quantise.quantise(weights, spec.scales[precision], precision)
        return golden_fixed.run(fixed, inputs, trace or untraced)

    def source(self, spec: ModelSpec, weights: Rnn, precision: Precision) -> str:
        """The C source of one precision."""
        if precision is Precision.F32:
            return source_f32(spec, weights)
        return source_fixed(spec, quantise.quantise(weights, spec.scales[precision], precision), precision)
