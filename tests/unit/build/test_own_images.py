"""Images of a user's own models: when they are built, and what is said when they cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from hil.build import Toolchain, build
from hil.build.own import bring_up_to_date
from hil.cli import main
from hil.errors import BuildError, ModelError, VectorError
from hil.image import Image
from hil.models.catalog import ModelLibrary, images_dir
from hil.models.spec import ModelSpec
from hil.values import Precision

KIND = "qemu_mps2_an386"
EXAMPLE = Path(__file__).parents[3] / "examples" / "own_model" / "models"
Q15 = Precision.Q15


@pytest.fixture
def own(tmp_path: Path) -> ModelSpec:
    """The example in a folder of its own, without images."""
    shutil.copytree(EXAMPLE, tmp_path / "models", ignore=shutil.ignore_patterns("images"))
    return ModelLibrary(tmp_path / "models").find("nearest")


def elf(own: ModelSpec) -> Path:
    return images_dir(own, KIND) / "nearest-q15.elf"


def test_an_image_is_built_when_it_is_missing_or_stale(own: ModelSpec, toolchain: Toolchain) -> None:
    assert bring_up_to_date(own, KIND, Q15) == "is missing"
    built = Image.load(elf(own))
    assert built.name == "nearest/q15"
    assert bring_up_to_date(own, KIND, Q15) is None

    (own.folder / "prototypes.c").write_text((own.folder / "prototypes.c").read_text().replace("1000", "900"))
    assert bring_up_to_date(own, KIND, Q15) == "was built from other sources"
    assert Image.load(elf(own)).manifest.sha256 != built.manifest.sha256

    with np.load(own.folder / "vectors.npz") as archive:
        arrays = dict(archive)
    np.savez(own.folder / "vectors.npz", **{**arrays, "labels": arrays["labels"][::-1]})
    assert bring_up_to_date(own, KIND, Q15) == "belongs to other vectors"

    elf(own).write_bytes(b"\x7fELF")
    assert bring_up_to_date(own, KIND, Q15) == "is damaged"
    assert bring_up_to_date(own, KIND, Q15) is None


def test_links_that_leave_the_folder_are_refused_and_what_they_name_stays(
    own: ModelSpec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    images_dir(own, KIND).mkdir(parents=True)
    elf(own).symlink_to(victim)
    (own.folder / "notes").symlink_to("nearest_q15.c")  # stays within
    assert main(["build", f"--models-dir={own.folder.parent}"]) == 1
    told = capsys.readouterr().err
    assert "model nearest has links that leave its folder" in told
    assert f"images/{KIND}/nearest-q15.elf -> {victim}" in told
    assert victim.read_text() == "mine"


def test_an_image_is_a_new_file_whatever_lies_in_its_place(
    own: ModelSpec, toolchain: Toolchain, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    images = images_dir(own, KIND)
    images.mkdir(parents=True)
    for name in ("nearest-q15.elf", "nearest-q15.elf.new", "nearest-q15.json", "nearest-q15.json.new"):
        (images / name).hardlink_to(victim)  # a link that no check of links sees
    bring_up_to_date(own, KIND, Q15)
    assert Image.load(elf(own)).name == "nearest/q15"
    assert victim.read_text() == "mine"


def test_without_a_compiler_what_is_current_runs_and_what_is_missing_is_said(
    own: ModelSpec, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bring_up_to_date(own, KIND, Q15)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bring_up_to_date(own, KIND, Q15) is None
    elf(own).unlink()
    with pytest.raises(BuildError) as caught:
        bring_up_to_date(own, KIND, Q15)
    assert str(caught.value) == (
        "the image nearest/q15 is missing, and cannot be built (arm-none-eabi-gcc is not in PATH); "
        "install it (Debian: apt-get install gcc-arm-none-eabi)"
    )


def test_a_broken_model_does_not_keep_the_others_from_being_built(
    own: ModelSpec, toolchain: Toolchain
) -> None:
    cut = own.folder.parent / "cut"
    cut.mkdir()
    (cut / "model.json").write_text("{")
    library = ModelLibrary(own.folder.parent)
    with pytest.raises(ModelError, match="description of model cut is damaged"):
        build(KIND, library=library)
    assert elf(own).is_file()
    with pytest.raises(ModelError, match="description of model cut is damaged"):
        build(KIND, ["cut"], library=library)
    assert [image.name for image in build(KIND, ["nearest"], library=library)] == ["nearest/q15"]


def test_the_command_builds_own_models_alone(
    own: ModelSpec, toolchain: Toolchain, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(own.folder.parent)
    assert main(["build", f"--models-dir={folder}"]) == 0
    assert capsys.readouterr().out.startswith("nearest/q15: ")
    Image.load(elf(own))
    assert main(["build", "fastgrnn_digits", f"--models-dir={folder}"]) == 1
    assert "unknown model fastgrnn_digits; choose from: nearest" in capsys.readouterr().err
    assert main(["build", "nearest", "--precision=f32", f"--models-dir={folder}"]) == 1
    assert "model nearest has no f32; choose from: q15" in capsys.readouterr().err
    assert main(["build", "--check", f"--models-dir={folder}"]) == 1
    assert "--check looks at all images" in capsys.readouterr().err
    assert main(["models", f"--models-dir={folder}"]) == 0
    listed = next(line.split() for line in capsys.readouterr().out.splitlines() if "nearest" in line)
    assert listed[1:5] == ["1", "16", "3", "-"]


def test_a_missing_archive_of_vectors_is_named(own: ModelSpec, toolchain: Toolchain) -> None:
    (own.folder / "vectors.npz").unlink()
    with pytest.raises(VectorError, match=r"no vectors of model nearest .*vectors\.npz: No such file"):
        bring_up_to_date(own, KIND, Q15)


def test_a_folder_that_cannot_be_made_is_told_in_a_line(
    own: ModelSpec, toolchain: Toolchain, capsys: pytest.CaptureFixture[str]
) -> None:
    (own.folder / "images").write_text("")
    assert main(["build", f"--models-dir={own.folder.parent}"]) == 1
    assert capsys.readouterr().err == (
        f"hil: the image nearest/q15 cannot be written ({elf(own)}: Not a directory)\n"
    )
