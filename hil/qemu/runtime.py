"""Where running emulators are listed: one folder each, locked for as long as the emulator lives.

A folder whose lock is free belongs to nobody any more, whatever its process ids say, and is swept away.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from hil.beside import KILLS
from hil.errors import ProbeError, remedy_for
from hil.qemu.watcher import GONE, remove

RUNTIME_DIR_VARIABLE = "HIL_RUNTIME_DIR"
_HALF_MADE = ".new-"
_HALF_MADE_LIFETIME_S = 60.0
_STDERR_LENGTH = 400
_LONGEST_SOCKET_PATH = 107  # bytes of sun_path on Linux, without the closing zero
_LONGEST_SOCKET_NAME = 40  # of an emulator's folder, and a socket in it


@dataclass(frozen=True)
class RunningBoard:
    """What the folder of one running emulator says of it.

    ``vendor_algorithm``: the flash algorithm runs on its core, for a plug-in has the registers it writes.
    """

    unique_id: str
    name: str
    machine: str
    folder: Path
    vendor_algorithm: bool = False

    @property
    def gdb_socket(self) -> Path:
        return self.folder / "gdb.sock"

    @property
    def qmp_socket(self) -> Path:
        return self.folder / "qmp.sock"

    @property
    def health_socket(self) -> Path:
        return self.folder / "health.sock"

    @property
    def serial_socket(self) -> Path:
        return self.folder / "serial.sock"

    @property
    def stderr(self) -> Path:
        return self.folder / "stderr.log"

    @property
    def exit_file(self) -> Path:
        return self.folder / "exit"

    @property
    def was_killed(self) -> bool:
        """Whether a signal from outside ended it, or it went together with its watcher."""
        try:
            return -int(self.exit_file.read_text(encoding="utf-8")) in KILLS
        except (OSError, ValueError):
            return True

    def how_it_ended(self) -> str:
        """One sentence on an emulator that is gone, with what it said."""
        try:
            status = int(self.exit_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            how = "QEMU ended together with its watcher"
        else:
            how = (
                f"QEMU ended by {_signal_name(-status)}"
                if status < 0
                else f"QEMU ended with exit code {status}"
            )
        try:
            lines = self.stderr.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        told = [line for line in lines if line.strip() and ": warning: " not in line]
        counter = [line for line in told[1:] if "R15=" in line]  # of the dump that follows a fatal error
        said = "; ".join(told[:1] + counter)[:_STDERR_LENGTH]
        return f"{how}, saying {said!r}" if said else how


def runtime_dir() -> Path:
    """The folder, private to the user, that lists running emulators; ProbeError when it is not private."""
    try:
        path = _chosen_dir()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = path.lstat()
    except (FileExistsError, NotADirectoryError) as error:
        raise ProbeError(
            "the folder of running emulators is no folder",
            evidence=f"{error.filename}: {error.strerror}",
            remedy=f"name one in {RUNTIME_DIR_VARIABLE}",
        ) from error
    except OSError as error:
        raise unwritable(error) from error
    if owner.st_uid != os.getuid() or path.is_symlink() or owner.st_mode & 0o022:
        raise ProbeError(
            "the folder of running emulators is not private",
            evidence=f"{path}, owner {owner.st_uid}, mode {owner.st_mode & 0o777:o}",
            remedy=f"remove it, or name another one in {RUNTIME_DIR_VARIABLE}",
        )
    return path


def unwritable(error: OSError) -> ProbeError:
    """What to raise when the system refuses a file there."""
    return ProbeError(
        "the folder of running emulators cannot be written",
        evidence=str(error),
        remedy=remedy_for(
            error, f"make room in it, or name one that can be written in {RUNTIME_DIR_VARIABLE}"
        ),
    )


def _chosen_dir() -> Path:
    """OSError when no folder for temporary files can be used."""
    chosen = os.environ.get(RUNTIME_DIR_VARIABLE)
    session = os.environ.get("XDG_RUNTIME_DIR")
    if chosen:
        return Path(chosen).absolute()  # QEMU runs in another folder
    of_user = f"hil-lab-{os.getuid()}"
    if session and Path(session).is_dir():
        folder = Path(session).absolute() / "hil-lab"
    else:
        folder = Path(tempfile.gettempdir()).absolute() / of_user
    short = len(os.fsencode(folder)) <= _LONGEST_SOCKET_PATH - _LONGEST_SOCKET_NAME
    return folder if short else Path("/tmp") / of_user


def create(
    unique_id: str, name: str, machine: str, *, vendor_algorithm: bool = False
) -> tuple[RunningBoard, int]:
    """Make and lock the folder of a new emulator; returns it and the descriptor that holds the lock.

    The folder gets its final name only once it is locked, so that nobody sweeps it away in between.
    """
    root = runtime_dir()
    board = RunningBoard(unique_id, name, machine, root / unique_id, vendor_algorithm)
    if len(os.fsencode(board.serial_socket)) > _LONGEST_SOCKET_PATH:
        raise ProbeError(
            "the folder of running emulators has too long a name for a socket",
            evidence=str(root),
            remedy=f"name a shorter one in {RUNTIME_DIR_VARIABLE}",
        )
    fields = {key: value for key, value in asdict(board).items() if key != "folder"}
    with ExitStack() as undo:
        try:
            half_made = Path(tempfile.mkdtemp(prefix=_HALF_MADE, dir=root))
            undo.callback(shutil.rmtree, half_made, ignore_errors=True)
            lock = os.open(half_made / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            undo.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
            (half_made / "board.json").write_text(json.dumps(fields), encoding="utf-8")
            half_made.rename(board.folder)
        except OSError as error:
            raise unwritable(error) from error
        undo.pop_all()
    return board, lock


def running() -> list[RunningBoard]:
    """Every emulator of this user that is alive, sorted by id."""
    boards = [board for folder in _folders() if (board := _read(folder)) is not None and _locked(folder)]
    return [board for board in boards if not board.exit_file.exists()]


def sweep() -> None:
    """Remove the folders of emulators that are gone, and no other: the user may have named any folder."""
    root = runtime_dir()
    for folder in _folders():
        if _read(folder) is not None and not _locked(folder):
            remove(str(folder))
    for folder in _entries(root):
        if folder.name.startswith(GONE):
            shutil.rmtree(folder, ignore_errors=True)
        if not folder.name.startswith(_HALF_MADE):
            continue
        try:
            abandoned = time.time() - folder.stat().st_mtime > _HALF_MADE_LIFETIME_S
        except FileNotFoundError:
            continue
        if abandoned:
            shutil.rmtree(folder, ignore_errors=True)


def _folders() -> list[Path]:
    named = (folder for folder in _entries(runtime_dir()) if not folder.name.startswith("."))
    return sorted(folder for folder in named if (folder / "lock").exists())


def _entries(root: Path) -> list[Path]:
    try:
        return list(root.iterdir())  # glob finds nothing where too many files are open, from Python 3.13 on
    except OSError as error:
        raise unwritable(error) from error


def _read(folder: Path) -> RunningBoard | None:
    try:
        return RunningBoard(**json.loads((folder / "board.json").read_text(encoding="utf-8")), folder=folder)
    except (OSError, ValueError, TypeError):  # swept away by its owner, or not ours
        return None


def _locked(folder: Path) -> bool:
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
