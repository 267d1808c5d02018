"""Stores about once a second how far a run is, for whoever looks at the dashboard; no board waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy.engine import URL

from hil.beside import crowded
from hil.errors import StoreError
from hil_db.progress import Progress, Teller
from hil_db.records import RunInfo

EVERY_S = 1.0
_CLOSE_S = 5.0  # for a database that somebody else holds


class Telling:
    """A thread of its own, from ``begin`` to ``close``, which removes what was told.

    ``look`` is asked there how far the run is. ``refused`` is why the database took the last of it not.
    """

    def __init__(
        self, url: URL, info: RunInfo, look: Callable[[], Progress], every_s: float = EVERY_S
    ) -> None:
        self.refused: StoreError | None = None
        self._url = url
        self._info = info
        self._look = look
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to tell; what keeps it from that only keeps the dashboard from showing the run.

        Where few files may be open it does not begin: boards would meet the limit instead.
        """
        if crowded():
            return
        thread = threading.Thread(target=self._tell, name="progress", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self.refused = StoreError("the system gives no thread", evidence=str(error))
        else:
            self._thread = thread

    def close(self) -> None:
        """The run has ended."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def _tell(self) -> None:
        try:
            with Teller(self._url, self._info) as teller:
                while True:
                    self._once(teller)
                    if self._ended.wait(self._every_s):
                        return
        except StoreError as error:
            self.refused = error

    def _once(self, teller: Teller) -> None:
        """One that the database refuses, as while somebody else writes for long, is followed by the next."""
        try:
            teller.tell(self._look())
            self.refused = None
        except StoreError as error:
            self.refused = error
