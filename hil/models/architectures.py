"""The kinds of network that the lab knows, by the name that model.json gives them."""

from __future__ import annotations

from collections.abc import Mapping

from hil.models.architecture import Architecture
from hil.models.cascade.architecture import CascadeArchitecture
from hil.models.convnet.architecture import ConvNetArchitecture
from hil.models.own.architecture import OwnArchitecture
from hil.models.rnn.architecture import RnnArchitecture
from hil.models.rnnpool.architecture import RnnPoolArchitecture

_KNOWN: tuple[Architecture, ...] = (
    RnnArchitecture(),
    RnnPoolArchitecture(),
    ConvNetArchitecture(),
    CascadeArchitecture(),
    OwnArchitecture(),
)

ARCHITECTURES: Mapping[str, Architecture] = {architecture.name: architecture for architecture in _KNOWN}
