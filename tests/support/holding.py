"""Sessions of a bench in another process that stand still until something has happened.

What a test does while a session streams then comes while it streams, however fast the machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NEVER = "never"
LIMIT_S = 600.0  # there for a hang
_STEP_S = 0.01
_CONFTEST = """
import sys
sys.path.insert(0, {support!r})
import holding
holding.stand({folder!r}, {images!r}, {until!r})
"""


def hold(folder: Path, *images: str, until: str = NEVER) -> None:
    """Let sessions of these images, in benches that run in the folder, stand at their first vector.

    They go on once the file ``until`` is in the folder, or end as the run is ended. May be called again, for
    other images.
    """
    text = _CONFTEST.format(
        support=str(Path(__file__).parent), folder=str(folder), images=images, until=until
    )
    with (folder / "conftest.py").open("a") as conftest:
        conftest.write(text)


def standing(image: str) -> str:
    """The file that is in the folder once a session of a held image stands."""
    return f"{image.replace('/', '-')}.stands"


def stand(folder: str, images: tuple[str, ...], until: str) -> None:
    """In the bench's own process: hold its sessions."""
    from hil.session import Session

    measure = Session.measure

    def held(self: Session, vectors: Any, progress: Any = None, *others: Any) -> Any:
        def tell(done: int, total: int) -> None:
            if progress is not None:
                progress(done, total)
            if done == 1:
                Path(folder, standing(self.image.name)).touch()
                while not Path(folder, until).exists():
                    self.board.clock()  # raises, once the run is being ended
                    time.sleep(_STEP_S)

        return measure(self, vectors, tell if self.image.name in images else progress, *others)

    Session.measure = held  # type: ignore[method-assign]


def wait_for(path: Path) -> None:
    """Until a file is there; fails when it never comes."""
    wait_until(path.exists, f"{path.name} is not there")


def wait_until(happened: Callable[[], object], not_yet: str) -> None:
    """Until something has happened that nobody tells of; fails with ``not_yet`` when it never does."""
    deadline = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < deadline, f"{not_yet} after {LIMIT_S:.0f} s"
        time.sleep(_STEP_S)
