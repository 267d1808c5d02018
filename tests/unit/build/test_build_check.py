"""The committed images are what the sources give, and a difference is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hil.build import Recipe, Toolchain, build, build_image, prebuilt_recipes
from hil.build.check import check_folders, check_sources_of, other_compiler
from hil.errors import BuildError, ModelError
from hil.image import Image, prebuilt_images
from hil.measure.elf import check_fits, load_segments
from hil.models.catalog import ModelLibrary
from hil.values import Precision

KIND = "qemu_mps2_an386"
FLASH = (0, 1 << 20)
OTHER = "gcc 1.0, ld 1.0"
Echo = Callable[..., Recipe]


@pytest.fixture
def committed(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> tuple[Image, dict[Path, list[Recipe]]]:
    """An image in a folder, and what that folder should hold."""
    image = build_image(echo(), tmp_path / "committed", toolchain)
    return image, {image.path.parent: [echo()]}


def test_the_committed_images_are_whole_and_fit() -> None:
    """That their bytes are what the sources give is proven by `make image-check`."""
    assert len(prebuilt_images(KIND)) == len(prebuilt_recipes(KIND))
    for path in prebuilt_images(KIND):
        assert Image.load(path).path == path
        check_fits(load_segments(path), *FLASH)


def test_an_equal_folder_passes(committed: tuple[Image, dict[Path, list[Recipe]]]) -> None:
    image, folders = committed
    assert check_folders(folders) == [image]


def test_other_bytes_are_said(committed: tuple[Image, dict[Path, list[Recipe]]]) -> None:
    image, folders = committed
    content = bytearray(image.path.read_bytes())
    content[-1] ^= 1
    image.path.write_bytes(content)
    with pytest.raises(BuildError, match=r"echo-q15\.elf has other bytes"):
        check_folders(folders)


def test_other_sources_are_said(committed: tuple[Image, dict[Path, list[Recipe]]], echo: Echo) -> None:
    _, folders = committed
    echo(edit=("return 0;", "return -1;"))
    with pytest.raises(BuildError, match=r"echo-q15\.elf was built from other sources"):
        check_folders(folders)


def test_another_manifest_is_said(committed: tuple[Image, dict[Path, list[Recipe]]]) -> None:
    image, folders = committed
    image.path.with_suffix(".json").write_text(replace(image.manifest, outputs=9).to_json())
    with pytest.raises(BuildError, match=r"manifest of echo-q15\.elf differs in outputs"):
        check_folders(folders)


def test_missing_and_unknown_images_are_said(committed: tuple[Image, dict[Path, list[Recipe]]]) -> None:
    image, folders = committed
    image.path.rename(image.path.with_name("stranger-f32.elf"))
    with pytest.raises(BuildError, match=r"echo-q15\.elf is missing; stranger-f32\.elf has no source"):
        check_folders(folders)


def test_another_compiler_is_refused_before_building(
    committed: tuple[Image, dict[Path, list[Recipe]]], toolchain: Toolchain
) -> None:
    _, folders = committed
    other = Toolchain(toolchain.compiler, OTHER)
    with pytest.raises(BuildError, match=r"found gcc 1\.0, ld 1\.0, manifest says"):
        check_folders(folders, other)


def test_another_compiler_builds_what_the_committed_images_were_built_from(
    committed: tuple[Image, dict[Path, list[Recipe]]], toolchain: Toolchain, tmp_path: Path
) -> None:
    image, folders = committed
    (fresh,) = check_sources_of(folders, Toolchain(toolchain.compiler, OTHER), tmp_path / "fresh")
    assert fresh.path.parent == tmp_path / "fresh"
    assert (fresh.manifest.model, fresh.manifest.toolchain) == (image.manifest.model, OTHER)


def test_another_compiler_still_sees_other_sources_and_damage(
    committed: tuple[Image, dict[Path, list[Recipe]]], echo: Echo, toolchain: Toolchain, tmp_path: Path
) -> None:
    image, folders = committed
    other = Toolchain(toolchain.compiler, OTHER)
    content = image.path.read_bytes()
    image.path.write_bytes(content + b"\0")
    with pytest.raises(BuildError, match=r"echo-q15\.elf does not match its manifest"):
        check_sources_of(folders, other, tmp_path)
    image.path.write_bytes(content)
    echo(edit=("return 0;", "return -1;"))
    with pytest.raises(BuildError, match=r"echo-q15\.elf was built from other sources"):
        check_sources_of(folders, other, tmp_path)
    image.path.rename(image.path.with_name("stranger-f32.elf"))
    with pytest.raises(BuildError, match=r"no manifest echo-q15\.json|no image echo-q15\.elf") as caught:
        check_sources_of(folders, other, tmp_path)
    assert "stranger-f32.elf has no source" in str(caught.value)


def test_which_compiler_made_the_committed_images(toolchain: Toolchain) -> None:
    made = Image.load(prebuilt_images(KIND)[0]).manifest.toolchain
    assert other_compiler(KIND, Toolchain(toolchain.compiler, made)) is None
    assert other_compiler(KIND, Toolchain(toolchain.compiler, OTHER)) == made


def test_a_choice_of_models_is_built(toolchain: Toolchain, tmp_path: Path) -> None:
    images = build(KIND, ["fastgrnn_digits"], [Precision.Q15], tmp_path, toolchain)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "fastgrnn_digits-q15.elf",
        "fastgrnn_digits-q15.json",
    ]
    assert [image.name for image in images] == ["fastgrnn_digits/q15"]


def test_what_no_model_has_is_said() -> None:
    with pytest.raises(ModelError, match="choose from: fastgrnn_digits"):
        prebuilt_recipes(KIND, ["none"])
    library = ModelLibrary(Path(__file__).parents[3] / "examples" / "own_model" / "models")
    with pytest.raises(ModelError, match="model nearest has no q7; choose from: q15"):
        prebuilt_recipes(KIND, ["nearest"], [Precision.Q7], library)
