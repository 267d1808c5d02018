"""Makes the example of a pull request's comment in the README, of a history in which three things changed.

    python benchmarks/pull_request_comment.py [README]

Prints the comment; with a README, puts it there between its marks. A test holds the README to it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import update

from hil.gate.checking import check
from hil.gate.markdown import markdown_text
from hil_db.schema import RUN
from hil_db.store import Store
from seeded import Planted, Seeded, make

MARKS = ("<!-- benchmarks/pull_request_comment.py makes what follows -->\n", "<!-- until here -->\n")
RUNS = 60
PLANTED = (
    Planted(
        RUNS - 1, "latency_cycles", 1.08, model="fastgrnn_model_01", precision="q15", function="tanh_table"
    ),
    Planted(RUNS - 1, "latency_us", 1.08, model="fastgrnn_model_01", precision="q15"),
    Planted(RUNS - 1, "flash_bytes", 1.02, model="fastgrnn_model_00", precision="q7", function="vec_scale"),
)
COMMITS = (
    ("runtime: the version before", "runtime/run.c"),
    ("fastgrnn_model_01: interpolate in the table", "models/fastgrnn_model_01/cell.c"),
    ("kernels: unroll the scaling of vectors", "kernels/vec_scale.c"),
)


def comment() -> str:
    """The comment on the newest run of a history, against the run of its branch before."""
    with tempfile.TemporaryDirectory(prefix="hil-comment-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/results.db"
        make(url, Seeded(RUNS, 6, vectors=40, profiled=2, rebuilt=RUNS, branch="main", planted=PLANTED))
        first, *_, last = repository(folder / "repository")
        with Store.open(url) as store, store.engine.begin() as connection:
            for run, sha, branch in ((RUNS - 1, first, "main"), (RUNS, last, "faster-tanh")):
                connection.execute(
                    update(RUN).where(RUN.c.id == run).values(git_commit=sha, git_branch=branch)
                )
        return markdown_text(check(url, "latest", "main", None, folder / "repository"))


def repository(folder: Path) -> list[str]:
    """The commits of a small repository, oldest first, the same ones every time."""
    told = {"NAME": "Ann", "EMAIL": "ann@example.org", "DATE": "2024-01-20T12:00:00+0000"}
    who = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in told.items()}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, env={**os.environ, **who, **alone}, check=True, capture_output=True
        )
        return done.stdout.decode().strip()

    folder.mkdir()
    git("init", "-q")
    found = []
    for subject, path in COMMITS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"/* {subject} */\n", encoding="utf-8")
        git("add", path)
        git("commit", "-q", "-m", subject)
        found.append(git("rev-parse", "HEAD"))
    return found


def put(readme: Path) -> None:
    """Replace what stands between the marks."""
    text = readme.read_text(encoding="utf-8")
    begins, ends = (re.escape(mark) for mark in MARKS)
    found = re.compile(f"({begins}).*?({ends})", re.DOTALL)
    if not found.search(text):
        sys.exit(f"{readme} has no marks for it")
    readme.write_text(found.sub(lambda at: f"{at[1]}\n{comment()}\n{at[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        put(Path(sys.argv[1]))
    else:
        print(comment(), end="")
