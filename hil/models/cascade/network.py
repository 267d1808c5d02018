"""What a two-tier cascade is: its cells, how the lower one scans a bag, when the upper one runs; its weights.

A bag of T samples is cut into instances of ``length`` samples every ``stride``. The lower cell runs over one
instance after the other, each from a zero state; its margin is the logit of target minus that of clutter.

    early exit   after every ``check_every`` steps (before the last) an instance stops when |margin| >= limit:
                 the state there is its final state, the margin there its answer. With two classes
                 |l1 - l0| >= ln(p / (1 - p)) is what "the largest softmax reaches p" means.
    firing       an instance says target when its margin is above 0; the bag is one as soon as
                 ``consecutive`` instances in a row say so
    early end    once that many in a row can no longer be reached, the scan stops: clutter
    upper tier   only after firing: all instances are scanned, the upper cell runs over their final states

Outputs: one score per class (the first is clutter), then the path, 1 where the upper tier ran and 0 where it
did not. There the scores are fixed: 1 for clutter, 0 for all others.
Roy et al., BuildSys 2019 (MSC-RNN); Dennis et al., NeurIPS 2018 (EMI-RNN).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.cell.weights import Cell, CellShape, Float32, Taker, cell_from_arrays

Arrays = npt.NDArray[Any]

LOWER, UPPER = "_lower", "_upper"  # end the names of the cells' arrays
CLUTTER_SCORE = 1.0


@dataclass(frozen=True)
class Scan:
    """How the lower tier goes over a bag, and what makes it stop, in samples, instances and a margin."""

    length: int
    stride: int
    check_every: int
    consecutive: int
    limit: float

    def __post_init__(self) -> None:
        for name in ("length", "stride", "check_every", "consecutive"):
            if getattr(self, name) < 1:
                raise ModelError(f"a cascade's {name} is {getattr(self, name)}", remedy="it is 1 at least")
        if not 0.0 < self.limit < float("inf"):
            raise ModelError(f"a cascade's limit is {self.limit}", remedy="it is a positive margin")

    @property
    def ends(self) -> tuple[int, ...]:
        """After how many steps an instance's margin is looked at: at the checks, and at its end."""
        return (*range(self.check_every, self.length, self.check_every), self.length)

    def instances(self, steps: int) -> int:
        """How many whole instances a bag of ``steps`` samples has."""
        return 0 if steps < self.length else (steps - self.length) // self.stride + 1


@dataclass(frozen=True)
class CascadeNetwork:
    """``lower`` sees (sample - middle) / divisor, both integers; ``upper`` the lower one's final states."""

    lower: CellShape
    upper: CellShape
    scan: Scan
    classes: int
    middle: int
    divisor: int

    def __post_init__(self) -> None:
        if self.upper.features != self.lower.hidden:
            raise ModelError(
                "a cascade's tiers do not fit together",
                evidence=f"{self.lower.hidden} states below, {self.upper.features} features above",
            )
        if self.classes < 2 or self.divisor < 1 or not -(2**15) <= self.middle < 2**15:
            raise ModelError(
                "a cascade's description cannot be",
                evidence=f"classes {self.classes}, divisor {self.divisor}, middle {self.middle}",
            )

    @property
    def features(self) -> int:
        """Elements of one sample."""
        return self.lower.features

    @property
    def outputs(self) -> int:
        """A score per class, and the path."""
        return self.classes + 1

    @property
    def path_output(self) -> int:
        """The last output is 1 where the upper tier ran, 0 where it did not."""
        return self.classes

    def macs(self, steps: int) -> int:
        """Where nothing stops early and both tiers run."""
        count = self.scan.instances(steps)
        margins = len(self.scan.ends) * self.lower.hidden
        upper = count * self.upper.macs + self.classes * self.upper.hidden
        return count * (self.scan.length * self.lower.macs + margins) + upper


@dataclass(frozen=True)
class Cascade:
    """``margin`` (1, H lower) and ``margin_bias`` (1,): logit of target minus logit of clutter;
    ``classifier`` (classes, H upper), ``classifier_bias`` (classes,)."""

    network: CascadeNetwork
    lower: Cell
    margin: Float32
    margin_bias: Float32
    upper: Cell
    classifier: Float32
    classifier_bias: Float32


def from_arrays(network: CascadeNetwork, arrays: Mapping[str, Arrays], *, squashed: bool = False) -> Cascade:
    """Check and name the arrays of a weights file; ModelError names what is missing, mis-shaped, not finite.

    The cells' arrays (``hil.models.cell.weights``) end in ``_lower`` and ``_upper``; FC_lower (2, H) and
    FCbias_lower (2,) give the logits of clutter and of target, FC_upper and FCbias_upper the classes' scores.
    """
    lower, upper = Taker(arrays, LOWER), Taker(arrays, UPPER)
    pair, pair_bias = lower.take("FC", 2, network.lower.hidden), lower.take("FCbias", 2)
    return Cascade(
        network=network,
        lower=cell_from_arrays(network.lower, arrays, squashed=squashed, suffix=LOWER),
        margin=np.asarray(pair[1:] - pair[:1]),
        margin_bias=np.asarray(pair_bias[1:] - pair_bias[:1]),
        upper=cell_from_arrays(network.upper, arrays, squashed=squashed, suffix=UPPER),
        classifier=upper.take("FC", network.classes, network.upper.hidden),
        classifier_bias=upper.take("FCbias", network.classes),
    )
