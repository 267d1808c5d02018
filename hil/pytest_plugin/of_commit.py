"""`pytest --board` over a commit's sources, for `hil bisect`: in a process and with an ini file of its own.

    python -P -m hil.pytest_plugin.of_commit REQUEST

REQUEST is a JSON object of the fields of ``hil.bisect.trial.Request``. The process ends in order, as by
SIGTERM, once its standard input is closed: whoever started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from hil import resources
from hil.bisect.trial import Request
from hil.commit import Commit
from hil.pytest_plugin.options import GIVEN, Given, run_if_any


class _OfCommit:
    """Tells the run what it is of, and whoever asked for it which run it was."""

    def __init__(self, request: Request) -> None:
        self._request = request

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        request = self._request
        config.stash[GIVEN] = Given(Commit(request.commit, False, request.note), request.command)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        run = run_if_any(session.config)
        if run is not None and run.run_id is not None:
            Path(self._request.result).write_text(str(run.run_id), encoding="ascii")


def _end_with_owner() -> None:
    """Whatever else this process starts does not hold the pipe."""
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def wait() -> None:
        while os.read(pipe, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: list[str]) -> int:
    """Run it; the exit code is pytest's."""
    request = Request(**json.loads(arguments[0]))
    _end_with_owner()
    resources.use(None if request.data is None else Path(request.data))
    return int(pytest.main([*request.arguments], plugins=[_OfCommit(request)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
