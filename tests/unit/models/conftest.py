"""Generated models on this machine, and random ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hil.models.cell.weights import Cell, CellShape
from hil.models.rnn.network import Rnn, RnnNetwork
from hil.models.spec import ModelSpec
from hil.values import Precision
from kernel_programs import build_host
from model_programs import model_sources, run_model

Arrays = npt.NDArray[Any]

RunModel = Callable[[ModelSpec, Precision, Sequence[Arrays]], Arrays]


@pytest.fixture(scope="session")
def run_generated(tmp_path_factory: pytest.TempPathFactory) -> RunModel:
    """A function that runs a model's generated C on wire inputs; outputs (N, outputs)."""
    folder = tmp_path_factory.mktemp("models")

    def run(spec: ModelSpec, precision: Precision, inputs: Sequence[Arrays]) -> Arrays:
        program = build_host(folder / f"{spec.name}-{precision}", model_sources(spec, precision))
        return run_model(program, spec, precision, inputs)

    return run


MakeModel = Callable[..., Rnn]


@pytest.fixture(scope="session")
def random_model() -> MakeModel:
    """A function that draws a recurrent model of any shape from a seed."""

    def make(
        seed: int, features: int, hidden: int, *, rank_w: int = 0, rank_u: int = 0, classes: int = 3,
        gate: str = "quantSigm", update: str = "quantTanh", norm_rows: int = 1, spread: float = 1.0,
        kind: str = "fastgrnn", kept: float = 1.0,
    ) -> Rnn:  # fmt: skip
        rng = np.random.default_rng(seed)

        def draw(*shape: int) -> npt.NDArray[np.float32]:
            values = spread * rng.standard_normal(shape) / np.sqrt(shape[-1])
            return (values * (rng.random(shape) < kept)).astype(np.float32)

        shape = CellShape(features, hidden, rank_w, rank_u, gate, update, kind)
        cell = Cell(
            shape=shape,
            w1=draw(rank_w, features) if rank_w else None,
            w2=draw(hidden, rank_w or features),
            u1=draw(rank_u, hidden) if rank_u else None,
            u2=draw(hidden, rank_u or hidden),
            bias_gate=rng.standard_normal(hidden).astype(np.float32) if kind == "fastgrnn" else None,
            bias_update=rng.standard_normal(hidden).astype(np.float32),
            zeta=float(np.float32(rng.uniform(0, 1))),
            nu=float(np.float32(rng.uniform(0, 1))),
        )
        return Rnn(
            network=RnnNetwork(shape, classes),
            cell=cell,
            classifier=draw(classes, hidden) if classes else None,
            classifier_bias=rng.standard_normal(classes).astype(np.float32) if classes else None,
            mean=rng.standard_normal((norm_rows, features)).astype(np.float32) if norm_rows else None,
            std=rng.uniform(0.5, 2.0, (norm_rows, features)).astype(np.float32) if norm_rows else None,
        )

    return make
