"""The kinds of network that the lab knows, by the name that model.json gives them."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from hil.models.architecture import Architecture

_KNOWN = {
    "rnn": "hil.models.rnn.architecture.RnnArchitecture",
    "rnnpool": "hil.models.rnnpool.architecture.RnnPoolArchitecture",
    "convnet": "hil.models.convnet.architecture.ConvNetArchitecture",
    "cascade": "hil.models.cascade.architecture.CascadeArchitecture",
    "own": "hil.models.own.architecture.OwnArchitecture",
}
NAMES = tuple(_KNOWN)


@cache
def load(name: str) -> Architecture:
    """One of NAMES, imported when a model first needs it: a run needs one or two."""
    module, _, kind = _KNOWN[name].rpartition(".")
    architecture: Architecture = getattr(import_module(module), kind)()
    return architecture
