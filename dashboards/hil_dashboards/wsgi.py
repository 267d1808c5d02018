"""The dashboard for a WSGI server of one's own, such as gunicorn (docs/serving.md).

``gunicorn 'hil_dashboards.wsgi:application(auth="users", names=["lab.example"])'``
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flask import Flask

from hil_dashboards.app import create_app
from hil_dashboards.serving.access import chosen


def application(
    db: str | None = None,
    *,
    auth: str | None = None,
    users: str | None = None,
    proxies: Iterable[str] = (),
    user_header: str | None = None,
    names: Iterable[str] = (),
    lab: str | None = None,
) -> Flask:
    """The app as ``hil dashboard`` serves it with the options of the same names; ``names`` is --allow-host.

    Without ``auth`` this machine alone is answered, whatever the server listens on. HilError as the command
    has it.
    """
    file = Path(users) if users is not None else None
    access = chosen(auth, file, proxies, user_header)
    app = create_app(db, names=names, access=access, lab=Path(lab) if lab is not None else None)
    server: Flask = app.server
    return server
