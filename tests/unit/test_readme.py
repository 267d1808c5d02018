"""The README and the pages of docs say what the commands and the stored models say."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil import cli
from hil.image import prebuilt_dir
from hil.measure.memory import memory
from hil.models.catalog import find_model, list_models
from hil.models.folder import accuracy_of
from hil.models.vectors import load_vectors
from hil.session import first
from hil.values import Precision

PROJECT = Path(__file__).parents[2]
README = PROJECT / "README.md"
PAGES = [README, *sorted((PROJECT / "docs").rglob("*.md")), *sorted((PROJECT / "examples").rglob("*.md"))]


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """Every command line of a program in the pages, as (page, arguments)."""
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        lines = [
            line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
        ]
        lines += re.findall(r"`([^`\n]+)`", text)
        for line in lines:
            command = line.partition("  #")[0].partition(" | ")[0].partition(" -> ")[0]
            if command.split()[:1] == [program]:
                yield page.name, shlex.split(command.partition(" > ")[0])[1:]


def parser_of(arguments: list[str]) -> argparse.ArgumentParser:
    """The parser of the command that the arguments begin with."""
    parser = cli.parser()
    for word in arguments:
        choices = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not choices or word.startswith("-"):
            break
        assert word in choices[0].choices, f"there is no command {word} in {' '.join(arguments)}"
        parser = choices[0].choices[word]
    return parser


def options_of(arguments: list[str]) -> list[str]:
    return [word.partition("=")[0] for word in arguments if word.startswith("-")]


def test_every_command_and_option_that_the_pages_show_exists() -> None:
    shown = list(commands("hil"))
    assert len(shown) > 15
    unknown = [
        f"{page}: hil {' '.join(arguments)}: {option}"
        for page, arguments in shown
        for option in options_of(arguments)
        if option not in parser_of(arguments)._option_string_actions
    ]
    assert unknown == []


def test_every_option_of_pytest_that_the_pages_show_exists(pytestconfig: pytest.Config) -> None:
    shown = list(commands("pytest"))
    assert len(shown) > 8
    for page, arguments in shown:
        for option in options_of(arguments):
            pytestconfig.getoption(option)  # ValueError where there is none
        assert page


def test_every_command_is_in_the_readme() -> None:
    def names(parser: argparse.ArgumentParser, before: str) -> Iterator[str]:
        below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not below:
            yield before
        for name, one in below[0].choices.items() if below else ():
            yield from names(one, f"{before} {name}")

    text = README.read_text()
    assert [name for name in names(cli.parser(), "hil") if name not in text] == []


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


def bench_rows() -> list[list[str]]:
    """The cells of the table that `make bench` ends with."""
    table = re.search(r"```text\n(board  model .*?)\n…", README.read_text(), re.DOTALL)
    assert table is not None
    return [re.split(r"  +", line) for line in table[1].splitlines()[2:]]


@pytest.mark.parametrize("row", bench_rows(), ids=lambda row: "-".join(row[1:3]))
def test_the_readmes_bench_table_fits_its_images_and_vectors(row: list[str]) -> None:
    _, model, precision, accuracy, *_, flash, ram, _, golden = row
    vectors = load_vectors(model, Precision(precision))
    vectors = first(vectors, vectors.default)
    assert accuracy == f"{accuracy_of(find_model(model), vectors.goldens, vectors.labels):.2%}"
    assert golden.split()[0] == f"{len(vectors)}/{len(vectors)}"
    used = memory(prebuilt_dir("qemu_mps2_an386") / f"{model}-{precision}.elf")
    assert (flash, ram) == (f"{used.flash_bytes:,}", f"{used.ram_bytes:,}")
