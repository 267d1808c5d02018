"""RNNPool blocks that are models as one of the lab's architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hil.models.fixed import Trace, untraced
from hil.models.rnnpool import export, golden_fixed, golden_float, quantise
from hil.models.rnnpool.network import RnnPoolNet, RnnPoolWeights, from_arrays, network
from hil.models.rnnpool.quantise import RnnPoolScales
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]


class RnnPoolArchitecture:
    """See ``hil.models.architecture.Architecture``."""

    name = "rnnpool"

    def network(self, fields: Mapping[str, Any]) -> RnnPoolNet:
        """Sizes and gates from model.json."""
        return network(fields)

    def scales(self, fields: Mapping[str, Any]) -> RnnPoolScales:
        """The scales of one precision from model.json."""
        return quantise.read_scales(fields)

    def weights(self, network: RnnPoolNet, arrays: Mapping[str, Arrays]) -> RnnPoolWeights:
        """The weights, with zeta and nu already through the logistic function."""
        return from_arrays(network, arrays)

    def calibrate(
        self, network: RnnPoolNet, weights: RnnPoolWeights, precision: Precision, inputs: Sequence[Arrays]
    ) -> RnnPoolScales:
        """Scales from patches."""
        return quantise.calibrate(weights, inputs, precision)

    def wire(self, spec: ModelSpec, weights: RnnPoolWeights, precision: Precision, raw: Arrays) -> Arrays:
        """float32 as it is, or what the host quantised."""
        if precision is Precision.F32:
            return np.ascontiguousarray(raw, dtype=np.float32)
        return quantise.quantise_input(spec.scales[precision], raw)

    def reference(self, spec: ModelSpec, weights: RnnPoolWeights, inputs: Sequence[Arrays]) -> Arrays:
        """The outputs in float64."""
        return golden_float.run(weights, inputs, np.float64)

    def golden(
        self,
        spec: ModelSpec,
        weights: RnnPoolWeights,
        precision: Precision,
        inputs: Sequence[Arrays],
        trace: Trace | None = None,
    ) -> Arrays:
        """The outputs of one precision."""
        if precision is Precision.F32:
            return golden_float.run(weights, inputs)
        fixed = quantise.quantise(weights, spec.scales[precision], precision)
        return golden_fixed.run(fixed, inputs, trace or untraced)

    def source(self, spec: ModelSpec, weights: RnnPoolWeights, precision: Precision) -> str:
        """The C source of one precision."""
        if precision is Precision.F32:
            return export.source_f32(spec, weights)
        fixed = quantise.quantise(weights, spec.scales[precision], precision)
        return export.source_fixed(spec, fixed, precision)
