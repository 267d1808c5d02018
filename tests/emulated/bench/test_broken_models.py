"""One model that cannot run, beside one that can: it fails in its line, and the other one is measured."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench_runs import rows, run_bench, runs, serve_images
from hil.image import prebuilt_dir
from needs import absent

pytestmark = pytest.mark.emulated

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_model" / "models" / "nearest"
PREBUILT = prebuilt_dir("qemu_mps2_an386")
GOOD = "fastgrnn_digits/q15"
FEW = ("--board=all", "--vectors=5")


def own_model(folder: Path, name: str, code: str = "", returns: str = "0") -> None:
    """The example under another name, with something before its source, and what it returns at its start."""
    made = Path(shutil.copytree(EXAMPLE, folder / name, ignore=shutil.ignore_patterns("images")))
    description = made / "model.json"
    description.write_text(description.read_text().replace('"nearest"', f'"{name}"'))
    source = (made / "nearest_q15.c").read_text().replace('"nearest"', f'"{name}"')
    start = "prototypes_make();\n    return "
    assert f"{start}0;" in source
    (made / f"{name}_q15.c").write_text(code + source.replace(f"{start}0;", f"{start}{returns};"))
    (made / "nearest_q15.c").unlink()


def test_a_model_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "own" / "cut").mkdir(parents=True)
    (tmp_path / "own" / "cut" / "model.json").write_text("{")
    done = run_bench(tmp_path, *FEW, "--models-dir=own", f"--model={GOOD},cut")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 1 passed" in done.stdout
    assert "Traceback" not in done.stdout
    assert "FAILED hil/suite/bench.py::test_image[qemu-cut]" in done.stdout
    assert rows(tmp_path, "select model, status from session") == [("fastgrnn_digits", "finished")]
    assert runs(tmp_path) == [("failed", 1)]

    excluded = run_bench(tmp_path, *FEW, "--models-dir=own", f"--model={GOOD}")
    assert excluded.returncode == 0, excluded.stdout

    alone = run_bench(tmp_path, *FEW, "--models-dir=own", "--model=cut")
    assert "1 failed in" in alone.stdout
    assert "description of model cut is damaged" in alone.stdout
    assert len(runs(tmp_path)) == 2  # the last one has no results


def test_images_that_cannot_be_trusted_fail_alone(tmp_path: Path) -> None:
    serve_images(tmp_path, *(PREBUILT / f"fastgrnn_digits-{one}.elf" for one in ("f32", "q15", "q7")))
    (tmp_path / "images" / "fastgrnn_digits-f32.json").unlink()
    broken = tmp_path / "images" / "fastgrnn_digits-q7.elf"
    broken.write_bytes(broken.read_bytes()[:1000])
    (tmp_path / "images" / "folder-q7.elf").mkdir()
    done = run_bench(tmp_path, *FEW)
    assert "3 failed, 1 passed" in done.stdout, done.stdout
    for line in (
        "qemu: no manifest fastgrnn_digits-f32.json",
        "qemu: image fastgrnn_digits-q7.elf does not match its manifest",
        "qemu: no manifest folder-q7.json",
    ):
        assert line in done.stdout
    assert rows(tmp_path, "select model, precision, status from session order by model, precision") == [
        ("fastgrnn_digits", "f32", "failed"),
        ("fastgrnn_digits", "q15", "finished"),
        ("fastgrnn_digits", "q7", "failed"),
        ("folder", "q7", "failed"),
    ]


def test_own_models_that_cannot_be_built_fail_alone_and_building_is_told(tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        absent("arm-none-eabi-gcc is not installed")
    own = tmp_path / "own"
    own_model(own, "broken", "#error not yet\n")
    own_model(own, "good")
    own_model(own, "large", "static const volatile char huge[8 << 20] = {1};\n", "huge[1 << 20]")
    done = run_bench(tmp_path, *FEW, "--models-dir=own", "--model=broken,good,large")
    assert "1 failed, 1 passed, 1 skipped" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("qemu: ") and "not yet" in line for line in lines)
    (large,) = (line for line in lines if line.startswith("qemu   large "))
    assert "does not fit, by " in large
    told = lines.index("building good/q15 for qemu_mps2_an386: its image is missing")
    assert told < next(number for number, line in enumerate(lines) if "5/5 vectors" in line)
    assert rows(
        tmp_path, "select model, status, error like 'does not fit, by %' from session order by model"
    ) == [
        ("broken", "failed", 0),
        ("good", "finished", None),
        ("large", "failed", 1),
    ]


def test_what_does_not_fit_the_board_is_no_failure(tmp_path: Path) -> None:
    """By how much stands in its line and is stored, and the other model is measured."""
    if shutil.which("arm-none-eabi-gcc") is None:
        absent("no arm-none-eabi-gcc")
    huge = "#include <stdint.h>\nstatic volatile uint8_t huge[300 * 1024];\n"
    own_model(tmp_path / "own", "large", huge, "huge[huge[0]]")
    done = run_bench(tmp_path, *FEW, "--models-dir=own", f"--model={GOOD},large")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    (line,) = (
        line for line in done.stdout.splitlines() if line.startswith("qemu") and "does not fit" in line
    )
    assert line.split("  ")[-1].strip().startswith("does not fit, by ")
    assert rows(
        tmp_path, "select model, status, error like 'does not fit, by %' from session order by model"
    ) == [
        ("fastgrnn_digits", "finished", None),
        ("large", "failed", 1),
    ]
    assert runs(tmp_path) == [("finished", 1)]
