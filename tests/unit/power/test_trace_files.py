"""Traces in files: what is read back is what was measured."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from hil.errors import PowerProbeError
from hil.power.base import PowerTrace
from hil.power.emulated.faults import Damage, Fault, damaged
from hil.power.emulated.kit import CALIBRATION
from hil.power.files import load, save, write_csv
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import RATE_HZ
from power_probes import VOLTS, currents, words


def trace() -> PowerTrace:
    """With samples lost in it, and some that are clipped."""
    lossy = aligned(damaged(words(*currents(0.5, 0.1)), Fault(Damage.LOSE, 700, 3)))
    found = aligned(damaged(lossy.words[:700], Fault(Damage.CLIP, 20, 2)) + lossy.words[700:].tobytes())
    samples = Decoder(CALIBRATION, VOLTS).samples(found.words)
    return PowerTrace.of(
        samples,
        found.words,
        driver="ppk2",
        rate_hz=RATE_HZ,
        supply_v=VOLTS,
        breaks=found.breaks,
        calibration=CALIBRATION.stored(),
    )


def test_a_trace_is_read_as_it_was_written(tmp_path: Path) -> None:
    meant = trace()
    assert meant.breaks
    assert meant.flaws.any()
    save(meant, tmp_path / "t.parquet")
    found = load(tmp_path / "t.parquet")
    assert np.array_equal(found.current_a, meant.current_a, equal_nan=True)
    assert np.array_equal(found.digital, meant.digital)
    assert np.array_equal(found.flaws, meant.flaws)
    assert (found.breaks, found.supply_v, found.rate_hz) == (meant.breaks, meant.supply_v, meant.rate_hz)
    assert found.calibration == meant.calibration
    assert (tmp_path / "t.parquet").stat().st_size < 2 * len(meant)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(PowerProbeError, match=r"t\.parquet is no power trace"):
        load(tmp_path / "t.parquet")


def test_another_table_is_refused(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"raw": [1, 2]}), tmp_path / "t.parquet")
    with pytest.raises(PowerProbeError, match="is no power trace"):
        load(tmp_path / "t.parquet")


@pytest.mark.parametrize("at", [10, 100])
def test_a_file_that_is_damaged_inside_is_refused(tmp_path: Path, at: int) -> None:
    path = tmp_path / "t.parquet"
    save(trace(), path)
    held = path.read_bytes()
    path.write_bytes(held[:at] + bytes(40) + held[at + 40 :])
    with pytest.raises(PowerProbeError, match=r"t\.parquet is no power trace"):
        load(path)


BREAK = {"flaw": 1, "evidence": "", "lost": None}


@pytest.mark.parametrize(
    ("changed", "dtype"),
    [
        ({"rate_hz": 0.0}, np.uint32),
        ({"rate_hz": float("nan")}, np.uint32),
        ({"breaks": [{"at": 1, **BREAK}, {"at": "2", **BREAK}]}, np.uint32),
        ({}, np.int64),
    ],
)
def test_a_file_that_was_made_up_is_refused(tmp_path: Path, changed: dict[str, Any], dtype: type) -> None:
    path = tmp_path / "t.parquet"
    save(trace(), path)
    table = pyarrow.parquet.read_table(path)
    about = json.loads(table.schema.metadata[b"hil_power_trace"])
    made = pyarrow.table({"raw": table["raw"].to_numpy().astype(dtype)})
    told = {b"hil_power_trace": json.dumps({**about, **changed})}
    pyarrow.parquet.write_table(made.replace_schema_metadata(told), path)
    with pytest.raises(PowerProbeError, match=r"t\.parquet is no power trace"):
        load(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PowerProbeError, match="is no power trace"):
        load(tmp_path / "none.parquet")


def test_a_line_for_each_sample() -> None:
    meant, out = trace(), io.StringIO()
    write_csv(meant, out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "seconds,current_a,digital,flaw"
    assert len(lines) == len(meant) + 1
    assert lines[21] == "0.000200,,0,the current is beyond what the probe measures"
    assert lines[1] == f"0.000000,{meant.current_a[0]:.6g},0,"
