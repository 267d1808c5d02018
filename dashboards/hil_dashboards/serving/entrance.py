"""Lets in who may look, and shows others where to log in; takes changes from its own pages alone."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable
from html import escape
from math import ceil
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, request

from hil.errors import HilError
from hil_dashboards.serving import users
from hil_dashboards.serving.access import Access, How, Person, is_local, told_by_proxy
from hil_dashboards.serving.guard import said
from hil_dashboards.serving.sessions import SESSION_S, Sessions
from hil_dashboards.serving.users import Role

COOKIE = "hil_session"
GUARD_HEADER = "X-HIL-Guard"
LOGIN, LOGOUT = "/login", "/logout"

_OPEN = frozenset({LOGIN, "/assets/style.css", "/assets/icon.svg"})
# What pages ask for: no use to lead it elsewhere.
_OF_PAGES = ("/content/", "/samples", "/comparing", "/worse", "/assets/", "/_", "/api/")
_INSIDE = re.compile(r"/(?![/\\])[^\\\x00-\x1f\x7f]*")
_READING = ("GET", "HEAD", "OPTIONS")

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in · HIL lab</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
</head>
<body>
<header><div class="wrap"><span class="brand">HIL lab</span></div></header>
<main class="wrap">
<form class="login card" method="post" action="/login">
<h1>Log in</h1>
{said}
<label>Name<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required
 maxlength="64" value="{name}"{first}></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required
 maxlength="256"{second}></label>
<input type="hidden" name="next" value="{next}">
<button>Log in</button>
</form>
</main>
</body>
</html>
"""


def person() -> Person | None:
    """Who the present request is of; None where nobody is told from others."""
    found: Person | None = g.person
    return found


def guard_entrance(server: Flask, access: Access) -> None:
    """Let a server answer only those whom ``access`` lets in, and give it a place to log in.

    HilError when log-ins cannot be kept.
    """

    @server.errorhandler(HilError)
    def failed(error: HilError) -> Response:
        logging.getLogger(__name__).error("%s", error)
        return said(503, "the dashboard cannot tell who you are: its log says why")

    if access.how is How.NOBODY:

        @server.before_request
        def this_machine() -> Response | None:
            g.person = None
            if is_local(request.environ):
                return None
            return said(403, "this dashboard is for its own machine: others need hil dashboard --auth")

        return

    sessions = Sessions(access.users.with_name(f"{access.users.name}.state"))
    find = _by_header(access, sessions) if access.how is How.HEADER else _by_cookie(access, sessions)

    @server.before_request
    def admit() -> Response | None:
        g.person = None
        if request.method not in _READING and not _is_own_origin():
            return said(403, "that was asked for by a page of another site")
        if request.path in _OPEN:
            return None
        g.person = find()
        if g.person is None:
            return _stranger(access)
        if request.method not in _READING and not _is_guarded(g.person):
            return said(403, "that page is of another log-in: reload it")
        return None

    @server.after_request
    def forget(response: Response) -> Response:
        if response.mimetype == "text/html":  # going back after a log-out asks anew
            response.headers["Cache-Control"] = "no-store"
        return response

    if access.how is How.USERS:
        _add_login(server, access, sessions)


def _by_cookie(access: Access, sessions: Sessions) -> Callable[[], Person | None]:
    def find() -> Person | None:
        token = request.cookies.get(COOKIE, "")
        held = sessions.whose(token) if token else None
        if held is None:
            return None
        name, mark = held
        user = users.read(access.users).get(name)
        if user is None or user.mark != mark:
            return None
        return Person(name, user.role, sessions.guard_of(token), logs_out=True)

    return find


def _by_header(access: Access, sessions: Sessions) -> Callable[[], Person | None]:
    def find() -> Person | None:
        name = told_by_proxy(access, request.environ)
        if name is None:
            return None
        user = users.read(access.users).get(name)
        role = user.role if user is not None else Role.READER
        return Person(name, role, sessions.guard_of(name), logs_out=False)

    return find


def _add_login(server: Flask, access: Access, sessions: Sessions) -> None:
    @server.get(LOGIN)
    def login() -> Response:
        return _form(200, "", request.args.get("next", ""))

    @server.post(LOGIN)
    def log_in() -> Response:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        further, address = request.form.get("next", ""), request.remote_addr or ""
        if not users.is_name(name):
            return _form(401, "Name or password is wrong.", further)
        wait = sessions.wait(name, address)
        if wait:
            answer = _form(429, f"Too many attempts: try again in {ceil(wait / 60)} minutes.", further, name)
            answer.headers["Retry-After"] = str(ceil(wait))
            return answer
        user = users.read(access.users).get(name)
        if not users.is_right(user, password) or user is None:
            return _form(401, "Name or password is wrong.", further, name)
        sessions.succeeded(name, address)
        sessions.end(request.cookies.get(COOKIE, ""))
        answer = _led(_inside(further))
        answer.set_cookie(
            COOKIE,
            sessions.begin(name, user.mark),
            max_age=SESSION_S,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
        return answer

    @server.post(LOGOUT)
    def log_out() -> Response:
        sessions.end(request.cookies.get(COOKIE, ""))
        answer = _led(LOGIN)
        answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
        return answer


def _stranger(access: Access) -> Response:
    if access.how is How.HEADER:
        return said(403, "the proxy in front of this dashboard did not say who you are")
    if request.method not in _READING or request.path.startswith(_OF_PAGES):
        return said(401, "log in first")
    return _led(f"{LOGIN}?next={quote(request.full_path.removesuffix('?'))}")


def _form(status: int, why: str, further: str, name: str = "") -> Response:
    """The page to log in at."""
    told = f'<p class="warning" role="alert">{escape(why)}</p>' if why else ""
    page = _PAGE.format(
        said=told,
        name=escape(name),
        next=escape(_inside(further)),
        first="" if name else " autofocus",
        second=" autofocus" if name else "",
    )
    return Response(page, status, mimetype="text/html")


def _led(address: str) -> Response:
    return Response(status=303, mimetype="text/html", headers={"Location": address})


def _inside(address: str) -> str:
    """An address of this dashboard; where it leads elsewhere, its first page."""
    return address if _INSIDE.fullmatch(address) else "/"


def _is_own_origin() -> bool:
    """Whether a request comes from a page of this server: browsers say so, whatever the page would like."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False


def _is_guarded(who: Person) -> bool:
    given = request.headers.get(GUARD_HEADER) or request.form.get("guard", "")
    return hmac.compare_digest(given.encode(), who.guard.encode())
