"""An image is the same bytes wherever it is built, and says what it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import hil.build.sources
from hil.build import Recipe, Toolchain, build_image, find_toolchain
from hil.errors import BuildError, LabError
from hil.image import Image
from hil.measure.memory import memory
from hil.resources import firmware_dir

Echo = Callable[..., Recipe]


def test_the_manifest_says_what_the_model_says(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    image = build_image(echo(vectors_sha256="ab"), tmp_path / "out", toolchain)
    again = Image.load(tmp_path / "out" / "echo-q15.elf")
    assert again == image
    manifest = image.manifest
    assert (manifest.features, manifest.min_steps, manifest.max_steps, manifest.outputs) == (3, 2, 4, 2)
    assert image.name == "echo/q15"
    assert manifest.build_id == manifest.source_sha256[:32]
    assert manifest.vectors_sha256 == "ab"
    assert manifest.toolchain == toolchain.version
    assert manifest.sections["bss"] == memory(image.path).ram_bytes


def test_the_same_bytes_from_another_place(
    echo: Echo, toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = build_image(echo(), tmp_path / "a", toolchain)
    elsewhere = tmp_path / "some" / "where else"
    ignored = shutil.ignore_patterns("prebuilt", "models")
    shutil.copytree(firmware_dir(), elsewhere / "firmware", ignore=ignored)
    monkeypatch.setattr(hil.build.sources, "firmware_dir", lambda: elsewhere / "firmware")
    monkeypatch.chdir(elsewhere)
    for name, value in {"LC_ALL": "tr_TR.UTF-8", "CPATH": "/", "SOURCE_DATE_EPOCH": "1"}.items():
        monkeypatch.setenv(name, value)
    there = build_image(echo(folder="deep/er"), tmp_path / "b", toolchain)
    assert there.path.read_bytes() == here.path.read_bytes()
    assert there.manifest == here.manifest


def test_no_path_of_this_machine_is_inside(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    content = build_image(echo(), tmp_path / "out", toolchain).path.read_bytes()
    for path in (firmware_dir(), tmp_path, Path("/tmp"), toolchain.compiler.parent):
        assert os.fsencode(path) not in content


def test_any_source_or_flag_changes_the_build_id(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    def build_id(recipe: Recipe) -> str:
        return build_image(recipe, tmp_path / "out", toolchain).manifest.build_id

    plain, flagged = build_id(echo()), build_id(echo(extra_flags=("-DUNUSED",)))
    edited = build_id(echo(edit=("return 0;", "return 0; /* the same code */")))
    assert len({plain, flagged, edited}) == 3


def test_a_source_with_an_error_is_refused(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"refused the sources of echo/q15 .*echo_q15\.c:\d+") as caught:
        build_image(echo(edit=("return 0;", "return none;")), tmp_path / "out", toolchain)
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_model_that_says_it_is_another_is_refused(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"does not define echo/q15 .*says other/q15"):
        build_image(echo(edit=('"echo"', '"other"')), tmp_path / "out", toolchain)


def test_a_model_too_large_for_ram_is_refused(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"^the image echo/q15 is larger .*\(over RAM by 1[56]\d,\d{3} B\);"):
        build_image(echo(edit=("input[12]", "input[200000]")), tmp_path / "out", toolchain)


def test_a_model_too_large_for_flash_is_refused_with_by_how_much(
    echo: Echo, toolchain: Toolchain, tmp_path: Path
) -> None:
    run = "static int run(uint32_t steps)"
    recipe = echo(edit=(run, f"static const int16_t table[600000] = {{1}};\n{run}"))
    text = recipe.model_source.read_text()
    recipe.model_source.write_text(text.replace("output[0] = (int16_t)steps", "output[0] = table[steps]"))
    with pytest.raises(BuildError, match=r"than the board's memory \(over FLASH by 15\d,\d{3} B\);"):
        build_image(recipe, tmp_path / "out", toolchain)


def test_an_include_that_is_nowhere_is_named(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"model/echo_q15\.c includes runtime/mode\.h"):
        build_image(echo(edit=("model.h", "mode.h")), tmp_path / "out", toolchain)


def test_an_include_out_of_the_firmware_is_refused(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="not in the firmware's sources"):
        build_image(echo(edit=("runtime/model.h", "../../hil/x.h")), tmp_path / "out", toolchain)


def test_a_missing_model_source_is_named(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"nothing\.c cannot be read"):
        build_image(echo(model_source=tmp_path / "nothing.c"), tmp_path / "out", toolchain)


def test_an_unknown_kind_lists_the_known(echo: Echo, toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="qemu_mps2_an386"):
        build_image(echo(kind="toaster"), tmp_path / "out", toolchain)


def test_a_missing_compiler_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"arm-none-eabi-gcc is not in PATH; .*gcc-arm-none-eabi"):
        find_toolchain()


def test_the_version_leaves_out_the_packager(tmp_path: Path) -> None:
    compiler = tmp_path / "gcc"
    linker = tmp_path / "ld"
    linker.write_text("#!/bin/sh\necho 'GNU ld (Our Build (deb 1)) 2.40'\n")
    compiler.write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo 'gcc (15:12.2-1) 12.2.1 20221205' || echo {linker}\n"
    )
    for program in (compiler, linker):
        program.chmod(0o755)
    assert find_toolchain(str(compiler)).version == "gcc 12.2.1 20221205, GNU ld 2.40"


def test_a_model_brings_headers_and_sources_of_its_own(
    echo: Echo, toolchain: Toolchain, tmp_path: Path
) -> None:
    include = ('#include "runtime/model.h"', '#include "runtime/model.h"\n#include "parts/twice.h"')
    recipe = echo(edit=include)
    parts = recipe.model_source.parent / "parts"
    parts.mkdir()
    (parts / "twice.h").write_text("#include <stdint.h>\nint16_t twice(int16_t value);\n")
    (parts / "twice.c").write_text(
        '#include "twice.h"\nint16_t twice(int16_t value) { return (int16_t)(2 * value); }\n'
    )
    source = recipe.model_source.read_text().replace("output[1] = input[0];", "output[1] = twice(input[0]);")
    recipe.model_source.write_text(source)
    first = build_image(recipe, tmp_path / "out", toolchain).manifest
    (parts / "twice.c").write_text((parts / "twice.c").read_text().replace("2 *", "3 *"))
    assert build_image(recipe, tmp_path / "out", toolchain).manifest.source_sha256 != first.source_sha256


def test_a_header_outside_of_a_models_folder_is_refused(
    echo: Echo, toolchain: Toolchain, tmp_path: Path
) -> None:
    recipe = echo(edit=("runtime/model.h", "../beside.h"))
    (recipe.model_source.parents[1] / "beside.h").write_text("int beside;\n")
    with pytest.raises(BuildError, match=r"a model of your own: in its folder"):
        build_image(recipe, tmp_path / "out", toolchain)
