"""The dashboard within gunicorn, with two workers, behind a socket as a proxy uses it."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from children import interruptible
from hil_dashboards.serving import users
from hil_db.store import Store

WAIT_S = 300  # there for a hang
PASSWORD = "correct horse battery"


class Connection(http.client.HTTPConnection):
    """To a socket of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=WAIT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WAIT_S)
        self.sock.connect(str(self._path))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    with Store.open(url):
        pass
    file = tmp_path / "users"
    users.write(file, {"ann": users.made("ann", users.Role.READER, PASSWORD)})
    path = tmp_path / "socket"
    app = f"hil_dashboards.wsgi:application({url!r}, auth='users', users={str(file)!r}, proxies=['unix'])"
    command = [sys.executable, "-m", "gunicorn", "--workers=2", f"--bind=unix:{path}", app]
    server = subprocess.Popen(interruptible(command), stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert server.stderr is not None
        said = []
        while not any("Listening at" in line for line in said):
            said.append(server.stderr.readline())
            assert said[-1], "".join(said)
        yield path
    finally:
        server.terminate()  # it ends its workers
        server.communicate()


def ask(place: Path, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
    connection = Connection(place)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_workers_share_log_ins_and_believe_their_proxy(place: Path) -> None:
    assert ask(place, "GET", "/content/").status == 401
    form = urllib.parse.urlencode({"name": "ann", "password": PASSWORD, "next": "/series"})
    proxied = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https", "Origin": "https://localhost"}
    typed = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(place, "POST", "/login", form, **proxied, **typed)
    assert (answer.status, answer.headers["Location"]) == (303, "/series")
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    (token,) = re.findall(r"hil_session=[^;]*", cookie)
    assert {ask(place, "GET", "/content/", Cookie=token).status for _ in range(10)} == {200}
