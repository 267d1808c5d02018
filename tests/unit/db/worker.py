"""A process of its own that uses the store, for tests of what other processes do to it.

Prints one line for each thing that was acknowledged; a StoreError as ``refused: …`` with exit code 3.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from datetime import UTC, datetime

import numpy as np

from hil.errors import StoreError
from hil.image import Manifest
from hil.values import Measure, Method, Precision, Samples
from hil_db.export import export
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

LINUX_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h


def record(number: int) -> SessionRecord:
    """A session whose every value can be told from its number."""
    now = datetime.now(UTC)
    image = Manifest(
        kind="k",
        model="m",
        precision=Precision.F32,
        sha256=f"{number % 7:064x}",
        source_sha256="b" * 64,
        build_id="b" * 32,
        toolchain="gcc",
        sections={"text": number},
        features=8,
        min_steps=8,
        max_steps=8,
        outputs=10,
        vectors_sha256="c" * 64,
    )
    return SessionRecord(
        board=f"board-{number}",
        kind="k",
        model="m",
        precision="f32",
        started=now,
        finished=now,
        status=Status.FINISHED,
        manifest=image,
        measures=tuple(
            Measure(f"metric_{index}", number + index, "1", Method.COUNTED, "link") for index in range(8)
        ),
        samples=(
            Samples("ticks", np.arange(2000) * 7919 % 65521 + number, "ticks", Method.COUNTED, "timer"),
        ),
    )


def save(url: str, count: int, busy_s: float) -> None:
    with Store.open(url, busy_s=busy_s) as store:
        run = store.begin_run(RunInfo(datetime.now(UTC), "worker"))
        print("run", run, flush=True)
        for number in range(count):
            print("saved", run, store.save_session(run, record(number)), number, flush=True)
        store.finish_run(run, Status.FINISHED)
        print("finished", run, flush=True)


def drop_privileges() -> None:
    """Make file modes count for root too; another user could not read a checkout in root's own folder."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)  # of this process
    none = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: twice 32 bits
    if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def main() -> int:
    action, url, *rest = sys.argv[1:]
    if "unprivileged" in rest:
        drop_privileges()
    for word in rest:
        if word.startswith("fsize="):
            size = int(word.removeprefix("fsize="))
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        if action == "save":
            save(url, int(rest[0]), 600.0)  # slow disks, and writers are let in by chance
        elif action == "read":
            export(url, "all", "csv", sys.stdout)
    except StoreError as error:
        print("refused:", error, flush=True)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
