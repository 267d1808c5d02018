"""Convolution networks as one of the lab's architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hil.errors import VectorError
from hil.models.convnet import export, golden_fixed, golden_float, quantise
from hil.models.convnet.network import ConvNet, ConvNetWeights, from_arrays, network
from hil.models.convnet.quantise import ConvNetScales
from hil.models.fixed import Trace, untraced
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]


class ConvNetArchitecture:
    """See ``hil.models.architecture.Architecture``."""

    name = "convnet"

    def network(self, fields: Mapping[str, Any]) -> ConvNet:
        """Input and layers from model.json."""
        return network(fields)

    def scales(self, fields: Mapping[str, Any]) -> ConvNetScales:
        """The scales of one precision from model.json."""
        return quantise.read_scales(fields)

    def weights(self, network: ConvNet, arrays: Mapping[str, Arrays]) -> ConvNetWeights:
        """The weights by layer."""
        return from_arrays(network, arrays)

    def calibrate(
        self, network: ConvNet, weights: ConvNetWeights, precision: Precision, inputs: Sequence[Arrays]
    ) -> ConvNetScales:
        """Scales from byte images."""
        return quantise.calibrate(weights, precision, inputs)

    def wire(self, spec: ModelSpec, weights: ConvNetWeights, precision: Precision, raw: Arrays) -> Arrays:
        """The bytes themselves, in every precision; VectorError when they are none."""
        if raw.dtype != np.uint8:
            raise VectorError("an image is not of bytes", evidence=f"{raw.dtype}")
        return np.ascontiguousarray(raw)

    def reference(self, spec: ModelSpec, weights: ConvNetWeights, inputs: Sequence[Arrays]) -> Arrays:
        """The outputs in float64."""
        return golden_float.run(weights, inputs, np.float64)

    def golden(
        self,
        spec: ModelSpec,
        weights: ConvNetWeights,
        precision: Precision,
        inputs: Sequence[Arrays],
        trace: Trace | None = None,
    ) -> Arrays:
        """The outputs of one precision."""
        if precision is Precision.F32:
            return golden_float.run(weights, inputs)
        fixed = quantise.quantise(weights, spec.scales[precision], precision)
        return golden_fixed.run(fixed, inputs, trace or untraced)

    def source(self, spec: ModelSpec, weights: ConvNetWeights, precision: Precision) -> str:
        """The C source of one precision."""
        if precision is Precision.F32:
            return export.source_f32(spec, weights)
        fixed = quantise.quantise(weights, spec.scales[precision], precision)
        return export.source_fixed(spec, fixed, precision)
