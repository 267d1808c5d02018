"""`hil dashboard` ends when it is told to, whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from children import interruptible, uninterruptible
from hil_db.store import Store

END_S = 600


@pytest.mark.parametrize(
    ("wrap", "number", "code"),
    [
        (interruptible, signal.SIGINT, (0, 130)),
        (interruptible, signal.SIGTERM, (-signal.SIGTERM, 143)),
        (uninterruptible, signal.SIGTERM, (-signal.SIGTERM, 143)),
    ],
)
def test_a_served_dashboard_ends_by_signal(
    wrap: Callable[[Sequence[str]], list[str]], number: int, code: tuple[int, int], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'results.db'}"
    with Store.open(url):
        pass
    command = [sys.executable, "-m", "hil", "dashboard", "--db", url, "--port", "0"]
    server = subprocess.Popen(wrap(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("dashboard: http://127.0.0.1:")
        os.kill(server.pid, number)
        _, said = server.communicate(timeout=END_S)
        assert server.returncode in code
        assert "Traceback" not in said
    finally:
        server.kill()
        server.communicate()


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'typo.db'}"
    command = [sys.executable, "-m", "hil", "dashboard", "--db", url, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("dashboard: http://127.0.0.1:")
            said = server.stdout.readline()
        finally:
            server.kill()
    assert f"there is no database {tmp_path / 'typo.db'} yet" in said
    assert "pytest --board=all" in said
