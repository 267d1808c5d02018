"""One run of the bench over a commit's image: `pytest --board`, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hil.bisect.sources import Sources
from hil.errors import BisectError
from hil.values import Precision

_MODULE = "hil.pytest_plugin.of_commit"
_ENDING_S = 30.0  # for a run to store what it measured and to close its board
_TOLD = 3  # lines of what a run said
_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # others' plug-ins have no part in it
_THEIRS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


@dataclass(frozen=True)
class Setting:
    """With what every run is done; paths are absolute, or seen from ``folder``, where runs are started."""

    folder: Path
    board: str
    lab: Path | None
    db: str | None
    vectors: int | None
    most_vectors: int | None
    hang_after_s: float | None
    command: str


@dataclass(frozen=True)
class Request:
    """What the process is to run; ``data`` holds the commit's ``firmware`` and ``fixtures``, None for the
    lab's own.

    ``result`` is a file for the number of the run in the database, which is not written where there is none.
    """

    commit: str
    note: str
    command: str
    result: str
    data: str | None
    arguments: tuple[str, ...]

    def to_json(self) -> str:
        """As the process takes it."""
        return json.dumps(asdict(self))


def run(setting: Setting, sha: str, sources: Sources, precisions: Sequence[Precision], scratch: Path) -> int:
    """Measure a commit's images, which are built; the number of the run in the database.

    BisectError when nothing was stored: it is then the bench, and not the commit, that is at fault.
    """
    result, ini = scratch / "result", scratch / "pytest.ini"
    result.unlink(missing_ok=True)
    ini.write_text("[pytest]\n", encoding="ascii")
    request = Request(
        commit=sha,
        note="its image was built from the commit by `hil bisect`",
        command=setting.command,
        result=str(result),
        data=None if sources.data is None else str(sources.data),
        arguments=_arguments(setting, sources, precisions, ini),
    )
    said = _said(request, setting.folder)
    try:
        return int(result.read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise BisectError(
            f"the run of commit {sha[:10]} stored nothing", evidence=_last_words(said)
        ) from None


def _arguments(
    setting: Setting, sources: Sources, precisions: Sequence[Precision], ini: Path
) -> tuple[str, ...]:
    name = re.sub(r"([*?\[])", r"[\1]", sources.wish.model)  # --model takes globs
    given = {
        "lab": setting.lab,
        "db": setting.db,
        "vectors": setting.vectors,
        "most-vectors": setting.most_vectors,
        "hang-after": setting.hang_after_s,
        "models-dir": sources.models,
    }
    return (
        *("-p", "hil.plugin", "-p", "no:cacheprovider", "--noconftest", "--color=no", "--tb=short"),
        *("-c", str(ini), f"--rootdir={ini.parent}", "--pool=1"),
        f"--board={setting.board}",
        f"--model={','.join(f'{name}/{one}' for one in precisions)}",
        *(f"--{name}={value}" for name, value in given.items() if value is not None),
    )


def _said(request: Request, folder: Path) -> str:
    """What the process printed; whatever ends us ends it, in order."""
    environment = {name: value for name, value in os.environ.items() if name not in _THEIRS} | _ALONE
    with subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE, request.to_json()],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,  # closed when we are gone
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.read()
            process.wait()
        except BaseException:
            _end(process)
            raise
    return said


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _last_words(said: str) -> str:
    """The lines that say what went wrong, or the last ones."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(E |ERROR|hil: |\w*Error)", line)]
    return " / ".join((errors or lines)[-_TOLD:]) or "it said nothing"
