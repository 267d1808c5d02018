"""`hil models`: what there is, and what of a user's own is built."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from hil.build import Toolchain
from hil.build.own import bring_up_to_date
from hil.cli import main
from hil.image import Image, prebuilt_images
from hil.kinds import IMAGE_KINDS
from hil.measure.memory import memory
from hil.models.catalog import ModelLibrary, find_model
from hil.models.vectors import vectors_path
from hil.values import Precision

KIND = "qemu_mps2_an386"
EXAMPLE = Path(__file__).parents[3] / "examples" / "own_model" / "models"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["models", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_every_image_stands_in_its_models_row(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys)
    assert lines[0].split() == ["model", "features", "steps", "outputs", "f32", "q15", "q7"]
    assert max(map(len, lines)) <= 80
    rows = {line.split()[0]: line.split()[1:] for line in lines[2 : lines.index("")]}
    assert rows["fastgrnn_vowels"][:3] == ["12", "7-29", "9"]
    shown = {
        (model, precision): cell
        for model, row in rows.items()
        for precision, cell in zip(Precision, row[3:], strict=True)
    }
    images = [Image.load(elf) for elf in prebuilt_images(KIND)]
    assert shown == {
        (image.manifest.model, image.manifest.precision): f"{memory(image.path).flash_bytes:,}"
        for image in images
    }


def test_sizes_of_every_image_stand_side_by_side_for_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "--sizes")
    heads, *kinds = lines[0].split()
    assert (heads, tuple(kinds)) == ("image", IMAGE_KINDS)
    rows = {line.split()[0]: re.split(r"  +", line)[1:] for line in lines[2 : lines.index("")]}
    for column, kind in enumerate(IMAGE_KINDS):
        images = [Image.load(elf) for elf in prebuilt_images(kind)]
        assert rows.keys() == {image.name for image in images}
        for image in images[::9]:
            used = memory(image.path)
            assert rows[image.name][column] == f"{used.flash_bytes:,} + {used.ram_bytes:,}"


def test_an_own_model_that_fits_no_kind_is_told_by_how_much(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not built anywhere: the table tells it from the model's arrays."""
    folder = tmp_path / "models"
    shutil.copytree(find_model("fastgrnn_digits").folder, folder / "large")
    description = json.loads((folder / "large" / "model.json").read_text())
    for source in (folder / "large").glob("*.c"):
        text = source.read_text().replace("fastgrnn_digits", "large")
        source.with_name(source.name.replace("fastgrnn_digits", "large")).write_text(
            f"static const _Alignas(4) int16_t hil_more[2000000] = {{0}};\n{text}"
        )
        source.unlink()
    vectors = vectors_path(find_model("fastgrnn_digits"))
    shutil.copy(vectors, folder / "large" / "vectors.npz")
    (folder / "large" / "model.json").write_text(json.dumps({**description, "name": "large"}))
    lines = told(capsys, "--sizes", f"--models-dir={folder}")
    row = next(line for line in lines if line.startswith("large/q15"))
    assert len(re.findall(r"does not fit, by [\d,]+ KB", row)) == len(IMAGE_KINDS)


def test_what_of_ones_own_is_not_built_is_told(
    tmp_path: Path, toolchain: Toolchain, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("images"))
    own = ModelLibrary(folder).find("nearest")

    def row() -> list[str]:
        return next(line.split() for line in told(capsys, f"--models-dir={folder}") if "nearest" in line)

    def remarks() -> list[str]:
        lines = told(capsys, f"--models-dir={folder}")
        return [line for line in lines[lines.index("") + 1 :] if "nearest" in line]

    assert row()[4:] == ["-", "missing", "-"]
    assert remarks() == [
        "nearest/q15 is missing; `hil build --kind=qemu_mps2_an386 --models-dir` builds it, or the next run"
    ]
    assert not (own.folder / "images").exists()

    bring_up_to_date(own, KIND, Precision.Q15)
    built = Image.load(own.folder / "images" / KIND / "nearest-q15.elf")
    assert row()[5] == f"{memory(built.path).flash_bytes:,}"
    assert remarks() == []

    source = own.folder / "prototypes.c"
    source.write_text(source.read_text().replace("1000", "900"))
    assert row()[5] == "stale"
    assert remarks()[0].startswith("nearest/q15 was built from other sources; ")

    (own.folder / "vectors.npz").unlink()
    assert row()[5] == "broken"
    assert remarks()[0].startswith("nearest/q15: no vectors of model nearest (")

    (own.folder / "model.json").write_text("{")
    lines = told(capsys, f"--models-dir={folder}")
    assert "fastgrnn_digits" in lines[2]
    assert lines[-1].startswith("nearest: cannot be used: description of model nearest is damaged")
