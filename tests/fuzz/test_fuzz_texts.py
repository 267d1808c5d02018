"""Lab files, model.json and manifests, bent: a value the next layer can use, or one of the lab's errors."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bending import bent_bytes, bent_tree
from fuzzing import examples
from hil.errors import HilError, ImageError, LabError, ModelError
from hil.image import Image, prebuilt_images
from hil.kinds import KINDS
from hil.lab.file import load_lab
from hil.models.catalog import models_dir
from hil.models.spec import ModelSpec
from hil.models.weights import load_weights
from hil.thresholds import load_thresholds
from hil.values import Precision

DEEP = 100_000
IMAGE = prebuilt_images("qemu_mps2_an386")[0]
MANIFEST = json.loads(IMAGE.with_suffix(".json").read_text())
MODELS = ("fastgrnn_digits", "msc_rnn_radar", "perf_face_m4", "rnnpool_face")
DESCRIPTIONS = {name: json.loads((models_dir() / name / "model.json").read_text()) for name in MODELS}
DESCRIPTIONS["own"] = DESCRIPTIONS["fastgrnn_digits"] | {
    "name": "own",
    "architecture": "own",
    "network": {"features": 8, "outputs": 10, "classes": 10, "inputs": {"f32": "float32", "q7": "int8"}},
    "scales": {},
    "precisions": ["f32", "q7"],
}
LAB = """[boards.desk-1]
kind = "qemu_mps2_an386"
probe = "066BFF303435554157121019"
serial = "/dev/serial/by-id/usb-if02"
swd_clock_hz = 4000000
tags = ["desk", "x-1"]
power_cycle = { uhubctl = "1-1.4", port = 2 }
hang_after_s = 0.5
quarantine = { reason = "bent pin", since = "2026-11-26" }
[boards."a b"]
kind = "qemu_mps2_an386"
pool = true
[[verdicts.threshold]]
metric = "stream_s"
board = "d*"
allow = "5 %"
"""
TABLES = tomllib.loads(LAB)


def told(error: HilError) -> None:
    """A line that a terminal shows, and no novel."""
    line = str(error)
    line.encode()
    assert line.isprintable()
    assert len(line) < 7_000


def toml(value: Any) -> str:
    """An inline TOML value; what TOML does not have becomes text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(key))} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps("" if value is None else value, ensure_ascii=False)


def lab_of(folder: Path, text: bytes) -> None:
    path = folder / "lab.toml"
    path.write_bytes(text)
    try:
        load_thresholds(path, folder)
    except LabError as error:
        told(error)
    try:
        lab = load_lab(path)
    except LabError as error:
        told(error)
        return
    assert lab.boards
    for board in lab.boards:
        assert board.kind is KINDS[board.kind.name]
        assert {type(board.probe), type(board.serial)} <= {str, type(None)}
        board.name.encode()
    assert lab.select(",".join(board.name for board in lab.boards)) == lab.boards


@examples(150)
@given(tree=bent_tree(TABLES))
def test_a_lab_file_of_other_values(tree: Any, tmp_path: Path) -> None:
    fields = tree if isinstance(tree, dict) else {"boards": tree}
    text = "\n".join(f"{toml(str(key))} = {toml(value)}" for key, value in fields.items())
    lab_of(tmp_path, text.encode("utf-8", "surrogatepass"))


@examples(150)
@given(text=bent_bytes(LAB.encode()))
@example(text=b"boards = " + b"[" * DEEP)
@example(text=b"boards = " + b"{a=" * DEEP)
@example(text=b"a." * 1000 + b"a = 1")
@example(text=b"boards = " + b"9" * 5000)
def test_a_damaged_lab_file(text: bytes, tmp_path: Path) -> None:
    lab_of(tmp_path, text)


def model_of(folder: Path, name: str, text: bytes) -> None:
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "model.json").write_bytes(text)
    weights = models_dir() / name / "weights.npz"
    if weights.exists() and not (place / "weights.npz").exists():
        shutil.copy(weights, place)
    try:
        spec = ModelSpec.read(place)
    except ModelError as error:
        told(error)
        return
    for number in (spec.features, spec.outputs, spec.min_steps, spec.max_steps):
        assert 1 <= number <= 65_535
    assert 0 <= spec.classes <= spec.outputs
    assert spec.macs is None or type(spec.macs) is int
    for precision in spec.precisions:
        assert isinstance(spec.output_scale(precision), float)
        try:
            spec.room(precision)
            load_weights(spec)
        except ModelError as error:
            told(error)


@examples(60)
@given(data=st.data())
@pytest.mark.parametrize("name", list(DESCRIPTIONS))
def test_a_description_of_other_values(name: str, data: st.DataObject, tmp_path: Path) -> None:
    tree = data.draw(bent_tree(DESCRIPTIONS[name]))
    model_of(tmp_path, name, json.dumps(tree).encode())


@examples(60)
@given(text=bent_bytes(json.dumps(DESCRIPTIONS["fastgrnn_digits"]).encode()))
@example(text=b"[" * DEEP)
@example(text=b'{"a":' * DEEP)
@example(text=b'{"min_steps": ' + b"9" * 5000 + b"}")
def test_a_damaged_description(text: bytes, tmp_path: Path) -> None:
    model_of(tmp_path, "fastgrnn_digits", text)


def manifest_of(folder: Path, text: bytes) -> None:
    elf = folder / IMAGE.name
    elf.with_suffix(".json").write_bytes(text)
    if not elf.exists():
        shutil.copy(IMAGE, elf)
    try:
        manifest = Image.load(elf).manifest
    except ImageError as error:
        told(error)
        return
    assert isinstance(manifest.precision, Precision)
    for text_field in ("kind", "model", "sha256", "source_sha256", "build_id", "toolchain", "vectors_sha256"):
        getattr(manifest, text_field).encode()
    for number in (manifest.features, manifest.min_steps, manifest.max_steps, manifest.outputs):
        assert type(number) is int
        assert 0 <= number <= 65_535
    for section, size in manifest.sections.items():
        section.encode()
        assert type(size) is int
        assert 0 <= size < 1 << 32
    manifest.to_json().encode()


@examples(200)
@given(tree=bent_tree(MANIFEST))
@example(tree=MANIFEST | {"sha256": 5})
@example(tree=MANIFEST | {"sections": "text"})
@example(tree=MANIFEST | {"precision": []})
@example(tree=MANIFEST | {"kind": "\ud800"})
def test_a_manifest_of_other_values(tree: Any, tmp_path: Path) -> None:
    manifest_of(tmp_path, json.dumps(tree).encode())


@examples(60)
@given(text=bent_bytes(json.dumps(MANIFEST).encode()))
@example(text=b"[" * DEEP)
@example(text=b"\xff\xfe")
def test_a_damaged_manifest(text: bytes, tmp_path: Path) -> None:
    manifest_of(tmp_path, text)
