"""What the dashboard refuses: names that are not its own, callbacks, large bodies."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from dash.exceptions import DependencyException
from flask import Flask, Response, request

BODY_MOST = 64 * 1024  # bytes
_SHOWN_MOST = 60  # letters of a name in an answer

# Nothing comes from elsewhere. Dash and Plotly write scripts and styles into the page, hence unsafe-inline.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'none'"
)


def guard(server: Flask, host: str, names: Iterable[str] = ()) -> None:
    """Let a server answer only requests that are meant for it, in one line what it does not answer.

    ``host`` is what it listens on, ``names`` are those that it is known by besides. A page of another site
    that has its own name point to this machine would otherwise be able to read all results.
    """
    known = _known(host, names)
    loopback = is_loopback(host)
    server.config["MAX_CONTENT_LENGTH"] = BODY_MOST

    @server.before_request
    def refuse() -> Response | None:
        given = request.environ.get("HTTP_HOST")
        if given is not None and not _is_meant(given, known, loopback):
            name = given[:_SHOWN_MOST]
            return _said(
                403,
                f"this dashboard is not known as {name}; if it should be: hil dashboard --allow-host {name}",
            )
        if request.method == "POST" and request.path == "/_dash-update-component":
            return _said(400, "this dashboard has no callbacks: pages come from GET /content/…")
        return None

    @server.after_request
    def tell(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @server.errorhandler(DependencyException)
    def no_such_script(_: Exception) -> Response:
        return _said(404, "there is no such script")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _known(host: str, names: Iterable[str]) -> frozenset[str]:
    own = [] if is_loopback(host) else [socket.gethostname(), f"{socket.gethostname()}.local"]
    return frozenset(_plain(name) for name in ("localhost", host, *own, *names))


def _is_meant(given: str, known: frozenset[str], loopback: bool) -> bool:
    """Whether a Host header names this server; an address, unlike a name, cannot be made to point here."""
    try:
        name = urlsplit(f"//{given}").hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(name).is_loopback or not loopback
    except ValueError:
        return _plain(name) in known


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _said(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, mimetype="text/plain")
