"""Traces in files: what the probe sent, packed, or a line for each sample."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from hil.errors import PowerProbeError
from hil.files import replacing
from hil.power.base import Break, Flaw, PowerTrace
from hil.power.drivers import driver

_KEY = b"hil_power_trace"
_VERSION = 1
_WORDS = "raw"  # the column of words that have no fields


def save(trace: PowerTrace, path: Path) -> None:
    """A Parquet file of the raw words, a column for each field of them, with all that makes amperes of them.

    ``trace.driver`` says who reads them again.
    """
    _pyarrow(path)
    with _writing(path) as part:
        write(trace, part)


def write(trace: PowerTrace, out: BinaryIO) -> None:
    """The same to an open file; OSError when it takes no more."""
    if not trace.driver or len(trace.raw) != len(trace):
        raise PowerProbeError(
            "this trace cannot be kept", evidence="its driver keeps no raw words", remedy="write a .csv"
        )
    pyarrow = _pyarrow()
    about = {
        "version": _VERSION,
        "driver": trace.driver,
        "rate_hz": trace.rate_hz,
        "supply_v": trace.supply_v,
        "calibration": dict(trace.calibration),
        "breaks": [asdict(one) for one in trace.breaks],
    }
    names = trace.raw.dtype.names or (_WORDS,)
    columns = {name: trace.raw[name] if trace.raw.dtype.names else trace.raw for name in names}
    table = pyarrow.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
    packed = [name for name, column in columns.items() if column.dtype.itemsize > 1]
    pyarrow.parquet.write_table(
        table.replace_schema_metadata({_KEY: json.dumps(about)}),
        out,
        compression="zstd",
        use_dictionary=False,
        use_byte_stream_split=packed,
    )


def load(path: Path) -> PowerTrace:
    """What ``save`` wrote; PowerProbeError when the file is another one, damaged, or no driver reads it."""
    pyarrow = _pyarrow(path)
    try:
        table = pyarrow.parquet.read_table(path)
        about = json.loads((table.schema.metadata or {})[_KEY])
        if about["version"] != _VERSION:
            raise ValueError(f"version {about['version']}, not {_VERSION}")
        name = str(about["driver"])
        calibration = dict(about["calibration"])
        breaks = tuple(Break(**{**one, "flaw": Flaw(one["flaw"])}) for one in about["breaks"])
        volts, rate_hz = float(about["supply_v"]), float(about["rate_hz"])
        if not 0 < rate_hz < math.inf:
            raise ValueError(f"{rate_hz:g} samples a second")
        raw = _raw(table)
    except (pyarrow.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise _no_trace(path, error) from error  # OSError: what is damaged, too, where it is packed
    decode = driver(name).decode
    try:
        samples = decode(raw, calibration, volts)
        found = PowerTrace.of(
            samples,
            raw,
            driver=name,
            rate_hz=rate_hz,
            supply_v=volts,
            breaks=breaks,
            calibration=calibration,
        )
        if {len(found.current_a), len(found.digital), len(found.flaws)} != {len(raw)}:
            raise ValueError("its words are of another size")
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise _no_trace(path, error) from error
    return found


def _raw(table: Any) -> npt.NDArray[Any]:
    columns: dict[str, npt.NDArray[Any]] = {name: table[name].to_numpy() for name in table.column_names}
    if list(columns) == [_WORDS]:
        return columns[_WORDS]
    raw = np.empty(len(table), [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        raw[name] = column
    return raw


def _no_trace(path: Path, error: Exception) -> PowerProbeError:
    return PowerProbeError(
        f"{path} is no power trace",
        evidence=f"{type(error).__name__}: {error}",
        remedy="a trace is what hil power record --out wrote",
    )


def check_writable(path: Path) -> None:
    """PowerProbeError when a file cannot be written there, or Parquet not at all: before much is recorded."""
    if path.suffix == ".parquet":
        _pyarrow(path)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise _unwritten(path, f"{path.parent} is no folder that can be written")


def save_csv(trace: PowerTrace, path: Path) -> None:
    """A file with a line for each sample."""
    with _writing(path) as part, io.TextIOWrapper(part, encoding="utf-8", write_through=True) as out:
        write_csv(trace, out)


def save_samples(trace: PowerTrace, path: Path) -> None:
    """A Parquet file for other programs, of what a ``.csv`` has; what is not measured is null."""
    pyarrow = _pyarrow(path)
    texts = [flaw.text if flaw else "" for flaw in Flaw]
    volts = {} if trace.voltage_v is None else {"voltage_v": pyarrow.array(trace.voltage_v, from_pandas=True)}
    table = pyarrow.table(
        {
            "seconds": np.arange(len(trace)) / trace.rate_hz,
            "current_a": pyarrow.array(trace.current_a, from_pandas=True),
            **volts,
            "digital": trace.digital,
            "flaw": pyarrow.DictionaryArray.from_arrays(trace.flaws, texts),
        }
    )
    with _writing(path) as part:
        pyarrow.parquet.write_table(table, part, compression="zstd")


def write_csv(trace: PowerTrace, out: IO[str]) -> None:
    """A line for each sample; where there are no amperes, why; with volts where the probe measures them."""
    volts = trace.voltage_v
    out.write(f"seconds,current_a,{'' if volts is None else 'voltage_v,'}digital,flaw\n")
    texts = [flaw.text if flaw else "" for flaw in Flaw]
    measured = [""] * len(trace) if volts is None else [f"{one:.6g}," for one in volts.tolist()]
    for number, (current, volt, digital, flaw) in enumerate(
        zip(trace.current_a.tolist(), measured, trace.digital.tolist(), trace.flaws.tolist(), strict=True)
    ):
        told = "" if flaw else f"{current:.6g}"
        out.write(f"{number / trace.rate_hz:.6f},{told},{volt}{digital},{texts[flaw]}\n")


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all; a device or a pipe is written as it is."""
    try:
        with path.open("wb") if path.exists() and not path.is_file() else replacing(path) as part:
            yield part
    except OSError as error:
        raise _unwritten(path, error.strerror or str(error)) from error


def _unwritten(path: Path, why: str) -> PowerProbeError:
    return PowerProbeError(
        f"{path} cannot be written",
        evidence=why,
        remedy="name a file in another folder, of a disk with room, by --out",
    )


def _pyarrow(path: Path | None = None) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise PowerProbeError(
            f"{path}: Parquet needs pyarrow, which is not installed" if path else "pyarrow is not installed",
            evidence=str(error),
            remedy="pip install 'hil-lab[parquet]'" + (", or name a file that ends in .csv" if path else ""),
        ) from error
    return pyarrow
