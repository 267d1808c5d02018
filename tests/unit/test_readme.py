"""The README says what the stored models and the committed images say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hil.build.sizes import TOLERANCE
from hil.image import prebuilt_dir
from hil.kinds import IMAGE_KINDS, KINDS
from hil.measure.memory import memory
from hil.models.catalog import find_model, list_models
from hil.models.folder import accuracy_of
from hil.models.vectors import load_vectors
from hil.session import first
from hil.values import Precision

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"


def model_rows() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \|.*\|.*\|(.*)\|(.*)\|(.*)\|$", README.read_text(), re.MULTILINE)
    return {name: [cell.strip() for cell in cells] for name, *cells in rows}


@pytest.mark.parametrize("name", model_rows())
def test_the_readme_has_the_accuracies_of_the_stored_answers(name: str) -> None:
    spec = find_model(name)
    vectors = [load_vectors(name, precision) for precision in Precision]
    assert model_rows()[name] == [
        f"{accuracy_of(spec, one.goldens, one.labels) * 100:.2f} %" for one in vectors
    ]
    if spec.vectors is not None:
        assert f"{spec.vectors} of `{name}`" in README.read_text()


def test_the_readme_has_every_model() -> None:
    names = {spec.name for spec in list_models()}
    drawn = {name for name in names if name.startswith("perf_")}
    assert set(model_rows()) == names - drawn
    assert len(drawn) == 7
    assert "`perf_…` (seven)" in README.read_text()


def most_vectors() -> int:
    """How many vectors `make bench` takes of each model."""
    told = re.search(r"^BENCH_ARGS .*--most-vectors=(\d+)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert told is not None
    return int(told[1])


def bench_rows() -> list[list[str]]:
    """The cells of the table that `make bench` ends with."""
    table = re.search(r"```text\n(board  model .*?)\n…", README.read_text(), re.DOTALL)
    assert table is not None
    return [re.split(r"  +", line) for line in table[1].splitlines()[2:]]


@pytest.mark.parametrize("row", bench_rows(), ids=lambda row: "-".join(row[1:3]))
def test_the_readmes_bench_table_fits_its_images_and_vectors(row: list[str]) -> None:
    _, model, precision, accuracy, *_, flash, ram, _, golden = row
    vectors = load_vectors(model, Precision(precision))
    vectors = first(vectors, min(vectors.default or len(vectors), most_vectors()))
    assert accuracy == f"{accuracy_of(find_model(model), vectors.goldens, vectors.labels):.2%}"
    assert golden.split()[0] == f"{len(vectors)}/{len(vectors)}"
    used = memory(prebuilt_dir("qemu_mps2_an386") / f"{model}-{precision}.elf")
    assert (flash, ram) == (f"{used.flash_bytes:,}", f"{used.ram_bytes:,}")


def kind_rows() -> dict[str, list[str]]:
    """Of the table of kinds: what each is, its twin, whether its registers are checked, silicon."""
    found = re.findall(
        r"^\| \[?`(\w+)`(?:\]\(docs/\w+\.md\))? \|(.*)\|(.*)\|(.*)\|(.*)\|$", README.read_text(), re.M
    )
    return {name: [cell.strip() for cell in cells] for name, *cells in found if name in KINDS}


def test_the_table_of_kinds_says_of_each_what_there_is_to_prove_it() -> None:
    rows = kind_rows()
    assert set(rows) == set(IMAGE_KINDS)
    for name, (_, twin, registers, silicon) in rows.items():
        twins = [kind.name for kind in KINDS.values() if kind.twin_of == name]
        if KINDS[name].emulator is not None:
            assert (twin, registers, silicon) == ("", "", "")
            continue
        assert twin.startswith(tuple(f"`{one}`" for one in twins) or "none"), name
        assert (PROJECT / "tests" / "unit" / "boards" / f"test_{name}.py").exists()
        assert (PROJECT / "docs" / f"{name}.md").exists()
        assert (registers, silicon) == ("yes", "not yet"), name


def test_the_table_of_sizes_is_that_of_the_images() -> None:
    """To 2 %, as much as images may grow unannounced."""
    table = re.search(r"^\| image \|(.*)\|\n\|[-:|]+\n((?:\|.*\n)+)", README.read_text(), re.MULTILINE)
    assert table is not None
    assert tuple(re.findall(r"`(\w+)`", table[1])) == IMAGE_KINDS
    rows = table[2].splitlines()
    assert len(rows) > 3
    for row in rows:
        name, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        for kind, cell in zip(IMAGE_KINDS, cells, strict=True):
            used = memory(prebuilt_dir(kind) / f"{name.strip('`').replace('/', '-')}.elf")
            flash, ram = (int(size.replace(",", "")) for size in cell.split(" + "))
            assert flash == pytest.approx(used.flash_bytes, rel=TOLERANCE), f"{name}, {kind}"
            assert ram == pytest.approx(used.ram_bytes, rel=TOLERANCE), f"{name}, {kind}"
