"""Two-tier cascades as one of the lab's architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hil.errors import VectorError
from hil.models.cascade import export, golden_fixed, golden_float, quantise
from hil.models.cascade.network import Cascade, CascadeNetwork, Scan, from_arrays
from hil.models.cell.quantise import CellScales
from hil.models.cell.weights import CellShape
from hil.models.fixed import Trace, untraced
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]


class CascadeArchitecture:
    """See ``hil.models.architecture.Architecture``. Counts are int16 on the wire in every precision."""

    name = "cascade"

    def network(self, fields: Mapping[str, Any]) -> CascadeNetwork:
        """Cells, scan and normalisation from model.json."""
        return CascadeNetwork(
            lower=CellShape(**fields["lower"]),
            upper=CellShape(**fields["upper"]),
            scan=Scan(**fields["scan"]),
            classes=int(fields["classes"]),
            middle=int(fields["middle"]),
            divisor=int(fields["divisor"]),
        )

    def scales(self, fields: Mapping[str, Any]) -> quantise.CascadeScales:
        """The scales of one precision from model.json."""
        return quantise.CascadeScales(
            gain=int(fields["gain"]),
            lower=CellScales(**fields["lower"]),
            margin=float(fields["margin"]),
            upper=CellScales(**fields["upper"]),
            outputs=float(fields["outputs"]),
        )

    def weights(self, network: CascadeNetwork, arrays: Mapping[str, Arrays]) -> Cascade:
        """The weights, with zeta and nu raw."""
        return from_arrays(network, arrays)

    def calibrate(
        self, network: CascadeNetwork, weights: Cascade, precision: Precision, inputs: Sequence[Arrays]
    ) -> quantise.CascadeScales:
        """Scales from raw bags of counts."""
        return quantise.calibrate(weights, precision, inputs)

    def wire(self, spec: ModelSpec, weights: Cascade, precision: Precision, raw: Arrays) -> Arrays:
        """The counts as int16; VectorError when they are none, or too few for one instance."""
        kept = raw.astype(np.int16)
        if not np.issubdtype(raw.dtype, np.integer) or not np.array_equal(kept, raw):
            raise VectorError("an input is not made of 16-bit counts", evidence=f"{raw.dtype}")
        if len(raw) < weights.network.scan.length:
            raise VectorError(
                "a bag is shorter than one instance",
                evidence=f"{len(raw)} samples of {weights.network.scan.length}",
            )
        return np.ascontiguousarray(kept)

    def reference(self, spec: ModelSpec, weights: Cascade, inputs: Sequence[Arrays]) -> Arrays:
        """The outputs in float64."""
        return golden_float.run(weights, inputs, np.float64)

    def golden(
        self,
        spec: ModelSpec,
        weights: Cascade,
        precision: Precision,
        inputs: Sequence[Arrays],
        trace: Trace | None = None,
    ) -> Arrays:
        """The outputs of one precision."""
        if precision is Precision.F32:
            return golden_float.run(weights, inputs)
        fixed = quantise.quantise(weights, spec.scales[precision], precision)
        return golden_fixed.run(fixed, inputs, trace or untraced)

    def source(self, spec: ModelSpec, weights: Cascade, precision: Precision) -> str:
        """The C source of one precision."""
        if precision is Precision.F32:
            return export.source_f32(spec, weights)
        return export.source_fixed(
            spec, quantise.quantise(weights, spec.scales[precision], precision), precision
        )
