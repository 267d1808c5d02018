"""Archives of vectors and weights bent in their zip structure and their arrays' headers."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from bending import bent_bytes
from fuzzing import examples
from hil.errors import HilError
from hil.models.catalog import find_model
from hil.models.importer.vectors import read_inputs, read_labels, read_targets
from hil.models.own.architecture import OwnArchitecture, OwnNetwork
from hil.models.spec import ModelSpec
from hil.models.vectors import load_vectors
from hil.models.weights import load_weights
from hil.values import Precision

DIGITS = find_model("fastgrnn_digits")
COUNT = 3
ARRAYS = {
    "inputs": np.arange(COUNT * 2 * 4, dtype=np.float32).reshape(-1, 4),
    "steps": np.full(COUNT, 2, np.int32),
    "labels": np.arange(COUNT),
    "golden_f32": np.zeros((COUNT, 3), np.float32),
    "golden_q7": np.zeros((COUNT, 3), np.int8),
}
HEADER = "{'descr': %s, 'fortran_order': %s, 'shape': %s, }"
PLAIN = (
    "<f4",
    ">f4",
    "<f2",
    "<i8",
    "<u8",
    "|b1",
    "|O",
    "<c8",
    "<U3",
    "|S0",
    "|V4",
    "<M8[s]",
    "<f16",
    "|S2000000000",
)
ODD = ("[('a', '<f4')]", "'<f4, <f4'", "('<f4', (3,))", "'" + "f" * 3000 + "'", "1", "None")
SHAPES = (
    "()",
    "(0,)",
    "(0, 4)",
    "(-1,)",
    "(6, 4)",
    "(24,)",
    "(3,)",
    "(3, 3)",
    "(1.5,)",
    "'x'",
    "None",
    "(" * 3000,
)
descrs = st.sampled_from([*map(repr, PLAIN), *ODD])
sizes = st.sampled_from([0, 1, 2, 3, 4, 6, 2**31, 2**40, 2**63, 10**30])
shapes = st.one_of(st.sampled_from(SHAPES), st.lists(sizes, max_size=4).map(tuple).map(repr))


def _npy(header: str, data: bytes) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + (len(text) & 0xFFFF).to_bytes(2, "little") + text + data


def _archive(files: dict[str, bytes], form: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", form) as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.npy", data)
    return whole.getvalue()


def _saved(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


FILES = {name: _saved(array) for name, array in ARRAYS.items()}


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """One array has another header, or other values, or none of it is right."""
    files = dict(FILES)
    name = draw(st.sampled_from(sorted(files)))
    how = draw(st.integers(0, 3))
    if how == 0:
        header = HEADER % (draw(descrs), draw(st.sampled_from(["False", "True", "2"])), draw(shapes))
        files[name] = _npy(header, draw(st.binary(max_size=200)))
    elif how == 1:
        files[name] = draw(bent_bytes(files[name]))
    elif how == 2:
        kind = draw(st.sampled_from(["f4", "f8", "i8", "u8", "i1", "?"]))
        array = ARRAYS[name].astype(kind)
        odd = draw(st.sampled_from([0, 1, -1, 2**31, 2**62, -(2**63), 0.5, float("nan"), float("inf")]))
        with suppress(OverflowError, ValueError), np.errstate(all="ignore"):
            array.reshape(-1)[draw(st.integers(0, array.size - 1))] = odd
        files[name] = _saved(array)
    else:
        del files[name]
    return _archive(files, draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))


def own_model(folder: Path) -> ModelSpec:
    network = OwnNetwork(4, 3, 3, {Precision.F32: "float32", Precision.Q7: "int8"})
    (folder / "model.json").touch()
    return ModelSpec(
        name=folder.name,
        task="",
        architecture=OwnArchitecture(),
        min_steps=1,
        max_steps=9,
        network=network,
        scales={},
        precisions=(Precision.F32, Precision.Q7),
        vectors=None,
        dataset=None,
        generator="",
        folder=folder,
    )


def read(call: Callable[[], Any]) -> Any:
    """What it gives, or None after one of the lab's errors, which is a line of its own."""
    try:
        return call()
    except HilError as error:
        line = str(error)
        line.encode()
        assert line.isprintable()
        assert len(line) < 7_000
        return None


def vectors_of(folder: Path, data: bytes) -> None:
    spec = own_model(folder)
    (folder / "vectors.npz").write_bytes(data)
    for precision in spec.precisions:
        found = read(lambda one=precision: load_vectors(spec, one))  # type: ignore[misc]
        if found is None:
            continue
        wanted = np.dtype(spec.network.inputs[precision])
        assert len(found) == len(found.goldens) >= 1
        assert found.goldens.shape == (len(found), 3)
        for vector in found.inputs:
            assert vector.dtype == wanted
            assert vector.shape[1:] == (4,)
            assert 1 <= len(vector) <= 9
            assert vector.flags.c_contiguous
        if found.labels is not None:
            assert ((found.labels >= 0) & (found.labels < 3)).all()


def _claims(name: str, header: str) -> bytes:
    return _archive(FILES | {name: _npy(header, bytes(64))})


@examples(120)
@given(data=archives())
@example(data=_claims("inputs", HEADER % ("'<f4'", "False", "(1099511627776, 4)")))
@example(data=_claims("steps", HEADER % ("'|S2000000000'", "False", "(3,)")))
@example(data=_claims("inputs", "(" * 5000))
@example(data=_archive(FILES | {"golden_f32": b"no array"}))
@example(data=_archive(FILES | {"steps": _saved(np.array([2**63, 2**63, 6], np.uint64))}))
def test_vectors_of_other_arrays(data: bytes, tmp_path: Path) -> None:
    vectors_of(tmp_path, data)


@examples(80)
@given(data=bent_bytes(_archive(FILES)))
def test_a_damaged_archive_of_vectors(data: bytes, tmp_path: Path) -> None:
    vectors_of(tmp_path, data)


@examples(80)
@given(descr=descrs, order=st.sampled_from(["False", "True"]), shape=shapes, data=st.binary(max_size=400))
def test_arrays_of_a_user_with_other_headers(
    descr: str, order: str, shape: str, data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "X.npy"
    path.write_bytes(_npy(HEADER % (descr, order, shape), data))
    inputs = read(lambda: read_inputs(path))
    if inputs is not None:
        assert all(vector.dtype == np.float32 and np.isfinite(vector).all() for vector in inputs)
    for call in (lambda: read_labels(path, COUNT), lambda: read_targets(path, COUNT, 3)):
        found = read(call)
        assert found is None or len(found) == COUNT


@examples(40)
@given(data=bent_bytes((DIGITS.folder / "weights.npz").read_bytes()))
def test_damaged_weights(data: bytes, tmp_path: Path) -> None:
    folder = tmp_path / DIGITS.name
    folder.mkdir(exist_ok=True)
    shutil.copy(DIGITS.folder / "model.json", folder)
    (folder / "weights.npz").write_bytes(data)
    read(lambda: load_weights(ModelSpec.read(folder)))
