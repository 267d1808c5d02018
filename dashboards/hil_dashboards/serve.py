"""Serving the dashboard with waitress, to this machine alone unless told otherwise."""

from __future__ import annotations

import logging

from waitress.server import create_server

from hil.errors import HilError
from hil_dashboards.app import create_app

LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(url: str | None = None, host: str = "127.0.0.1", port: int = 8050) -> None:
    """Serve the dashboard of a database until Ctrl-C; prints the address first.

    Port 0 takes any free one. StoreError for a URL that is none, HilError when the port cannot be had.
    """
    app = create_app(url)
    try:
        if not 0 <= port <= 65535:  # the resolver would take the remainder
            raise ValueError("ports are 0 to 65535")
        server = create_server(app.server, host=host, port=port, threads=8)
    except (OSError, ValueError) as error:
        raise HilError(
            f"the dashboard cannot use port {port} of {host}",
            evidence=str(error),
            remedy="choose another with --port, or end the program that has it",
        ) from error
    taken = server.effective_listen[0][1] if hasattr(server, "effective_listen") else server.effective_port
    print(f"dashboard: http://{f'[{host}]' if ':' in host else host}:{taken} (Ctrl-C ends it)", flush=True)
    if host not in LOCAL:
        print(f"whoever reaches {host} can read it: it asks for no password", flush=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page asks for more at once than threads
    server.run()
