"""A model of one's own from its arrays to the bench's table, and own firmware, far from the lab."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hil.kinds import IMAGE_KINDS
from needs import absent

pytestmark = pytest.mark.emulated

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_model"
RUN_S = 600  # there for a hang


@pytest.fixture(autouse=True)
def _compiler() -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        absent("arm-none-eabi-gcc is not installed")


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )


def bench(folder: Path, model: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return command(
        folder,
        *("pytest", "-p", "no:cacheprovider", f"--db=sqlite:///{folder / 'results.db'}", "--board=all"),
        *(f"--model={model}", "--models-dir=models"),
        *options,
        **environment,
    )


def cell(random: np.random.Generator, features: int, hidden: int) -> dict[str, Any]:
    """A FastGRNN in the layout of the PyTorch cell."""
    return {
        "W": random.normal(size=(features, hidden)) / np.sqrt(features),
        "U": random.normal(size=(hidden, hidden)) / np.sqrt(hidden) / 2,
        "Bg": random.normal(size=(1, hidden)),
        "Bh": random.normal(size=(1, hidden)),
        "zeta": np.array([[1.0]]),
        "nu": np.array([[-4.0]]),
    }


def rows(folder: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(folder / "results.db") as database:
        return database.execute(
            "select s.model, s.precision, m.value from session s join measure m on m.session_id = s.id"
            " where m.metric = 'golden_exact' order by s.model, s.precision"
        ).fetchall()


def test_from_arrays_to_the_table(tmp_path: Path) -> None:
    """Odd sizes, ragged vectors, all precisions, from an empty folder; then the images are there to stay."""
    random = np.random.default_rng(2)
    (tmp_path / "trained").mkdir()
    head = {"FC": random.normal(size=(13, 3)), "FCbias": random.normal(size=3)}
    normal = {"mean": random.normal(size=5), "std": random.uniform(0.5, 2, size=5)}
    for name, array in (cell(random, 5, 13) | head | normal).items():
        np.save(tmp_path / "trained" / f"{name}.npy", array)
    steps = np.array([1, 17, 4, 9] * 5)
    np.savez(tmp_path / "X.npz", inputs=random.normal(size=(steps.sum(), 5)), steps=steps)
    np.save(tmp_path / "y.npy", random.integers(0, 3, size=20))

    done = command(
        tmp_path,
        *("hil", "model", "import", "trained", "--cell=fastgrnn", "--name=odd", "--gate=quantSigm"),
        *("--update=quantTanh", "--vectors=X.npz", "--labels=y.npy", "--out=models"),
    )
    assert done.returncode == 0, done.stderr
    assert "weights read as cols" in done.stdout
    assert done.stdout.count("operation") >= 2
    accuracies = {
        line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("accuracy")
    }
    assert accuracies == {"f32", "q15", "q7"}
    for kind in IMAGE_KINDS:
        assert re.search(rf"^{kind}( +\d+ \+ \d+){{3}}$", done.stdout, re.MULTILINE)
    assert "counted from the images built: f32 for qemu_mps2_an386, q15 for" in done.stdout

    images = tmp_path / "models" / "odd" / "images" / "qemu_mps2_an386"
    (images / "odd-q7.elf").unlink()
    ran = bench(tmp_path, "odd")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "built odd/q7 for qemu_mps2_an386: its image is missing" in ran.stdout
    assert "built odd/q15" not in ran.stdout
    assert rows(tmp_path) == [("odd", "f32", 1.0), ("odd", "q15", 1.0), ("odd", "q7", 1.0)]

    assert len(list(images.glob("*.elf"))) == 3
    again = bench(tmp_path, "odd/q7")
    assert again.returncode == 0, again.stdout
    assert "built odd" not in again.stdout

    shutil.rmtree(images)
    tools = tmp_path / "tools"  # all that the run needs but the compiler
    tools.mkdir()
    (tools / "qemu-system-arm").symlink_to(str(shutil.which("qemu-system-arm")))
    refused = bench(tmp_path, "odd/q7", PATH=str(tools))
    assert refused.returncode == pytest.ExitCode.TESTS_FAILED
    assert (
        "qemu: the image odd/q7 is missing, and cannot be built (arm-none-eabi-gcc is not in PATH)"
        in refused.stdout
    )
    assert "apt-get install gcc-arm-none-eabi" in refused.stdout


def test_a_single_number_and_a_pool_and_a_fastrnn_run(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    tiny = {**cell(random, 1, 1), "FC": np.ones((1, 2)), "FCbias": np.array([0.5, -0.5])}
    first, second = cell(random, 2, 5), cell(random, 5, 3)
    pool = {f"{name}1": array for name, array in first.items()}
    pool |= {f"{name}2": array for name, array in second.items()}
    plain = {
        "W": first["W"],
        "U": first["U"],
        "B": first["Bg"],
        "alpha": np.array(-3.0),
        "beta": np.array(3.0),
    }
    plain |= {"FC": random.normal(size=(5, 2)), "FCbias": np.zeros(2)}
    for name, made, gate, shape in (
        ("tiny", tiny, ("--cell=fastgrnn", "--gate=sigmoid", "--update=tanh"), (6, 1, 1)),
        ("pool", pool, ("--cell=rnnpool", "--gate=quantSigm4", "--update=quantTanh"), (6, 4, 4, 2)),
        ("plain", plain, ("--cell=fastrnn", "--update=relu"), (6, 7, 2)),
    ):
        np.savez(tmp_path / f"{name}.npz", **made)
        np.save(tmp_path / "X.npy", random.normal(size=shape))
        np.save(tmp_path / "y.npy", np.zeros(6))
        labels = ("--labels=y.npy",) if "FC" in made else ()
        done = command(
            tmp_path,
            *("hil", "model", "import", f"{name}.npz", f"--name={name}", *gate, "--layout=cols"),
            *("--vectors=X.npy", *labels),
        )
        assert done.returncode == 0, done.stderr
    ran = bench(tmp_path, "tiny,pool,plain")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [exact for _, _, exact in rows(tmp_path)] == [1.0] * 9


def test_own_firmware_runs_from_outside_of_the_lab(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "own", ignore=shutil.ignore_patterns("images", "vectors.npz"))
    made = subprocess.run([sys.executable, "make_vectors.py"], cwd=tmp_path / "own", timeout=RUN_S)
    assert made.returncode == 0
    built = command(tmp_path / "own", "hil", "build", "nearest", "--models-dir=models")
    assert built.returncode == 0, built.stderr
    assert built.stdout.startswith("nearest/q15: text ")
    ran = bench(tmp_path / "own", "nearest")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "90/90 bit-exact" in ran.stdout
    assert "built nearest" not in ran.stdout
    assert rows(tmp_path / "own") == [("nearest", "q15", 1.0)]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (("prototypes_make();\n    return 0;", "prototypes_make();\n    return -7;"), -7),
        (("if (steps != WINDOW)", "if (steps == WINDOW)"), -1),
    ],
)
def test_what_own_firmware_refuses_is_told(tmp_path: Path, change: tuple[str, str], detail: int) -> None:
    shutil.copytree(EXAMPLE / "models", tmp_path / "models", ignore=shutil.ignore_patterns("images"))
    source = tmp_path / "models" / "nearest" / "nearest_q15.c"
    assert change[0] in source.read_text()
    source.write_text(source.read_text().replace(*change))
    ran = bench(tmp_path, "nearest")
    assert ran.returncode == 1
    assert f"detail {detail}" in ran.stdout


def test_own_firmware_that_hangs_is_told_when_the_user_says(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "models", tmp_path / "models", ignore=shutil.ignore_patterns("images"))
    source = tmp_path / "models" / "nearest" / "nearest_q15.c"
    before = "if (steps != WINDOW)"
    assert before in source.read_text()
    source.write_text(source.read_text().replace(before, f"while (steps == WINDOW) {{}}\n    {before}"))
    ran = bench(tmp_path, "nearest", "--hang-after=1.5")
    assert ran.returncode == 1
    assert re.search(r"qemu: the firmware has not answered for \d+\.\d s", ran.stdout)
    assert "then give --hang-after" in ran.stdout
    refused = bench(tmp_path, "nearest", "--hang-after=never")
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert "'never' is no time: give seconds above 0" in refused.stderr


def test_the_examples_vectors_are_what_its_script_writes(tmp_path: Path) -> None:
    made = subprocess.run([sys.executable, EXAMPLE / "make_vectors.py", tmp_path], timeout=RUN_S)
    assert made.returncode == 0
    stored = np.load(EXAMPLE / "models" / "nearest" / "vectors.npz")
    fresh = np.load(tmp_path / "vectors.npz")
    assert sorted(stored.files) == sorted(fresh.files)
    for name in stored.files:
        np.testing.assert_array_equal(stored[name], fresh[name])


def test_a_regression_is_stored_and_a_vector_that_disagrees_shows_how_far(tmp_path: Path) -> None:
    """Two models: one whose outputs are values, and one too chaotic for float32, which the import says."""
    random = np.random.default_rng(6)
    tame = cell(random, 4, 16) | {"FC": random.normal(size=(16, 2)), "FCbias": random.normal(size=2)}
    wild = tame | {"W": 5 * tame["W"], "U": random.normal(size=(16, 16)) * 3}
    np.save(tmp_path / "X.npy", random.normal(size=(20, 60, 4)))
    np.save(tmp_path / "t.npy", random.normal(size=(20, 2)))
    said = {}
    for name, made in (("tame", tame), ("wild", wild)):
        np.savez(tmp_path / f"{name}.npz", **made)
        done = command(
            tmp_path,
            *("hil", "model", "import", f"{name}.npz", f"--name={name}", "--cell=fastgrnn", "--gate=sigmoid"),
            *("--update=tanh", "--layout=cols", "--vectors=X.npy", "--targets=t.npy"),
            "--precision=f32,q15" if name == "tame" else "--precision=f32",
        )
        assert done.returncode == 0, done.stderr
        said[name] = done.stdout
    assert "warning: f32: rounding alone moves the outputs" in said["wild"]
    assert "warning" not in said["tame"]
    ran = bench(tmp_path, "tame,wild")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "qemu wild/f32: " in ran.stdout
    assert re.search(r"vector \d+ gave \[[^]]+\], expected \[[^]]+\]; output \d is \S+ apart", ran.stdout)
    with sqlite3.connect(tmp_path / "results.db") as database:
        stored = database.execute(
            "select s.precision, m.metric, m.value, m.method, m.technique from session s"
            " join measure m on m.session_id = s.id where s.model = 'tame'"
            " and m.metric in ('mean_absolute_error', 'r_squared', 'accuracy') order by 1, 2"
        ).fetchall()
    assert [row[:2] for row in stored] == [
        (one, metric) for one in ("f32", "q15") for metric in ("mean_absolute_error", "r_squared")
    ]
    assert {row[3:] for row in stored} == {("counted", "targets")}
    error, share = (float(value) for _, _, value, _, _ in stored[:2])
    assert f"f32: mean absolute error {error:.4g}, R² {share:.4f}"[:32] in said["tame"]


WIDE = """
#include "runtime/model.h"

static _Alignas(8) float input[300 * 80];
static _Alignas(8) float output[3977];

static int run(uint32_t steps)
{
    for (uint32_t i = 0; i < 3977u; i++) {
        output[i] = 2.0f * input[i] + input[steps * 80u - 1u - i];
    }
    return 0;
}

const struct hil_model hil_model = {
    .name = "wide", .precision = HIL_PRECISION_F32, .input_dtype = HIL_F32, .output_dtype = HIL_F32,
    .features = 80, .min_steps = 300, .max_steps = 300, .outputs = 3977,
    .input = input, .output = output, .run = run,
};
"""


def test_own_firmware_beyond_a_frame_and_64_kib_runs(tmp_path: Path) -> None:
    """96,000 B in, 15,908 B out: the image has the frames and the map for it."""
    folder = tmp_path / "models" / "wide"
    folder.mkdir(parents=True)
    (folder / "wide_f32.c").write_text(WIDE)
    shape = {"features": 80, "outputs": 3977, "classes": 0, "inputs": {"f32": "float32"}}
    about = {"name": "wide", "task": "test", "architecture": "own", "min_steps": 300, "max_steps": 300}
    about |= {"network": shape, "scales": {}, "precisions": ["f32"], "vectors": 1, "dataset": None}
    (folder / "model.json").write_text(json.dumps(about | {"generator": "none"}))
    x = np.random.default_rng(0).normal(size=(1, 300 * 80)).astype(np.float32)
    golden = 2 * x[:, :3977] + x[:, ::-1][:, :3977]
    np.savez(folder / "vectors.npz", inputs=x.reshape(300, 80), steps=np.array([300]), golden_f32=golden)
    ran = bench(tmp_path, "wide")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1/1 within-1e-4" in ran.stdout
