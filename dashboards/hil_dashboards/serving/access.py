"""Who may look at the dashboard, and who somebody is: told by a log-in of its own, or by a reverse proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from hil.errors import HilError
from hil_dashboards.serving import users
from hil_dashboards.serving.users import Role

HEADER_USUAL = "X-Remote-User"
PEER = "hil.peer"  # in a request's environment: the address that it came from, whatever a proxy says
UNIX = "unix"  # stands for what has no address: whoever may open the server's socket

Wsgi = Callable[[dict[str, Any], Any], Any]


class How(StrEnum):
    """What tells who somebody is."""

    NOBODY = "nobody"  # nothing: everyone on this machine reads
    USERS = "users"
    HEADER = "header"


@dataclass(frozen=True)
class Access:
    """``users`` is the file of users; ``proxies`` are the addresses whose word on others counts.

    ``header`` is where a proxy says who somebody is.
    """

    how: How
    users: Path
    proxies: frozenset[str] = frozenset()
    header: str = HEADER_USUAL


@dataclass(frozen=True)
class Person:
    """Somebody who was let in; ``guard`` is what changes that they ask for have to come with."""

    name: str
    role: Role
    guard: str
    logs_out: bool

    @property
    def triages(self) -> bool:
        """Whether they may decide what becomes of a regression."""
        return self.role is Role.TRIAGE


def chosen(
    how: str | None = None,
    file: Path | None = None,
    proxies: Iterable[str] = (),
    header: str | None = None,
) -> Access:
    """What was asked for; ``how`` None: nobody is told from others.

    HilError for what says nothing, or would let everybody in.
    """
    known = frozenset(_address(one) for one in proxies)
    way = How.NOBODY if how is None else How(how)
    if way is How.HEADER and not known:
        raise HilError(
            "whoever asks could say who they are",
            evidence="--auth=header without the address of the proxy that tells",
            remedy="name it with --proxy",
        )
    if way is not How.HEADER and header is not None:
        raise HilError(
            "--user-header tells nothing without --auth=header", remedy="add it, or leave both out"
        )
    if way is How.NOBODY:
        return Access(way, Path(), known)
    path = (file if file is not None else users.default_file()).absolute()
    if not users.read(path) and way is How.USERS:
        raise HilError(
            f"nobody could log in: there is no user in {path}",
            remedy="add one with `hil dashboard user add`, or name another file with --users",
        )
    return Access(way, path, known, header or HEADER_USUAL)


def told_by_proxy(access: Access, environ: Mapping[str, Any]) -> str | None:
    """Whom a request is of, as the proxy says that it came from; None where it did not, or does not say."""
    if environ[PEER] not in access.proxies:
        return None
    name = str(environ.get(f"HTTP_{access.header.upper().replace('-', '_')}", ""))
    return name if users.is_name(name) else None


def is_local(environ: Mapping[str, Any]) -> bool:
    """Whether a request comes from this machine, and, by the word of a known proxy, its visitor too."""
    return all(_is_here(one) for one in (environ[PEER], environ.get("REMOTE_ADDR") or UNIX))


def _is_here(address: str) -> bool:
    try:
        return address == UNIX or bool(ip_address(address).is_loopback)
    except ValueError:  # what a proxy wrote
        return False


class Proxied:
    """A WSGI app that is told of its visitors' address and scheme by the proxies alone that it knows."""

    def __init__(self, app: Wsgi, proxies: frozenset[str]) -> None:
        self._direct = app
        self._behind = ProxyFix(app, x_for=1, x_proto=1)
        self._proxies = proxies

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        """As WSGI has it."""
        environ[PEER] = _address(environ.get("REMOTE_ADDR") or UNIX)
        return (self._behind if environ[PEER] in self._proxies else self._direct)(environ, start)


def _address(text: str) -> str:
    """An address as all that mean the same are written; HilError for a name: it may come to mean another."""
    if text == UNIX:
        return text
    try:
        address = ip_address(text)
    except ValueError as error:
        raise HilError(
            f"the proxy {text!r} is no address", remedy="name it as 192.0.2.7 or ::1, or unix for a socket"
        ) from error
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
