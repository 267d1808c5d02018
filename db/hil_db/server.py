"""Engines for a database server: one that does not answer is left after a while, not waited for for good."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

CONNECT_S = 10  # for a server to let us in
ANSWER_S = 30.0  # for one to answer what it was asked


def connect(url: URL) -> Engine:
    """An engine for a server; ImportError without its driver. Nothing is connected yet.

    One that says nothing in CONNECT_S, or later in ANSWER_S, is an OperationalError: no statement of the lab
    takes as long.
    """
    given = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_S}
    # A connection that idled away between two long sessions is opened anew.
    engine = create_engine(url, connect_args=given, pool_pre_ping=True)

    @event.listens_for(engine, "do_connect")
    def _open(dialect: object, record: object, words: list[Any], options: dict[str, Any]) -> Any:
        return _impatient().connect(*words, **options)

    return engine


@cache
def _impatient() -> Any:
    """The driver's connection, but for how long it waits; imported with the first one."""
    import psycopg

    class Impatient(psycopg.Connection[Any]):
        def wait(self, *arguments: Any, **options: Any) -> Any:
            with _cut_after(ANSWER_S, self.fileno()) as was_cut:
                try:
                    return super().wait(*arguments, **options)
                except psycopg.OperationalError as error:
                    if was_cut():
                        raise psycopg.OperationalError(f"no answer in {ANSWER_S:g} s") from error
                    raise

    return Impatient


@contextmanager
def _cut_after(seconds: float, number: int) -> Iterator[Callable[[], bool]]:
    """Cut the connection of that descriptor unless the block ends in time; gives whether that happened.

    Whoever waits for it then sees it closed: the driver has no limit of its own.
    """
    held = os.dup(number)
    cut = threading.Event()

    def shut() -> None:
        cut.set()
        with suppress(OSError), socket.socket(fileno=os.dup(held)) as connection:
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield cut.is_set
    finally:
        timer.cancel()
        timer.join()
        os.close(held)
