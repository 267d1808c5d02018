"""Every command and option is in its help and in the pages; what the pages and messages show exists."""

from __future__ import annotations

import argparse
import pkgutil
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hil import cli, commands
from hil.commands import COMMANDS, GROUPS

PROJECT = Path(__file__).parents[3]
README = PROJECT / "README.md"
WITH_PAGES = ("docs", "examples", "firmware", "fixtures", "hil")
PAGES = [README, *(page for folder in WITH_PAGES for page in sorted((PROJECT / folder).rglob("*.md")))]
SOURCES = [path for folder in ("hil", "db", "dashboards") for path in (PROJECT / folder).rglob("*.py")]
LINE = r"(?![A-Z][a-z]).*[^.]"  # no sentence, but names and formulas may come first

Parsers = dict[str, argparse.ArgumentParser]
Places = Callable[[str], list[tuple[str, list[str]]]]


def parsers(parser: Any, name: str) -> Parsers:
    """The parser itself and all below it, by what a user types."""
    parser.complete()
    found = {name: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                found |= parsers(below, f"{name} {word}")
    return found


PARSERS = parsers(cli.parser(), "hil")


def own_actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What a command takes, but for its help and the commands below it."""
    others = (argparse._SubParsersAction, argparse._HelpAction)
    return [action for action in parser._actions if not isinstance(action, others)]


def command_of(arguments: list[str]) -> str:
    """The command that arguments begin with; AssertionError where there is none."""
    name = "hil"
    for word in arguments:
        below = [other for other in PARSERS if other.startswith(f"{name} ")]
        if not below or word.startswith("-"):
            break
        assert f"{name} {word}" in below, f"there is no command {word} in {name}"
        name = f"{name} {word}"
    return name


def options_of(arguments: list[str]) -> list[str]:
    """The options of a command's own: what stands behind a ``--`` is another's."""
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]
    return [word.partition("=")[0] for word in arguments if re.match("--?[a-z]", word)]


def shell_lines(page: Path) -> Iterator[str]:
    """The lines of a page's blocks for the shell."""
    text = page.read_text().replace("\\\n", " ")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()


def arguments_in(line: str, program: str) -> list[str] | None:
    """A command line's arguments, without comments and what it is piped into; None of another program's."""
    command = re.split(r"\s#| \| | -> | > ", line)[0]
    return shlex.split(command)[1:] if command.split()[:1] == [program] else None


def shown(program: str) -> list[tuple[str, list[str]]]:
    """Every command of a program in the pages, whole or not, as (page, arguments)."""
    lines = [
        (page.name, line)
        for page in PAGES
        for line in (*shell_lines(page), *re.findall(r"`([^`\n]+)`", page.read_text()))
    ]
    found = [(page, arguments_in(line, program)) for page, line in lines]
    return [(page, arguments) for page, arguments in found if arguments is not None]


def said(program: str) -> list[tuple[str, list[str]]]:
    """Every command of a program in the lab's messages and docstrings, as (file, arguments)."""
    pattern = re.compile(rf"(?<![\w./]){program} (?!import )([a-z-][^`\"'#|\n]*)")
    return [
        (path.name, arguments.split())
        for path in SOURCES
        for arguments in pattern.findall(path.read_text(encoding="utf-8"))
    ]


def can_be_typed(arguments: list[str]) -> bool:
    try:
        cli.parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code == 0  # as --version ends
    return True


def is_in(option: str, text: str) -> bool:
    """Whether a text shows an option, and not merely one that begins like it."""
    return re.search(rf"[` ]{option}(?![\w-])", text) is not None


def test_every_module_is_a_command() -> None:
    modules = {found.name for found in pkgutil.iter_modules(commands.__path__) if not found.ispkg}
    assert modules == {re.sub("[ -]", "_", name) for name in COMMANDS}
    for name, command in COMMANDS.items():
        assert command.__name__ == f"hil.commands.{re.sub('[ -]', '_', name)}"


def test_every_group_has_commands_and_is_none() -> None:
    assert set(GROUPS) == {name.partition(" ")[0] for name in COMMANDS if " " in name}
    assert not set(GROUPS) & set(COMMANDS)


@pytest.mark.parametrize("name", [*COMMANDS, *GROUPS])
def test_a_command_has_a_line_in_the_help(name: str) -> None:
    line = COMMANDS[name].HELP if name in COMMANDS else GROUPS[name].help
    assert re.fullmatch(r"[a-z].*[^.]", line)
    above = PARSERS[f"hil {name}".rpartition(" ")[0]]
    assert line in " ".join(above.format_help().split())


@pytest.mark.parametrize("name", PARSERS)
def test_every_option_has_a_line_in_the_help(name: str) -> None:
    for action in own_actions(PARSERS[name]):
        line = action.help or ""
        assert re.fullmatch(LINE, line), action
        told = re.search(r"default: ([^\s)]+)\)?$", line)
        if told is not None and action.default is not None:
            default = action.default
            assert told[1] == (f"{default:g}" if isinstance(default, float) else str(default)), action


def test_every_command_is_in_the_readme() -> None:
    text = README.read_text()
    assert [name for name in COMMANDS if f"hil {name}" not in text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_a_page_that_shows_its_command(name: str) -> None:
    text = "\n".join(text for text in (page.read_text() for page in PAGES) if f"hil {name}" in text)
    options = [option for action in own_actions(PARSERS[f"hil {name}"]) for option in action.option_strings]
    assert [option for option in options if not is_in(option, text)] == []


def test_every_command_line_of_the_pages_can_be_typed() -> None:
    lines = [arguments_in(line, "hil") for page in PAGES for line in shell_lines(page)]
    whole = [arguments for arguments in lines if arguments is not None]
    assert len(whole) > 20
    assert [shlex.join(arguments) for arguments in whole if not can_be_typed(arguments)] == []


@pytest.mark.parametrize("places", [shown, said])
def test_every_command_and_option_that_is_spoken_of_exists(places: Places) -> None:
    found = places("hil")
    assert len(found) > 30
    unknown = [
        f"{place}: hil {shlex.join(arguments)}: {option}"
        for place, arguments in found
        for option in options_of(arguments)
        if option not in PARSERS[command_of(arguments)]._option_string_actions
    ]
    assert unknown == []


@pytest.mark.parametrize(("places", "least"), [(shown, 8), (said, 3)])
def test_every_option_of_pytest_that_is_spoken_of_exists(
    places: Places, least: int, pytestconfig: pytest.Config
) -> None:
    handed_on = [
        (place, words[words.index("--") + 1 :])
        for place, words in places("hil")
        if words[:1] == ["nightly"] and "--" in words
    ]
    assert handed_on or places is said
    found = places("pytest")
    assert len(found) > least
    found += handed_on
    for _, arguments in found:
        for option in options_of(arguments):
            pytestconfig.getoption(option)  # ValueError where there is none


def test_every_option_of_the_bench_has_a_line_in_the_help(pytestconfig: pytest.Config) -> None:
    for option in pytestconfig._parser.getgroup("hil").options:
        assert re.fullmatch(LINE, option.attrs().get("help", "")), option.names()


def test_every_option_of_the_bench_is_in_the_readme(pytestconfig: pytest.Config) -> None:
    options = [name for option in pytestconfig._parser.getgroup("hil").options for name in option.names()]
    short = [name for name in options if not name.startswith("--hil-")]
    assert len(short) > 6
    text = README.read_text()
    assert [name for name in short if not is_in(name, text)] == []
    assert "`--hil-`" in text
