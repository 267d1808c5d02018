"""What is left behind by runs that are ended by kill -9, and by boards that are opened again and again.

    python benchmarks/endurance.py [--kind=KIND] [--cycles=N] [--kills=N] [--inside=N] [--seed=N]
                                   [-- ARGUMENTS]

With a KIND there is one emulated board of it, in a lab file and with `pool = false`, so that each run locks
it; else the built-in lab's pool. A twin may need a newer QEMU than the system's: name it in HIL_QEMU. A
cycle is `pytest --board=all` over a few images: open, flash, run, close; ARGUMENTS go to pytest too. Some
are ended by kill -9 at random moments, every other one of these while boards are open. After each, the
processes are counted that its surroundings gave birth to, and what lies where boards are listed and
temporary files are made; in the end, what the database holds. Then one process opens two boards, runs an
image on each and closes them again and again: its descriptors, threads and memory are counted. Everything
is in folders of its own. Exits with 1 when something leaked.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import shlex
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hil_db.liveness import status_now
from hil_db.records import Status

MODEL, IMAGES = "fastgrnn_digits", 3
ARGUMENTS = ("-p", "no:dash", "-p", "no:cacheprovider", "--board=all", f"--model={MODEL}", "--vectors=20")
BOARDS_SHARE = 0.4  # of a run's time, in which boards are open
END_S = 120.0  # for what a killed run leaves to end by itself
HALF_MADE_S = 60.0  # then the next run sweeps folders that nobody finished
GROWTH_MB = 8.0  # of a process that opens boards again and again, beyond its first cycles
KINDS = (
    *("emulators", "watchers", "probe processes", "other processes"),
    *("boards' folders", "stuck locks", "temporary files"),
)
WRONG = (
    *("half sessions", "orphaned rows", "damaged pages", "runs without a session"),
    *("finished runs without all their sessions", "dead runs that are taken for alive"),
)


@dataclass(frozen=True)
class Kill:
    """So many seconds after the start of a run, or after the first board was made."""

    after_s: float
    boards: bool


@dataclass
class Place:
    """Folders of the benchmark's own, and what was found of it so far."""

    folder: Path
    leaked: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    kills: list[bool] = field(default_factory=list)  # whether an emulator ran
    abandoned: int = 0  # cycles after which the next one has a folder to sweep away

    def __post_init__(self) -> None:
        for part in (self.boards, self.temporary):
            part.mkdir()

    @property
    def boards(self) -> Path:
        return self.folder / "boards"

    @property
    def locks(self) -> Path:
        """Files that stay, whoever locks them."""
        return self.boards / "locks"

    def listed(self) -> list[Path]:
        """The folders of boards."""
        return [one for one in self.boards.iterdir() if one != self.locks]

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def database(self) -> Path:
        return self.folder / "results.db"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "HIL_RUNTIME_DIR": str(self.boards), "TMPDIR": str(self.temporary)}

    def processes(self) -> dict[int, str]:
        """The kind of each process that has these surroundings, by its number."""
        mark = b"HIL_RUNTIME_DIR=" + os.fsencode(self.boards)
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # gone, or another user's
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found[int(process.name)] = _kind((process / "cmdline").read_bytes())
        return found

    def settle(self) -> None:
        """Wait for all processes to end by themselves; count, and end by force, those that do not.

        A run that is killed right after it made a board's folder leaves that to the next one.
        """
        deadline = time.monotonic() + END_S
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.leaked.update(left.values())
        self.leaked["stuck locks"] += sum(map(_is_locked, self.locks.glob("*")))
        self.abandoned += bool(self.listed())


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _kind(command: bytes) -> str:
    if b"watcher.py" in command:
        return "watchers"
    if b"-machine" in command:
        return "emulators"
    return "probe processes" if b"hil.flash.served" in command else "other processes"


def wait(run: subprocess.Popen[bytes], place: Place, kill: Kill) -> None:
    """Until the run is to be killed, or ends."""
    while kill.boards and run.poll() is None and not place.listed():
        time.sleep(0.005)
    with suppress(subprocess.TimeoutExpired):
        run.wait(kill.after_s)


def cycle(place: Place, arguments: list[str], kill: Kill | None) -> None:
    """One run; one that ends before it is to be killed has finished."""
    command = [sys.executable, "-m", "pytest", *ARGUMENTS, f"--db=sqlite:///{place.database}", *arguments]
    started = time.monotonic()
    with (place.folder / "said").open("w+b") as said:
        run = subprocess.Popen(command, cwd=place.folder, env=place.environment, stdout=said, stderr=said)
        if kill is not None:
            wait(run, place, kill)
        if kill is not None and run.poll() is None:
            run.kill()
            place.kills.append("emulators" in place.processes().values())
            run.wait()
        elif run.wait() != 0:
            said.seek(0)
            sys.exit(said.read().decode(errors="replace"))
        else:
            place.seconds.append(time.monotonic() - started)
    place.settle()


def cycles(place: Place, count: int, kills: int, seed: int, arguments: list[str]) -> None:
    """So many runs, so many of them killed; each moment of a run is as likely."""
    luck = random.Random(seed)
    cycle(place, arguments, None)  # tells how long one takes
    killed = set(luck.sample(range(1, count), kills))
    for number in range(1, count):
        before = len(place.kills)
        while number in killed and len(place.kills) == before:  # it may have ended first
            boards = before % 2 == 1
            most_s = statistics.median(place.seconds) * (BOARDS_SHARE if boards else 1.0)
            cycle(place, arguments, Kill(luck.uniform(0.0, most_s), boards))
        if number not in killed:
            cycle(place, arguments, None)


def sweep(place: Place, arguments: list[str]) -> None:
    """What killed runs left goes with a later one, once it is old enough; count what does not."""
    while any(time.time() - half.stat().st_mtime < HALF_MADE_S for half in place.boards.glob(".new-*")):
        time.sleep(1.0)
    cycle(place, arguments, None)
    place.leaked["boards' folders"] += len(place.listed())
    place.leaked["temporary files"] += len(list(place.temporary.iterdir()))


def of_the_database(place: Place) -> Iterator[str]:
    """What is wrong in it, by kind."""
    with closing(sqlite3.connect(place.database)) as database:
        yield from ("damaged pages" for (told,) in database.execute("pragma integrity_check") if told != "ok")
        runs = database.execute("select id, status, host, pid, pid_birth from run").fetchall()
        sessions = database.execute(
            "select s.run_id, s.status, s.model || s.precision, s.finished is not null, count(m.id) "
            "from session s left join measure m on m.session_id = s.id group by s.id"
        ).fetchall()
        alone = "select count(*) from {0} where {1} not in (select id from {2})"
        for part in (("measure", "session_id", "session"), ("session", "run_id", "run")):
            yield from ["orphaned rows"] * database.execute(alone.format(*part)).fetchone()[0]
    whole = {image: measures for _, status, image, _, measures in sessions if status == "finished"}
    of_run = Counter(run for run, *_ in sessions)
    for run, status, host, pid, birth in runs:
        now = status_now(status, host, pid, birth)
        if now is Status.RUNNING:
            yield "dead runs that are taken for alive"
        if now is Status.FINISHED and of_run[run] != IMAGES:
            yield "finished runs without all their sessions"
        if not of_run[run]:
            yield "runs without a session"
    for run, status, image, ended, measures in sessions:
        if status != "finished" or not ended or measures != whole.get(image):
            print(f"run {run}: {image} is {status}, with {measures} measures, not {whole.get(image)}")
            yield "half sessions"
    print(
        f"database: {len(runs)} runs ({sum(status == 'finished' for _, status, *_ in runs)} finished, the "
        f"others interrupted), {len(sessions)} sessions"
    )


def shared_kb() -> int:
    """All shared memory of this machine, whoever has it."""
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Shmem:"))


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    descriptors: int
    threads: int
    megabytes: float

    @classmethod
    def now(cls) -> Held:
        resident = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
        return cls(
            len(list(Path("/proc/self/fd").iterdir())),
            threading.active_count(),
            resident * os.sysconf("SC_PAGE_SIZE") / 1e6,
        )


def lab_of(kind: str, folder: Path) -> str:
    """The option that names a lab of one board of the kind, which a run locks."""
    path = folder / "lab.toml"
    path.write_text(f'[boards.one]\nkind = "{kind}"\npool = false\n', encoding="utf-8")
    return f"--lab={path}"


def inside(count: int, kind: str | None) -> None:
    """Open two boards, run an image on each, close them, in this process; exits with 1 when it holds more."""
    from hil.board import open_board
    from hil.flash.process import ProbeProcess
    from hil.image import Image, prebuilt_dir
    from hil.kinds import KINDS
    from hil.lab.boards import BoardSpec, builtin_lab
    from hil.models.vectors import load_vectors
    from hil.session import Session, first
    from hil.values import Precision

    spec = builtin_lab().boards[0] if kind is None else BoardSpec("one", KINDS[kind])
    vectors = first(load_vectors(MODEL, Precision.Q15), 5)
    image = Image.load(prebuilt_dir(spec.kind.image_kind) / f"{MODEL}-q15.elf")
    held = []
    for _ in range(count):
        with ExitStack() as stack:
            probes = stack.enter_context(ProbeProcess())
            for board in [stack.enter_context(open_board(spec, probes)) for _ in range(2)]:
                with Session(board, image) as session:
                    assert session.measure(vectors).value("golden_exact") == 1.0
        held.append(Held.now())
    early, last = held[min(2, count - 1)], held[-1]
    print(f"inside one process: {count} cycles of two boards, after three of them and in the end")
    for name in ("descriptors", "threads", "megabytes"):
        print(f"  {name}: {getattr(early, name):.0f}, {getattr(last, name):.0f}")
    same = (early.descriptors, early.threads) == (last.descriptors, last.threads)
    sys.exit(int(not same or last.megabytes > early.megabytes + GROWTH_MB))


def main() -> int:
    """All of it; 1 when something leaked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--inside", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("arguments", nargs="*")
    given = parser.parse_args()
    if not given.cycles:
        inside(given.inside, given.kind)
    shared, started = shared_kb(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hil-") as folder:  # short: sockets lie in it
        place = Place(Path(folder))
        lab = [] if given.kind is None else [lab_of(given.kind, place.folder)]
        arguments = [*lab, *given.arguments]
        cycles(place, given.cycles, given.kills, given.seed, arguments)
        sweep(place, arguments)
        print(
            f"{given.cycles} cycles of pytest {shlex.join([*ARGUMENTS[4:], *given.arguments])}"
            f"{'' if given.kind is None else f' on one {given.kind}'} in "
            f"{time.monotonic() - started:.0f} s, {len(place.kills)} ended by kill -9, "
            f"{sum(place.kills)} of those while an emulator ran (seed {given.seed}, {socket.gethostname()})"
        )
        wrong = Counter(of_the_database(place))
        for kind in (*KINDS, *WRONG):
            print(f"  {kind}: {place.leaked[kind] or wrong[kind]}")
        print(f"folders left to the next run, which swept them: after {place.abandoned} cycles")
        print(f"shared memory of the machine: {shared:,} kB before, {shared_kb():,} kB after")
        again = [sys.executable, __file__, f"--inside={given.inside}", "--cycles=0"]
        again += [] if given.kind is None else [f"--kind={given.kind}"]
        held = subprocess.run(again, env=place.environment).returncode if given.inside else 0
        place.settle()
    return int(bool(held or +place.leaked or wrong))


if __name__ == "__main__":
    sys.exit(main())
