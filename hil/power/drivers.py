"""The drivers of power probes by name: those of this lab, and those that other packages bring.

A package brings one by an entry point of the group ``hil.power`` that names a ``Driver``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import numpy.typing as npt

from hil.errors import PowerProbeError
from hil.power.attached import Attached
from hil.power.base import PowerProbe, Samples

GROUP = "hil.power"
_OURS = {
    "ppk2": "hil.power.ppk2.driver",
    "lpm01a": "hil.power.lpm01a.driver",
    "joulescope": "hil.power.joulescope.driver",
    "replay": "hil.power.replay",
}


@dataclass(frozen=True)
class ProbeSpec:
    """Which probe, and how it is wired: as a source it supplies the board, else it measures in line.

    ``port`` is a serial port, or what else a driver's probes are told apart by; None: the only one that is
    attached, or that of ``serial_number``. ``board`` is named in errors. ``paced`` says whether samples come
    by the clock that the host has, too: those of an emulated board come in its own time.
    """

    port: str | None = None
    serial_number: str | None = None
    source: bool = True
    board: str | None = None
    paced: bool = True


@dataclass(frozen=True)
class Driver:
    """A kind of probe: how one is made, how its raw words become samples, which are attached.

    ``probe`` makes one, not entered yet, of a spec whose port is known. ``decode`` takes what a trace keeps
    as ``raw``, its ``calibration`` and ``supply_v``. ``none`` is what a list says where ``attached`` finds
    none.
    """

    name: str
    probe: Callable[[ProbeSpec], PowerProbe]
    decode: Callable[[npt.NDArray[Any], Mapping[str, str | float], float], Samples]
    attached: Callable[[], Sequence[Attached]] = tuple
    none: str = "none is attached"


def names() -> list[str]:
    """Of all drivers; those of this lab first."""
    return [*_OURS, *sorted({one.name for one in _plugins()} - set(_OURS))]


def driver(name: str) -> Driver:
    """The driver of that name; PowerProbeError when there is none, or it cannot be loaded.

    Of a name that this lab has, another package's is not taken.
    """
    if name in _OURS:
        found = import_module(_OURS[name]).DRIVER
        assert isinstance(found, Driver)
        return found
    for one in _plugins():
        if one.name == name:
            return _loaded(one)
    raise PowerProbeError(
        f"there is no driver {name!r} of power probes",
        evidence=f"there are {', '.join(names())}",
        remedy=f"check the name, or install the package that brings it (entry points {GROUP!r})",
    )


def opened(name: str, spec: ProbeSpec) -> PowerProbe:
    """A probe of that driver, to be entered; PowerProbeError when none or several could be meant."""
    found = driver(name)
    if spec.port is None:
        spec = replace(spec, port=_only(found, spec).port)
    return found.probe(spec)


def _plugins() -> Sequence[EntryPoint]:
    return tuple(entry_points(group=GROUP))


def _loaded(entry: EntryPoint) -> Driver:
    package = entry.dist.name if entry.dist is not None else entry.value
    try:
        found = entry.load()
    except Exception as error:  # whatever another package raises
        raise _unusable(entry.name, package, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, Driver):
        raise _unusable(entry.name, package, f"{entry.value} is no hil.power.drivers.Driver")
    return found


def _unusable(name: str, package: str, why: str) -> PowerProbeError:
    return PowerProbeError(
        f"the driver {name!r} of the package {package} cannot be loaded",
        evidence=why,
        remedy="bring the package up to date, or uninstall it",
    )


def _only(driver: Driver, spec: ProbeSpec) -> Attached:
    there = driver.attached()
    wanted = [one for one in there if spec.serial_number in (None, one.serial_number)]
    if len(wanted) == 1:
        return wanted[0]
    told = f" with serial number {spec.serial_number}" if spec.serial_number is not None else ""
    if wanted:
        what = f"{len(wanted)} power probes of driver {driver.name}{told} are attached"
    else:
        what = f"no power probe of driver {driver.name}{told} is attached"
    raise PowerProbeError(
        what,
        board=spec.board,
        evidence=", ".join(f"{one.port}: {one.serial_number or 'no number'}" for one in there) or None,
        remedy="name its port or serial number" if wanted else "plug it in; see `hil power list`",
    )
