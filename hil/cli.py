"""The command `hil`: its parser, and what its exit codes mean; the commands are in `hil.commands`."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from hil.commands import COMMANDS, GROUPS
from hil.errors import HilError, refusal
from hil.masking import masked
from hil.text.streams import OutputError, standard_streams

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 when something was found wrong, 2 for unusable arguments.

    What cannot be done is a line, and 1, or what the command says in its FAILED. Output that cannot be
    written is that, too; but where its reader has gone (`hil export | head`) the command ends silently with
    0. Ctrl-C is 130.
    """
    failed = 1
    with standard_streams():
        try:
            try:
                options = parser().parse_args(arguments)
                failed = options.failed
                code: int = options.command(options)
            except SystemExit as ended:  # argparse has said why
                code = int(ended.code or 0)
            sys.stdout.flush()  # what waits in a buffer would fail later, where nobody can say so
        except OutputError as error:
            return 0 if error.reader_gone else _refused(str(error), failed)
        except HilError as error:
            return _refused(str(error), failed)
        except OSError as error:
            return _refused(refusal(error), failed)
        except KeyboardInterrupt:
            return 130
        except Exception:  # noqa: BLE001 - for Python a fault of ours is 1, which is a gate's finding
            traceback.print_exc()
            return failed
        return code


def _refused(why: str, code: int) -> int:
    with suppress(OutputError):
        sys.stdout.flush()  # what was found before comes first
    print(f"hil: {why}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    arguments: Callable[[argparse.ArgumentParser], None] | None = None

    def complete(self) -> None:
        """Add what the command takes; until then there is its name alone."""
        if self.arguments is not None:
            self.arguments(self)
            self.arguments = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, which asks the parser of the command that was given, and no other."""
        self.complete()
        return super().parse_known_args(args, namespace)

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """As argparse does, but an error in writing is one."""
        print(self.format_help(), end="", file=file)

    def error(self, message: str) -> NoReturn:
        """As argparse does, but what it quotes may be a database's URL in the wrong place."""
        super().error(masked(message))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from hil.provenance import version_line

        print(version_line())
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The parser of every command; ``options.command`` is what to call with the options.

    That of a command has its arguments once it is used, or ``complete``.
    """
    whole = _Parser(
        prog="hil",
        description="Hardware-in-the-loop lab for TinyML. `pytest --board=all` runs the bench.",
        epilog="Exit code: 0; 1 when something was found wrong or cannot be done; 2 for unusable arguments.",
    )
    whole.add_argument("--version", action=_Version, nargs=0, help="show the lab's version and its tools'")
    whole.set_defaults(command=_help_of(whole), failed=1)
    places = {"": whole.add_subparsers(metavar="COMMAND")}
    for name, command in COMMANDS.items():
        group, _, word = name.rpartition(" ")
        if group not in places:
            places[group] = _add_group(places[""], group)
        one = places[group].add_parser(word, help=command.HELP)
        one.arguments = command.arguments
        one.set_defaults(command=command.run, failed=getattr(command, "FAILED", 1))
    return whole


def _add_group(commands: Any, name: str) -> Any:
    """Where a group's commands are added; alone it prints their help."""
    group = GROUPS[name]
    one = commands.add_parser(name, help=group.help)
    one.set_defaults(command=_help_of(one), failed=1)
    return one.add_subparsers(metavar=group.metavar)


def _help_of(one: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    def show(_: argparse.Namespace) -> int:
        one.print_help()
        return 0

    return show
