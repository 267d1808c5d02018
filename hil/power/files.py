"""Traces in files: what the probe sent, packed, or a line for each sample."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from hil.errors import PowerProbeError
from hil.power.base import Break, Flaw, PowerTrace
from hil.power.ppk2.decode import Decoder
from hil.power.ppk2.wire import RANGES, Calibration

_KEY = b"hil_power_trace"
_VERSION = 1


def save(trace: PowerTrace, path: Path) -> None:
    """A Parquet file of the raw words, with all that turns them into amperes."""
    pyarrow = _pyarrow(path)
    about = {
        "version": _VERSION,
        "probe": trace.driver,
        "rate_hz": trace.rate_hz,
        "supply_v": trace.supply_v,
        "calibration": dict(trace.calibration),
        "breaks": [asdict(one) for one in trace.breaks],
    }
    table = pyarrow.table({"raw": trace.raw}).replace_schema_metadata({_KEY: json.dumps(about)})
    pyarrow.parquet.write_table(
        table, path, compression="zstd", use_dictionary=False, use_byte_stream_split=["raw"]
    )


def load(path: Path) -> PowerTrace:
    """What ``save`` wrote; PowerProbeError when the file is another one, or damaged."""
    pyarrow = _pyarrow(path)
    try:
        table = pyarrow.parquet.read_table(path)
        about = json.loads((table.schema.metadata or {})[_KEY])
        words = table["raw"].to_numpy().astype(np.uint32)
        calibration = _calibration(about["calibration"])
        breaks = tuple(Break(**{**one, "flaw": Flaw(one["flaw"])}) for one in about["breaks"])
        volts, rate_hz = float(about["supply_v"]), float(about["rate_hz"])
        if about["version"] != _VERSION:
            raise ValueError(f"version {about['version']}, not {_VERSION}")
    except (pyarrow.ArrowException, KeyError, ValueError, TypeError) as error:
        raise PowerProbeError(
            f"{path} is no power trace",
            evidence=f"{type(error).__name__}: {error}",
            remedy="a trace is what hil power record --out wrote",
        ) from error
    samples = Decoder(calibration, volts).samples(words)
    return PowerTrace(
        rate_hz,
        samples.current_a,
        samples.digital,
        samples.flaws,
        volts,
        breaks,
        words,
        calibration.stored(),
    )


def _calibration(stored: dict[str, Any]) -> Calibration:
    names = ("ohm", "gs", "gi", "o", "s", "i", "ug")
    ohm, gs, gi, o, s, i, ug = (
        tuple(float(stored[f"{name}{index}"]) for index in range(RANGES)) for name in names
    )
    return Calibration(ohm, gs, gi, o, s, i, ug, str(stored["hardware"]))


def write_csv(trace: PowerTrace, out: IO[str]) -> None:
    """A line for each sample; where there are no amperes, why."""
    out.write("seconds,current_a,digital,flaw\n")
    texts = [flaw.text if flaw else "" for flaw in Flaw]
    for number, (current, digital, flaw) in enumerate(
        zip(trace.current_a.tolist(), trace.digital.tolist(), trace.flaws.tolist(), strict=True)
    ):
        told = "" if flaw else f"{current:.6g}"
        out.write(f"{number / trace.rate_hz:.6f},{told},{digital},{texts[flaw]}\n")


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise PowerProbeError(
            f"{path}: Parquet needs pyarrow, which is not installed",
            evidence=str(error),
            remedy="pip install 'hil-lab[parquet]', or name a file that ends in .csv",
        ) from error
    return pyarrow
