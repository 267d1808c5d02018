"""An image that grows unannounced fails the check; one that shrinks lowers the figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import hil.build.sizes
from hil.build import Recipe, Toolchain, build_image, check
from hil.build.sizes import Sizes, budget_path, check_sizes, read_budgets, settle, write_budgets
from hil.cli import main
from hil.errors import BuildError
from hil.image import Image, Manifest, prebuilt_images
from hil.values import Precision

KIND = "qemu_mps2_an386"
NAME = "echo/q15"


def image(text: int = 5000, rodata: int = 1000, data: int = 8, bss: int = 992, model: str = "echo") -> Image:
    sections = {"text": text, "rodata": rodata, "data": data, "bss": bss, "stack": 8192, "vectors": 192}
    manifest = Manifest(
        KIND, model, Precision.Q15, "", "", "", "", sections, features=1, min_steps=1, max_steps=1,
        outputs=1, vectors_sha256="",
    )  # fmt: skip
    return Image(Path(f"{model}-q15.elf"), manifest)


@pytest.fixture
def budget(tmp_path: Path) -> Path:
    """A file with the figures of one image: 5000 B of code, 1000 of constants, 1000 of RAM."""
    path = tmp_path / "sizes.toml"
    write_budgets(path, {KIND: {NAME: Sizes(5000, 1000, 1000)}})
    return path


@pytest.mark.parametrize("made", [image(), image(5100, 1020, 8, 1012), image(1, 1, 0, 0)])
def test_equal_a_little_larger_and_smaller_pass(budget: Path, made: Image) -> None:
    check_sizes(KIND, [made], budget)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (image(text=5101), r"text of echo/q15 grew from 5,000 to 5,101 B \(\+2\.0 %\)"),
        (image(rodata=1500), r"rodata of echo/q15 grew from 1,000 to 1,500 B \(\+50\.0 %\)"),
        (image(bss=1013), r"ram of echo/q15 grew from 1,000 to 1,021 B \(\+2\.1 %\)"),
        (image(data=29), r"ram of echo/q15 grew from 1,000 to 1,021 B \(\+2\.1 %\)"),
    ],
)
def test_growth_of_any_part_is_said_with_its_remedy(budget: Path, made: Image, said: str) -> None:
    with pytest.raises(BuildError, match=rf"more than 2% unannounced \({said}\); .*hil build --accept-sizes"):
        check_sizes(KIND, [made], budget)


def test_growth_from_nothing_is_growth(tmp_path: Path) -> None:
    path = tmp_path / "sizes.toml"
    write_budgets(path, {KIND: {NAME: Sizes(5000, 1000, 0)}})
    with pytest.raises(BuildError, match=r"ram of echo/q15 grew from 0 to 1,000 B \(from nothing\)"):
        check_sizes(KIND, [image()], path)


def test_a_long_list_is_cut(budget: Path) -> None:
    with pytest.raises(BuildError, match=r"\(no figures for new00/q15; .*new09/q15; and 31 more\)"):
        check_sizes(KIND, [image(model=f"new{number:02}") for number in range(40)], budget)


def test_an_image_without_figures_and_figures_without_an_image_are_said(budget: Path) -> None:
    with pytest.raises(BuildError, match=r"no figures for new/q15; figures for echo/q15, which is no image"):
        check_sizes(KIND, [image(model="new")], budget)
    with pytest.raises(BuildError, match=r"no figures for echo/q15"):
        check_sizes("another_kind", [image()], budget)


def test_of_named_models_the_figures_of_others_are_not_missed(budget: Path) -> None:
    write_budgets(budget, {KIND: {NAME: Sizes(5000, 1000, 1000), "other/q15": Sizes(1, 1, 1)}})
    check_sizes(KIND, [image()], budget, complete=False)
    with pytest.raises(BuildError, match=r"figures for other/q15, which is no image"):
        check_sizes(KIND, [image()], budget)


def test_a_damaged_file_is_named(budget: Path) -> None:
    for text in ("[", f'[{KIND}]\n"{NAME}" = {{ text = 1 }}\n', f"{KIND} = 1\n"):
        budget.write_text(text)
        with pytest.raises(BuildError, match=r"sizes\.toml is damaged"):
            read_budgets(budget)


def test_building_lowers_and_never_raises(budget: Path) -> None:
    grown = settle(KIND, [image(text=4000, rodata=2000, bss=0)], accept=False, complete=True, path=budget)
    assert grown == ["rodata of echo/q15 grew from 1,000 to 2,000 B (+100.0 %)"]
    assert read_budgets(budget) == {KIND: {NAME: Sizes(4000, 1000, 8)}}
    with pytest.raises(BuildError, match=r"text of echo/q15 grew from 4,000 to 5,000"):
        check_sizes(KIND, [image(bss=0)], budget)


def test_accepting_raises(budget: Path) -> None:
    made = [image(text=9000, rodata=500)]
    assert settle(KIND, made, accept=True, complete=True, path=budget) == []
    assert read_budgets(budget) == {KIND: {NAME: Sizes(9000, 500, 1000)}}
    check_sizes(KIND, made, budget)


def test_new_images_are_added_and_old_ones_go_with_a_complete_build(budget: Path) -> None:
    settle(KIND, [image(model="new")], accept=False, complete=False, path=budget)
    assert set(read_budgets(budget)[KIND]) == {NAME, "new/q15"}
    settle("other", [image()], accept=False, complete=True, path=budget)
    settle(KIND, [image(model="new")], accept=False, complete=True, path=budget)
    assert {kind: set(images) for kind, images in read_budgets(budget).items()} == {
        KIND: {"new/q15"},
        "other": {NAME},
    }


def test_the_file_is_the_same_for_the_same_figures(budget: Path) -> None:
    before = budget.read_bytes()
    write_budgets(budget, read_budgets(budget))
    assert budget.read_bytes() == before
    assert f'"{NAME}" = {{ text = 5000, rodata = 1000, ram = 1000 }}\n' in budget.read_text()
    stamp = budget.stat().st_mtime_ns
    settle(KIND, [image()], accept=False, complete=True, path=budget)
    assert budget.stat().st_mtime_ns == stamp


def test_the_committed_figures_are_those_of_the_committed_images() -> None:
    check_sizes(KIND, [Image.load(path) for path in prebuilt_images(KIND)])
    assert budget_path().is_file()


def test_the_check_sees_code_that_grows(
    echo: Callable[..., Recipe], toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: a kernel's table in RAM, images built and committed, and the figures left alone."""
    module = import_module("hil.build.check")
    path = tmp_path / "sizes.toml"
    small = build_image(echo(), tmp_path / "prebuilt", toolchain)
    settle(KIND, [small], accept=False, complete=True, path=path)
    use = ("output[0] = (int16_t)steps;", "static int16_t kept[500]; output[0] = kept[steps]++;")
    build_image(echo(edit=use), tmp_path / "prebuilt", toolchain)
    monkeypatch.setattr(hil.build.sizes, "budget_path", lambda: path)
    monkeypatch.setattr(module, "prebuilt_dir", lambda _: tmp_path / "prebuilt")
    monkeypatch.setattr(module, "faulty_dir", lambda _: tmp_path / "faulty")
    monkeypatch.setattr(module, "prebuilt_recipes", lambda *_: [echo(edit=use)])
    monkeypatch.setattr(module, "faulty_recipes", lambda _: [])
    with pytest.raises(BuildError, match=r"ram of echo/q15 grew from [0-9,]+ to [0-9,]+ B \(\+7\.\d %\)"):
        check(KIND, toolchain)


def test_the_command_tells_growth_and_announces_it(
    budget: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = image(text=6000)
    made = replace(made, manifest=replace(made.manifest, sha256="0" * 64))
    monkeypatch.setattr(hil.build.sizes, "budget_path", lambda: budget)
    monkeypatch.setattr("hil.build.prebuilt.build", lambda *_: [made])
    assert main(["build"]) == 0
    assert "text of echo/q15 grew from 5,000 to 6,000 B (+20.0 %)" in capsys.readouterr().err
    assert main(["build", "--accept-sizes"]) == 0
    assert capsys.readouterr().err == ""
    check_sizes(KIND, [made], budget)
    assert main(["build", "--check", "--accept-sizes"]) == 1
    assert "--check looks at all images" in capsys.readouterr().err
