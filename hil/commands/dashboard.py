"""`hil dashboard`: the results in the browser, and who may look at them there."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from hil.errors import HilError

HELP = "show the results in the browser"

_USERS = "default: dashboard-users in the folder of the lab's data"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which database, for whom."""
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--port", type=int, default=8050, help="default: 8050")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a name that browsers know it by"
    )
    parser.add_argument(
        "--auth",
        choices=["users", "header"],
        help="let in people of the file of users, who log in, or whom a reverse proxy names",
    )
    parser.add_argument("--users", type=Path, metavar="FILE", help=_USERS)
    parser.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="where a reverse proxy's requests come from",
    )
    parser.add_argument(
        "--user-header", metavar="NAME", help="where the proxy says who it is; default: X-Remote-User"
    )
    parser.add_argument(
        "--lab", type=Path, metavar="FILE", help="what its page of boards tells quarantine from"
    )
    user = parser.add_subparsers(metavar="[user ACTION]").add_parser("user", help="who may log in")
    user.set_defaults(command=partial(_help, user))
    actions = user.add_subparsers(metavar="ACTION")
    for word, line, run_it in (
        ("add", "let someone in, or give them another role and password", _add),
        ("list", "who there is, and what they may do", _list),
        ("remove", "let someone in no more", _remove),
    ):
        action = actions.add_parser(word, help=line)
        # Without a default of its own: it would take the place of what stands before `user`.
        action.add_argument("--users", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=_USERS)
        if word != "list":
            action.add_argument("name", metavar="NAME", help="up to 64 letters, digits and . _ @ + -")
        if word == "add":
            action.add_argument(
                "--role",
                choices=["reader", "triage"],
                default="reader",
                help="who triages also decides what becomes of a regression; default: reader",
            )
            action.add_argument(
                "--no-password", action="store_true", help="for one whom a reverse proxy names"
            )
        action.set_defaults(command=run_it)


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help()
    return 0


def run(options: argparse.Namespace) -> int:
    """Serve until it is ended; HilError without the extra that brings it."""
    with _extra():
        from hil_dashboards.serve import serve
        from hil_dashboards.serving.access import chosen

    access = chosen(options.auth, options.users, options.proxy, options.user_header)
    serve(options.db, options.host, options.port, options.allow_host, access, options.lab)
    return 0


def _add(options: argparse.Namespace) -> int:
    with _extra():
        from hil_dashboards.serving import users

    path = options.users or users.default_file()
    held = users.read(path)
    users.made(options.name, users.Role(options.role), None)  # before a password is asked for
    password = None if options.no_password else _password()
    new = users.made(options.name, users.Role(options.role), password)
    users.write(path, {**held, new.name: new})
    print(f"{new.name} ({new.role}) {'changed' if new.name in held else 'added'} in {path}")
    return 0


def _list(options: argparse.Namespace) -> int:
    with _extra():
        from hil_dashboards.serving import users

    path = options.users or users.default_file()
    held = users.read(path)
    for user in held.values():
        print(f"{user.name}  {user.role}{'' if user.password else '  through a proxy alone'}")
    if not held:
        print(f"no user in {path}; `hil dashboard user add` makes one")
    return 0


def _remove(options: argparse.Namespace) -> int:
    with _extra():
        from hil_dashboards.serving import users

    path = options.users or users.default_file()
    held = users.read(path)
    if options.name not in held:
        raise HilError(f"there is no user {options.name} in {path}", remedy="see `hil dashboard user list`")
    users.write(path, {name: user for name, user in held.items() if name != options.name})
    print(f"{options.name} removed from {path}; log-ins of theirs have ended")
    return 0


def _password() -> str:
    """What is typed, twice and unseen; or the first line of what is not a terminal."""
    import getpass
    import sys

    try:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        password = getpass.getpass("Password: ")
        again = getpass.getpass("The same again: ")
    except (EOFError, UnicodeDecodeError) as error:
        raise HilError(
            "no password was given",
            evidence=str(error) or "the input ended",
            remedy="type one, or write it to standard input in UTF-8",
        ) from error
    if again != password:
        raise HilError("the two passwords differ", remedy="type the same twice")
    return password


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise HilError(
            "the dashboard is not installed",
            evidence=f"no module {error.name}",
            remedy="pip install 'hil-lab[dashboard]'",
        ) from error
