"""A board of the lab, opened: its debug probe's flasher, its serial port, and what it says of its health.

The last layer that knows whether a board is emulated. What it hands up is the same for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version

from hil.desk.ports import users_of
from hil.errors import HilError, LabError, LinkError, PowerProbeError
from hil.flash.base import Flasher
from hil.flash.process import ProbeProcess
from hil.image import Image
from hil.kinds import Kind
from hil.lab.boards import BoardSpec, port_of
from hil.lab.keys import PROBE
from hil.link.rings import Memory
from hil.measure.cycles import CoreTrace
from hil.measure.elf import check_fits, load_segments
from hil.power.board import BoardPower
from hil.power.opening import kit_of, of_emulator, of_silicon
from hil.power.supply import Supply
from hil.qemu.process import QemuProcess, find_ahead
from hil.values import Method


def _no_failure() -> str | None:
    return None


def _never() -> bool:
    return False


def _anywhere(processor: int) -> None:
    pass


@dataclass(frozen=True)
class Board:
    """One open board.

    ``flasher`` makes a new, unopened flasher for one session. ``failure`` says why the board itself can no
    longer answer (an emulator that ended or hangs), or None, within seconds; ``killed`` whether that came
    from outside. ``clock`` tells the seconds that
    pass for the board: they stand while its host keeps it from running. ``stay_on`` chooses the processor, by
    number, of a board that computes with ours. ``versions`` are of the tools between us and the core.
    ``trace`` watches the core from outside, where something can; where it should and cannot,
    ``trace_missing`` says why. Frames may travel through ``memory``, where host and board share some; where
    they should and do not, ``memory_missing`` says why. ``through_probe``: they take the flasher's probe, and
    there is no serial port. ``power`` is the probe in its supply; without one ``power_missing`` says why.
    ``hang_after_s`` is how long the lab file lets it be silent.
    """

    name: str
    kind: Kind
    serial_url: str
    flasher: Callable[[], Flasher]
    failure: Callable[[], str | None] = _no_failure
    killed: Callable[[], bool] = _never
    clock: Callable[[], float] = time.monotonic
    stay_on: Callable[[int], None] = _anywhere
    trace: CoreTrace | None = None
    trace_missing: str | None = None
    memory: Memory | None = None
    memory_missing: str | None = None
    through_probe: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    hang_after_s: float | None = None
    power: BoardPower | None = None
    power_missing: str | None = None

    @property
    def conditions(self) -> Mapping[str, str | float]:
        """What cycles that its core counts hold for: its kind's, and a debugger beside it if one is."""
        if self.through_probe and self.kind.counter.method == Method.MEASURED:
            return {**self.kind.conditions, "link": PROBE}
        return self.kind.conditions

    def check(self, image: Image) -> None:
        """Refuse an image that is for another kind, damaged, or reaches outside flash; ImageError."""
        if image.manifest.kind != self.kind.image_kind:
            raise LabError(
                f"image {image.name} is for another kind of board",
                board=self.name,
                evidence=f"{image.manifest.kind}, this board runs images for {self.kind.image_kind}",
                remedy="choose an image that was built for it",
            )
        try:
            check_fits(load_segments(image.path), self.kind.flash_start, self.kind.flash_bytes)
        except HilError as error:
            raise error.at(self.name) from None


@contextmanager
def open_board(
    spec: BoardSpec,
    probes: ProbeProcess | None = None,
    place: int | None = None,
    *,
    mass_erase: bool = False,
) -> Iterator[Board]:
    """Open one board of the lab and close it again; errors name the board. It is not locked by this.

    ``probes`` drives its debug probe; without one it has a process of its own. Emulated boards of
    neighbouring ``place``s run on processors of their own. With ``mass_erase`` a chip that is locked against
    debuggers is erased as a whole.
    """
    kind = spec.kind
    versions = {"pyocd": version("pyocd")}
    with ExitStack() as stack:
        if probes is None:
            probes = stack.enter_context(ProbeProcess())
        try:
            probes.start()
            if kind.emulator is None:
                process = None
            else:
                process = stack.enter_context(
                    QemuProcess.start(
                        machine=kind.emulator,
                        name=spec.name,
                        place=place,
                        vendor_algorithm=spec.vendor_algorithm,
                        timeline=spec.power is not None,
                    )
                )
        except HilError as error:
            raise error.at(spec.name) from None
        if process is None:
            port = "" if spec.through_probe else _free_port(spec)
            power, power_missing = _supplied(spec, stack)
            yield Board(
                spec.name,
                kind,
                port,
                _flasher(probes, spec, mass_erase=mass_erase),
                through_probe=spec.through_probe,
                versions=versions,
                hang_after_s=spec.hang_after_s,
                power=power,
                power_missing=power_missing,
            )
        else:
            yield Board(
                spec.name,
                kind,
                process.serial_url,
                _flasher(probes, spec, process.probe_id),
                failure=process.failure,
                killed=process.killed,
                clock=process.clock,
                stay_on=process.stay_on,
                trace=process.trace,
                trace_missing=process.trace_missing,
                memory=process.memory if spec.link is None else None,
                memory_missing=process.memory_missing if spec.link is None else None,
                through_probe=spec.through_probe,
                versions={**versions, "qemu": process.version},
                hang_after_s=spec.hang_after_s,
                power=_modelled(spec, process, stack),
                power_missing=_no_probe(spec) or process.trace_missing,
            )


def _supplied(spec: BoardSpec, stack: ExitStack) -> tuple[BoardPower | None, str | None]:
    """The power of a board of silicon, which has it from now on; or why that is not its probe's to give.

    It may have power all the same: who flashes it finds out.
    """
    if spec.power is None:
        return None, _no_probe(spec)
    try:
        supply = stack.enter_context(Supply(of_silicon(spec.power, spec.kind, spec.name)))
    except PowerProbeError as error:
        error.board = None  # who tells it names the board
        return None, f"no energy: {error}"
    return supply.power, None


def _no_probe(spec: BoardSpec) -> str | None:
    if spec.power is not None:
        return None
    if spec.kind.emulator is not None:
        return "no power probe: the lab file says power = false"
    return "no power probe: the lab file gives it no power table"


def _modelled(spec: BoardSpec, process: QemuProcess, stack: ExitStack) -> BoardPower | None:
    """The power of an emulated board, whose kit ends before the emulator does; None without its cycles."""
    timeline, currents, kind = process.timeline, spec.kind.currents, spec.kind
    if spec.power is None or timeline is None or process.trace is None or currents is None:
        return None
    folder = process.board.folder
    kit = stack.enter_context(kit_of(spec.power, kind, currents, folder, timeline.path, spec.name))

    def spans_s(ticks: Sequence[int]) -> list[float]:
        try:
            return timeline.spans_s(ticks, kind)
        except HilError as error:
            raise error.at(spec.name) from None

    return of_emulator(spec.power, kind, currents, kit, spec.name, process.trace.technique, spans_s)


def look_ahead(specs: Sequence[BoardSpec]) -> None:
    """Find out ahead what opening these boards begins with; what is wrong is told when they are opened."""
    if any(spec.kind.emulator is not None for spec in specs):
        find_ahead()


def _free_port(spec: BoardSpec) -> str:
    """The board's serial port; LinkError where another program has it open, for both would lose bytes."""
    port = port_of(spec)
    others = [] if "://" in port else users_of(port)
    if others:
        raise LinkError(
            f"the serial port {port} is open in another program",
            board=spec.name,
            evidence=", ".join(map(str, others)),
            remedy="end that program",
        )
    return port


def _flasher(
    probes: ProbeProcess, spec: BoardSpec, emulated: str | None = None, *, mass_erase: bool = False
) -> Callable[[], Flasher]:
    """Of the board's probe, or the ``emulated`` one."""
    probe = spec.probe or emulated
    assert probe is not None, "the lab file was checked"
    options = dict(spec.kind.pyocd_options)
    if spec.swd_clock_hz is not None:
        options["frequency"] = spec.swd_clock_hz
    if mass_erase:
        options["auto_unlock"] = True
    return lambda: probes.flasher(probe, spec.kind.pyocd_target, options=options)
