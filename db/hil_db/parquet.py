"""Rows as a Parquet file; what writes it comes with the extra `parquet`."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hil.errors import StoreError

_WHOLE = ("run",)
_REAL = ("value", "resolution", "low", "high")
_TRUTH = ("git_dirty",)


def parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """The file's bytes: ``time`` is a moment in UTC, ``conditions`` JSON, what is not there is null.

    StoreError when pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise StoreError(
            "Parquet needs pyarrow, which is not installed",
            evidence=str(error),
            remedy="pip install 'hil-lab[parquet]', or choose --format csv",
        ) from error
    kinds = {name: pyarrow.string() for name in columns}
    kinds |= {"time": pyarrow.timestamp("s", tz="UTC")}
    kinds |= {name: pyarrow.int64() for name in _WHOLE}
    kinds |= {name: pyarrow.float64() for name in _REAL}
    kinds |= {name: pyarrow.bool_() for name in _TRUTH}
    arrays = [
        pyarrow.array([_cell(name, row[place]) for row in rows], kinds[name])
        for place, name in enumerate(columns)
    ]
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays, list(columns)), out, compression="zstd")
    return out.getvalue()


def _cell(column: str, cell: Any) -> Any:
    if isinstance(cell, dict):
        return json.dumps(cell)
    if column == "time":
        return datetime.fromisoformat(cell)
    if column in _REAL and cell is not None:
        return float(cell)
    return cell
