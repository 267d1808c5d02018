"""Serving the dashboard with waitress, to this machine alone unless told otherwise."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from waitress.server import create_server

from hil.errors import HilError
from hil_dashboards.app import create_app
from hil_dashboards.serving.access import Access, How, chosen
from hil_dashboards.serving.guard import BODY_MOST, is_loopback
from hil_db import engine

# Requests that never end must not keep others out: waitress polls, since select() ends at 1,024 files.
_LIMITS: Any = {
    "threads": 8,
    "connection_limit": 500,
    "channel_timeout": 20,  # seconds without a byte
    "cleanup_interval": 2,
    "asyncore_use_poll": True,
    "max_request_header_size": BODY_MOST,
    "max_request_body_size": BODY_MOST,
    "clear_untrusted_proxy_headers": False,  # the app heeds those of its own proxies alone
}


_M_ARENA_MAX, _ARENAS = -8, 2  # glibc's malloc.h


def _share_memory() -> None:
    """Let threads share what others freed: each has an arena of its own otherwise, a tenth more memory."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, _ARENAS)


def serve(
    url: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8050,
    names: Iterable[str] = (),
    access: Access | None = None,
    lab: Path | None = None,
) -> None:
    """Serve the dashboard of a database until Ctrl-C; prints the address first, and that there is none yet.

    Port 0 takes any free one. Browsers may know it by ``host``, by this machine's name and by ``names``.
    ``access`` says who is let in; None: who is on this machine. ``lab`` is the file that names the boards.
    StoreError for a URL that is none, HilError when the port cannot be had, log-ins cannot be kept, or others
    would reach it and nothing told who they are.
    """
    access = access if access is not None else chosen()
    if access.how is How.NOBODY and not is_loopback(host):
        raise HilError(
            f"whoever reaches {host} could read all results",
            evidence="--auth does not say who may",
            remedy="let people log in with --auth=users, or leave out --host: it is for this machine then",
        )
    _share_memory()
    app = create_app(url, host, names, access, lab)
    try:
        if not 0 <= port <= 65535:  # the resolver would take the remainder
            raise ValueError("ports are 0 to 65535")
        server = create_server(app.server, host=host, port=port, **_LIMITS)
    except (OSError, ValueError) as error:
        raise HilError(
            f"the dashboard cannot use port {port} of {host}",
            evidence=str(error),
            remedy="choose another with --port, or end the program that has it",
        ) from error
    taken = server.effective_listen[0][1] if hasattr(server, "effective_listen") else server.effective_port
    print(f"dashboard: http://{f'[{host}]' if ':' in host else host}:{taken} (Ctrl-C ends it)", flush=True)
    path = engine.file_of(engine.parse(url))
    if path is not None and engine.is_missing(path):
        made = f"{engine.bench_command(engine.parse(url))} makes it"
        print(f"there is no database {path} yet: pages say so until {made}", flush=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page asks for more at once than threads
    server.run()
