"""Programs boards through pyOCD: any probe it knows, any target it knows."""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pyocd.core import exceptions
from pyocd.core.helpers import ConnectHelper
from pyocd.core.session import Session
from pyocd.core.target import Target
from pyocd.flash.loader import MemoryLoader

from hil.errors import ChipError, FlashError, HilError, ImageError, ProbeError
from hil.flash.base import AttachedProbe, FlashReport
from hil.flash.identity import chip, difference
from hil.flash.locking import why_it_locks
from hil.flash.refusals import refusal
from hil.flash.remedies import remedy_of
from hil.flash.remote import ends_with_its_server
from hil.measure.elf import Segment, load_segments

DEFAULT_FREQUENCY_HZ = 4_000_000

# Nobody is there to answer a question or to plug a probe in, and nothing may be erased unasked.
_OPTIONS: Mapping[str, object] = {
    "auto_unlock": False,  # True mass-erases a locked chip
    "chip_erase": "sector",
    "smart_flash": True,
    "fast_program": True,  # trust a page's CRC; what is in flash is read back afterwards in any case
    "hide_programming_progress": True,
    "no_config": True,  # what the lab file says is all that counts
    "vector_catch": "none",  # the firmware reports its own faults over the link
    "connect_mode": "halt",
    "rtos.enable": False,
}

# System control registers, ARMv7-M B3.2.2.
_FAULT_REGISTERS = {
    "cfsr": 0xE000_ED28,
    "hfsr": 0xE000_ED2C,
    "mmfar": 0xE000_ED34,
    "bfar": 0xE000_ED38,
}
_CORE_REGISTERS = ("pc", "lr", "sp", "xpsr")
_WARNINGS_KEPT = 3

# Besides its own errors pyOCD lets through those of the transport, and look-ups on what is not there.
_PYOCD_ERRORS = (
    exceptions.Error,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
)


class PyOcdFlasher:
    """A connection to one board: enters by connecting and halting, leaves with the core running.

    ``unique_id`` is the probe's whole id, with or without pyOCD's ``type:`` before it. ``options`` are
    pyOCD's session options and win over ours. One object serves one ``with`` block.
    """

    def __init__(
        self,
        unique_id: str,
        target: str,
        *,
        frequency_hz: int = DEFAULT_FREQUENCY_HZ,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self.unique_id = unique_id
        self._options = {**_OPTIONS, "frequency": frequency_hz, "target_override": target, **(options or {})}
        self._target_name = target
        self._session: Any = None
        self._connect_s = 0.0
        self._under_reset: str | None = None
        self._chip: str | None = None
        self._perf: list[Any] = []
        self._warnings = _Warnings()

    def __enter__(self) -> Self:
        started = time.monotonic()
        logging.getLogger("pyocd").addHandler(self._warnings)
        try:
            with self._explained("connecting"):
                self._connect()
        except HilError:
            self._close()
            raise
        self._connect_s = time.monotonic() - started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def program(self, image_path: Path) -> FlashReport:
        """Put an ELF image into flash and read every byte of it back; the core stands afterwards.

        ImageError for a damaged ELF, FlashError when the image would lock the chip, when flash does not take
        or does not hold it, ProbeError when the probe fails.
        """
        segments = load_segments(image_path)
        lock = why_it_locks(self._target_name, segments)
        if lock is not None:
            raise FlashError(
                f"{image_path.name} would lock the chip",
                evidence=lock,
                remedy="link it for this board; nothing was erased",
            )
        started = time.monotonic()
        with self._explained(f"programming {image_path.name}"):
            self._check_map(segments)
            self._perf.clear()
            self._target.reset_and_halt()  # no interrupt of what ran before may come in between
            self._program(segments)
        programmed = time.monotonic()
        with self._explained(f"verifying {image_path.name}"):
            for segment in segments:
                self._verify(segment, image_path.name)
        return FlashReport(
            bytes_total=sum(len(segment.data) for segment in segments),
            bytes_programmed=sum(perf.program_byte_count for perf in self._perf),
            pages_programmed=sum(perf.program_page_count for perf in self._perf),
            pages_skipped=sum(perf.skipped_page_count for perf in self._perf),
            connect_s=self._connect_s,
            program_s=programmed - started,
            verify_s=time.monotonic() - programmed,
            under_reset=self._under_reset,
            chip=self._chip,
        )

    def reset_and_run(self) -> None:
        """Reset the board and let it run what is in flash."""
        with self._explained("resetting"):
            self._target.reset()

    def halt(self) -> None:
        """Stop the core where it is."""
        with self._explained("halting"):
            self._target.halt()

    def halted(self) -> bool:
        """Whether the core stands, whoever stopped it."""
        with self._explained("asking whether the core stands"):
            return bool(self._target.is_halted())

    def read_memory(self, address: int, count: int) -> bytes:
        """Bytes of the board's memory, running or not; aligned words are read whole, in ascending order."""
        with self._explained(f"reading memory at {address:#010x}"):
            if address % 4 or count % 4:
                return bytes(self._target.read_memory_block8(address, count))
            words = self._target.read_memory_block32(address, count // 4)
            return struct.pack(f"<{len(words)}I", *words)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes, running or not; aligned words are written whole, in ascending order."""
        with self._explained(f"writing memory at {address:#010x}"):
            if address % 4 or len(data) % 4:
                self._target.write_memory_block8(address, data)
            else:
                words = struct.unpack(f"<{len(data) // 4}I", data)
                self._target.write_memory_block32(address, words)

    def fault_registers(self) -> dict[str, int]:
        """Where the halted core stands and what faulted before: pc, lr, sp, xpsr, cfsr, hfsr, mmfar, bfar."""
        with self._explained("reading registers"):
            values = self._target.read_core_registers_raw(list(_CORE_REGISTERS))
            registers = dict(zip(_CORE_REGISTERS, values, strict=True))
            return registers | {name: self._target.read32(at) for name, at in _FAULT_REGISTERS.items()}

    @property
    def _target(self) -> Any:
        if self._session is None:
            raise ProbeError("the flasher is not connected", remedy="use it in a with block")
        return self._session.target

    def _connect(self) -> None:
        bare_id = self.unique_id.rpartition(":")[2]
        probes = _connected(self.unique_id)
        exact = [probe for probe in probes if probe.unique_id in (bare_id, self.unique_id)]
        if len(exact) != 1:
            there = ", ".join(probe.unique_id for probe in probes) or "none like it"
            raise ProbeError(
                f"no debug probe {self.unique_id} is attached",
                evidence=f"attached: {there}",
                remedy="see `hil probes`, and `hil doctor` for what keeps one from being listed",
            )
        try:
            self._open(exact[0], {})
        except exceptions.TargetSupportError:
            raise
        except _PYOCD_ERRORS as error:  # firmware may sleep, or have made pins of the debug port its own
            refused = self._refusal()
            if refused is not None:
                raise refused from error
            self._under_reset = self._evidence(error)
            self._shut()
            self._open_under_reset(exact[0], error)
        self._check_chip()

    def _open_under_reset(self, probe: Any, before: Exception) -> None:
        """Once more, and erase nothing: one that its firmware unlocks is locked while it is held in reset."""
        said = list(self._warnings.lines)
        try:
            self._open(probe, {"connect_mode": "under-reset", "auto_unlock": False})
        except _PYOCD_ERRORS:
            if self._refusal() is None:
                raise
            self._warnings.lines[:] = said
            raise before from None

    def _refusal(self) -> ProbeError | None:
        """Why the chip lets us not in, if it says so."""
        try:
            return refusal(self._target, self._target_name, self.unique_id, erased=self._erased)
        except _PYOCD_ERRORS as error:
            logging.getLogger(__name__).debug("asking why: %s", error)
            return None

    @property
    def _erased(self) -> bool:
        """Whether pyOCD erased all of it to unlock it: it warns of that before it does."""
        return any("via mass erase" in line for line in self._warnings.lines)

    def _open(self, probe: Any, options: Mapping[str, object]) -> None:
        # pyOCD changes to its project folder: let that be where we are, whatever the environment says.
        session = _Session(probe, options={"project_dir": str(Path.cwd()), **self._options, **options})
        session.subscribe(self._programmed, Target.Event.POST_FLASH_PROGRAM)
        # Else a thread reads the chip's description of registers, for debuggers, while we connect and flash.
        # Each time that takes ten times the processor time of connecting.
        session.target.load_svd = _nothing
        ends_with_its_server(probe)
        self._session = session
        session.open()

    def _check_chip(self) -> None:
        """Refuse a chip that is not the target's, before anything is erased."""
        read = cache(self._target.read32)
        try:
            wrong = difference(self._target_name, read)
            self._chip = chip(self._target_name, read)
        except exceptions.TransferFaultError as error:
            wrong = f"no register at {error.fault_address or 0:#010x}"
        if wrong is not None:
            raise ChipError(
                f"the chip behind the debug probe {self.unique_id} is no {self._target_name}",
                evidence=wrong,
                remedy="check the lab file's kind and probe; "
                + ("it was locked, and all of it was erased" if self._erased else "nothing was erased"),
            )

    def _close(self) -> None:
        """Let the core run and the probe go; what fails now was already reported."""
        try:
            self._shut()
        finally:
            logging.getLogger("pyocd").removeHandler(self._warnings)

    def _shut(self) -> None:
        session, self._session = self._session, None
        try:
            if session is not None:
                session.close()
        except _PYOCD_ERRORS as error:
            logging.getLogger(__name__).debug("closing %s: %s", self.unique_id, error)

    def _programmed(self, notification: Any) -> None:
        self._perf.append(notification.source.get_performance())

    def _program(self, segments: list[Segment]) -> None:
        loader = MemoryLoader(self._session)
        for segment in segments:
            loader.add_data(segment.address, segment.data)
        loader.commit()

    def _check_map(self, segments: list[Segment]) -> None:
        """Refuse what does not lie in flash to its last byte, before anything is erased."""
        for segment in segments:
            at, end = segment.address, segment.address + len(segment.data)
            while at < end:
                region = self._target.memory_map.get_region_for_address(at)
                if region is None or not region.is_flash or not region.is_testable:  # as UICR, option bytes
                    raise ImageError(
                        "the image has a segment outside flash",
                        evidence=f"{len(segment.data)} bytes at {segment.address:#010x}, "
                        f"of which {end - at} from {at:#010x} on are outside",
                        remedy="link it for this board",
                    )
                at = region.end + 1

    def _verify(self, segment: Segment, name: str) -> None:
        """Compare what is in flash, pages that were skipped included."""
        held = self._held(segment.address, len(segment.data))
        if held == segment.data:
            return
        wrong = [at for at, (is_, should) in enumerate(zip(held, segment.data, strict=True)) if is_ != should]
        at = wrong[0]
        raise FlashError(
            f"flash does not hold {name} after programming",
            evidence=f"{len(wrong)} bytes differ, first at {segment.address + at:#010x}: "
            f"{held[at]:#04x} instead of {segment.data[at]:#04x}",
            remedy="program it again; if it stays, the flash or its algorithm is at fault",
        )

    def _held(self, address: int, size: int) -> bytes:
        """Memory, as words where it can be: for each item that it reads pyOCD looks at its breakpoints."""
        if address % 4:
            return bytes(self._target.read_memory_block8(address, size))
        words, rest = divmod(size, 4)
        read = self._target.read_memory_block32(address, words) if words else []
        tail = self._target.read_memory_block8(address + 4 * words, rest) if rest else []
        return struct.pack(f"<{words}I", *read) + bytes(tail)

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        """Turn whatever pyOCD raises into an error that says what was being done, with its last warnings."""
        self._warnings.lines.clear()
        try:
            yield
        except exceptions.FlashFailure as error:
            raise FlashError(
                f"flash failed while {doing}",
                evidence=self._evidence(error),
                remedy=remedy_of(error, self._said()),
            ) from error
        except exceptions.TargetSupportError as error:
            raise ProbeError(
                f"pyOCD does not know the target {self._target_name}",
                evidence=self._evidence(error),
                remedy="see `pyocd list --targets`",
            ) from error
        except _PYOCD_ERRORS as error:
            first = _first(error)
            raise ProbeError(
                f"the debug probe failed while {doing}",
                evidence=self._evidence(first),
                remedy=remedy_of(first, self._said()),
            ) from error

    def _said(self) -> str:
        return " ".join(self._warnings.lines[-_WARNINGS_KEPT:])

    def _evidence(self, error: BaseException) -> str:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        new = [line for line in self._warnings.lines[-_WARNINGS_KEPT:] if line not in said]
        return "; ".join([said, *new])


def _first(error: BaseException) -> BaseException:
    """What failed, where pyOCD's assertions failed while it cleaned up after that."""
    while isinstance(error, AssertionError) and error.__context__ is not None:
        error = error.__context__
    return error


def _nothing() -> None:
    pass


class _Session(Session):  # type: ignore[misc]  # pyOCD has no type information
    """One that takes nothing from the folder it runs in: a user script or the settings of logging found
    there would be run. What the lab file names is taken.
    """

    def find_user_file(self, option_name: str | None, filename_list: list[str]) -> str | None:
        if option_name is not None and self.options.get(option_name) is None:
            return None
        found: str | None = super().find_user_file(option_name, filename_list)
        return found


class _Warnings(logging.Handler):
    """Keeps what pyOCD warned of, for evidence; and keeps it off the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def attached_probes() -> list[AttachedProbe]:
    """Every debug probe that pyOCD finds now; looking does not touch them. ProbeError when it cannot look."""
    try:
        return [_describe(probe) for probe in _connected()]
    except _PYOCD_ERRORS as error:
        raise ProbeError("the attached debug probes cannot be listed", evidence=str(error)) from error


def _connected(unique_id: str | None = None) -> list[Any]:
    """pyOCD's probes. While it looks it asks for options of a session that nobody has made: make it first."""
    if Session._options_session is None:
        Session._options_session = _Session(None, options={"no_config": True, "project_dir": str(Path.cwd())})
    return list(ConnectHelper.get_all_connected_probes(blocking=False, unique_id=unique_id))


def _describe(probe: Any) -> AttachedProbe:
    info = probe.associated_board_info
    name = info.name if info is not None else None
    target = info.target if info is not None else None
    is_emulated = getattr(probe, "is_emulated", False)
    return AttachedProbe(probe.unique_id, probe.description, name, is_emulated, target)
