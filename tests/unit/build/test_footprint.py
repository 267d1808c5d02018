"""What an import says that its images take, against what they take once they are built."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hil.build.footprint import (
    FLASH_WITHIN,
    RAM_WITHIN,
    Footprint,
    counted,
    elsewhere,
    estimated,
    footprints,
)
from hil.build.prebuilt import build
from hil.build.toolchain import Toolchain
from hil.cli import main
from hil.commands.reports.model_import import report_lines, size_lines
from hil.errors import BuildError
from hil.kinds import IMAGE_KINDS
from hil.models.catalog import ModelLibrary, list_models
from hil.models.importer.bring import Imported, bring
from hil.models.importer.request import Request
from hil.values import Method, Precision

KIND = "qemu_mps2_an386"
F32, Q15, Q7 = Precision


def made(place: Path, features: int, hidden: int, steps: int, **changed: Any) -> Imported:
    """A whole FastGRNN, imported."""
    random = np.random.default_rng(hidden)
    arrays = {
        "W": random.normal(size=(hidden, features)) / features,
        "U": random.normal(size=(hidden, hidden)) / hidden,
        "Bg": np.zeros(hidden),
        "Bh": np.zeros(hidden),
        "zeta": np.array(1.0),
        "nu": np.array(-4.0),
        "FC": random.normal(size=(3, hidden)),
        "FCbias": np.zeros(3),
    }
    np.savez(place / "w.npz", **arrays)
    np.save(place / "X.npy", random.normal(size=(4, steps, features)))
    asked = Request(
        weights=place / "w.npz",
        cell="fastgrnn",
        name="mine",
        gate="quantSigm",
        update="quantTanh",
        vectors=place / "X.npy",
        labels=None,
        out=place / "models",
        precisions=(F32, Q15, Q7),
        layout="rows",
    )
    return bring(replace(asked, **changed))


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_estimates_of_the_labs_own_images_are_what_they_take(kind: str) -> None:
    """Also where the stack or the port's ring lies in a RAM apart."""
    for spec in list_models():
        for precision in spec.precisions:
            guess, truth = estimated(spec, kind, precision), counted(spec, kind, precision)
            assert abs(guess.flash_bytes - truth.flash_bytes) < 100
            assert abs(guess.ram_bytes - truth.ram_bytes) < 10
            assert (guess.method, truth.method) == (Method.ESTIMATED, Method.COUNTED)


@pytest.mark.parametrize(
    ("shape", "gates", "precision"),
    [
        ((3, 7, 5), ("sigmoid", "tanh"), Q15),
        ((80, 40, 300), ("quantSigm", "quantTanh"), F32),  # 96,000 B of input: more fragments than usual
        ((20, 64, 9), ("quantSigm4", "relu"), Q7),
    ],
)
def test_estimates_agree_with_what_is_then_built(
    tmp_path: Path,
    toolchain: Toolchain,
    shape: tuple[int, int, int],
    gates: tuple[str, str],
    precision: Precision,
) -> None:
    spec = made(tmp_path, *shape, gate=gates[0], update=gates[1], precisions=(precision,)).spec
    guess = estimated(spec, KIND, precision)
    taken = footprints(spec, KIND, ModelLibrary(tmp_path / "models"))
    assert taken.missing is None
    (truth,) = taken.images
    assert (truth.precision, truth.method) == (precision, Method.COUNTED)
    assert abs(guess.flash_bytes - truth.flash_bytes) <= FLASH_WITHIN
    assert abs(guess.ram_bytes - truth.ram_bytes) <= RAM_WITHIN
    assert f"counted from the images built: {precision} for {KIND}; all else" in size_lines([taken])[-1]


def test_what_was_built_for_one_kind_tells_what_it_takes_of_another(
    tmp_path: Path, toolchain: Toolchain
) -> None:
    """Where data, stack and the port's ring lie in other places; to 100 B of flash."""
    spec = made(tmp_path, 20, 64, 9, precisions=(Q7,)).spec
    library = ModelLibrary(tmp_path / "models")
    built = footprints(spec, KIND, library)
    for kind in ("b_l475e_iot01a", "frdm_k64f"):
        (guess,) = elsewhere(built, spec, kind).images
        (truth,) = footprints(spec, kind, library).images
        assert (guess.method, truth.method) == (Method.ESTIMATED, Method.COUNTED)
        assert abs(guess.flash_bytes - truth.flash_bytes) < 100
        assert abs(guess.ram_bytes - truth.ram_bytes) < 10


def test_of_images_of_which_one_does_not_fit_the_others_are_built(
    tmp_path: Path, toolchain: Toolchain, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path, 8, 520, 4, precisions=(F32, Q7))
    assert main(["build", "mine", f"--models-dir={tmp_path / 'models'}"]) == 0
    larger, built = capsys.readouterr().out.splitlines()
    assert built.startswith("mine/q7: text ")
    assert re.fullmatch(r"mine/f32: does not fit, by \d+ KB \(over FLASH by [\d,]+ B\)", larger)
    assert [path.name for path in (tmp_path / "models").rglob("*.elf")] == ["mine-q7.elf"]


def test_a_model_that_does_not_fit_is_said_and_the_linker_agrees(
    tmp_path: Path, toolchain: Toolchain
) -> None:
    imported = made(tmp_path, 8, 520, 4, precisions=(F32, Q7))
    library = ModelLibrary(tmp_path / "models")
    taken = footprints(imported.spec, KIND, library)
    assert [one.fits for one in taken.images] == [False, True]
    assert [one.method for one in taken.images] == [Method.ESTIMATED, Method.COUNTED]
    lines = report_lines(imported, tmp_path / "models", [taken])
    said = re.fullmatch(r"does not fit, by (\d+) KB", str(taken.images[0]))
    assert said is not None
    assert any(line.startswith(KIND) and said[0] in line for line in lines)
    assert lines[-1] == f"next: pytest --board=all --model=mine/q7 --models-dir={tmp_path / 'models'}"
    with pytest.raises(BuildError, match="over FLASH by ") as refused:
        build(KIND, ["mine"], [F32], None, toolchain, library)
    found = re.search(r"over FLASH by ([\d,]+) B", str(refused.value))
    assert found is not None
    over = int(found[1].replace(",", ""))
    assert taken.images[0].over_bytes == pytest.approx(over, abs=FLASH_WITHIN)
    assert int(said[1]) == -(-taken.images[0].over_bytes // 1024)


def test_ram_that_does_not_suffice_is_said_too(tmp_path: Path) -> None:
    spec = made(tmp_path, 80, 8, 700, precisions=(F32,)).spec
    assert re.search(r"\+ 2(39|40)$", str(estimated(spec, KIND, F32)))
    imported = made(tmp_path, 80, 8, 800, precisions=(F32,))
    taken = footprints(imported.spec, KIND, ModelLibrary(tmp_path / "models"))
    assert re.fullmatch(r"does not fit, by 1[56] KB", str(taken.images[0]))
    assert report_lines(imported, tmp_path, [taken])[-1] == "next: a smaller model"
    assert not (imported.spec.folder / "images").exists()


def test_without_a_compiler_all_is_estimated_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    imported = made(tmp_path, 3, 7, 5)
    taken = footprints(imported.spec, KIND, ModelLibrary(tmp_path / "models"))
    assert {one.method for one in taken.images} == {Method.ESTIMATED}
    heads, *_, how, why = size_lines([taken])
    assert heads.split() == ["KB", "f32", "q15", "q7"]
    assert "estimated from the arrays, to 3 KB of flash and 0.25 of RAM" in how
    assert why.startswith("not built: arm-none-eabi-gcc is not in PATH")
    assert not (imported.spec.folder / "images").exists()


def test_the_line_rounds_up_to_whole_kilobytes() -> None:
    one = Footprint(KIND, Q15, 11 * 1024 + 1, 41 * 1024, Method.COUNTED)
    assert str(one) == "12 + 41"
    full = replace(one, flash_bytes=1 << 20, ram_bytes=256 << 10)
    assert full.fits
    assert str(replace(full, ram_bytes=(256 << 10) + 1)) == "does not fit, by 1 KB"
    assert str(replace(full, ram_bytes=(300 << 10), flash_bytes=2 << 20)) == "does not fit, by 1,024 KB"
