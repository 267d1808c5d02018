"""A PostgreSQL server of its own, for tests of what the store does with one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from needs import absent

TOOLS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
NUMBERS = count(1)


def run_as_postgres(*words: str) -> None:
    """The server refuses to run as root; what it prints goes to a file that no child keeps open."""
    as_other = ("runuser", "-u", "postgres", "--") if os.getuid() == 0 else ()
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run([*as_other, *words], stdout=said, stderr=said, check=False, cwd="/")
        said.seek(0)
        assert ended.returncode == 0, said.read().decode()


class Server:
    """One that runs; its socket lies in ``folder``."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._control = (f"{TOOLS}/pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c timezone=Asia/Kolkata"
        run_as_postgres(*self._control, "-o", options, "start")

    def stop(self) -> None:
        """At once, as if it had died: open connections are cut."""
        run_as_postgres(*self._control, "-m", "immediate", "stop")

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Inside, all its processes are stopped: the system still takes connections, nobody answers."""
        first = Path(f"{self.folder}/data/postmaster.pid").read_text(encoding="utf-8").split()[0]
        of_it = Path(f"/proc/{first}/task/{first}/children")
        stopped = [int(first)]
        os.kill(int(first), signal.SIGSTOP)  # it starts no more of them
        while Path(f"/proc/{first}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)
        for child in of_it.read_text(encoding="utf-8").split():
            os.kill(int(child), signal.SIGSTOP)
            stopped.append(int(child))
        try:
            yield
        finally:
            for process in reversed(stopped):
                os.kill(process, signal.SIGCONT)

    def new_database(self) -> str:
        """The URL of a database that is empty."""
        name = f"lab{next(NUMBERS)}"
        admin = create_engine(
            f"postgresql+psycopg://lab@/postgres?host={self.folder}", isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return f"postgresql://lab:secret@/{name}?host={self.folder}"


@contextmanager
def running_server() -> Iterator[Server]:
    """Makes a cluster in a temporary folder and starts it; skips the test where nothing is installed."""
    pytest.importorskip("psycopg")
    if TOOLS is None:
        absent("no PostgreSQL server is installed")
    with tempfile.TemporaryDirectory(prefix="hil-pg-") as folder:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        words = ("-D", f"{folder}/data", "-A", "trust", "-U", "lab", "-N", "--locale=C", "-E", "UTF8")
        run_as_postgres(f"{TOOLS}/initdb", *words)
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            if Path(f"{folder}/data/postmaster.pid").exists():
                server.stop()
