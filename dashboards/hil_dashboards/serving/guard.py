"""What the dashboard refuses: names that are not its own, callbacks, large bodies."""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

from dash.exceptions import DependencyException
from flask import Flask, Response, request

BODY_MOST = 64 * 1024  # bytes
_SHOWN_MOST = 60  # letters of a name in an answer

# Nothing comes from elsewhere, no text becomes a script. Plotly and AG Grid write styles into the page, which
# have no hash that could be told beforehand.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# Whatever else is of this origin alone. With no-referrer a form would say that it is from nowhere.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_INLINE = re.compile(r"<script(?P<told>[^>]*)>(?P<code>.*?)</script>", re.DOTALL)


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
            return said(
                403,
                f"this dashboard is not known as {name}; if it should be: hil dashboard --allow-host {name}",
            )
        if request.method == "POST" and request.path == "/_dash-update-component":
            return said(400, "this dashboard has no callbacks: pages come from GET /content/…")
        return None

    @server.after_request
    def tell(response: Response) -> Response:
        inline = scripts_in(response.get_data(as_text=True)) if response.mimetype == "text/html" else ()
        allowed = " ".join(["'self'", *(f"'sha256-{one}'" for one in inline)])
        response.headers["Content-Security-Policy"] = _POLICY.format(scripts=allowed)
        response.headers.update(_HEADERS)
        return response

    @server.errorhandler(DependencyException)
    def no_such_script(_: Exception) -> Response:
        return said(404, "there is no such script")


def scripts_in(page: str) -> list[str]:
    """The hashes of the scripts that stand in a page itself, as a policy names them: base64 of SHA-256."""
    codes = [one["code"] for one in _INLINE.finditer(page) if "src=" not in one["told"]]
    return [b64encode(sha256(code.encode()).digest()).decode() for code in codes]


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
        address = ip_address(name)
    except ValueError:
        return _plain(name) in known
    return address.is_loopback or not loopback or str(address) in known


def _plain(name: str) -> str:
    """A name, or an address as all that mean the same are written; with the brackets of a URL or without."""
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        return name.lower().removesuffix(".")


def said(status: int, words: str) -> Response:
    """An answer of one line."""
    return Response(f"{words}\n", status, mimetype="text/plain")
