"""CI's commands, run here: a clean clone, a scrubbed environment, the real bench on an emulated board.

In place of what a runner has or fetches stand: these tests' virtual environment for what is installed (steps
called "Install …" and GitLab's `before_script`), a bare repository on the disk for the host's, a program `gh`
that does what the comment asks of GitHub's on files, and a server on loopback for GitLab's package registry.
Actions (checkout, artefacts, pages) are left out. The bench runs one image of few vectors.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from needs import absent
from workflows import GITLAB, PROJECT, Ran, bare, jobs, load, run_script, run_steps, workflow

pytestmark = pytest.mark.emulated

IMAGE = "fastgrnn_digits/q15"
BENCH = f"--model={IMAGE} --vectors=5"
CONDITIONS = {"${{ !cancelled() }}": True, "${{ !cancelled() && vars.HIL_PAGES == 'true' }}": True}
FASTER = "UPDATE measure SET value = value - 1000 WHERE metric = 'latency_cycles'"


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", folder, *words], check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


@dataclass
class Host:
    """A bare repository, and what a job of it has: a clean clone, a home, GitHub's files."""

    folder: Path
    count: int = 0

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    def clone(self) -> Path:
        """Of the files under test, on the branch main, in a path of its own."""
        self.count += 1
        work = self.folder / f"job {self.count}" / "project"
        subprocess.run(
            ["git", "clone", "-q", "--branch", "main", self.origin, work], check=True, capture_output=True
        )
        return work

    def surroundings(self, work: Path, **more: str) -> dict[str, str]:
        home = work.parent / "home"
        home.mkdir(exist_ok=True)
        names = ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        files = {name: str(home / name) for name in names}
        return bare(home, CI="true", GITHUB_WORKSPACE=str(work), HIL_BENCH=BENCH, **files, **more)

    def results(self) -> dict[str, str]:
        """The branches of the host."""
        told = git(self.origin, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
        return dict(line.split() for line in told.splitlines())


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Of the project's files as they are: where the tests run they may be no repository, or a shallow one."""
    one = Host(tmp_path_factory.mktemp("host"))
    files = one.folder / "files"
    shutil.copytree(PROJECT, files, symlinks=True, ignore=shutil.ignore_patterns(".git", ".venv", ".*cache"))
    subprocess.run(["git", "init", "-q", "-b", "main", files], check=True)
    git(files, "add", "--all")
    git(files, *("-c", "user.name=a", "-c", "user.email=a@localhost"), "commit", "-q", "-m", "all: as it is")
    subprocess.run(["git", "clone", "-q", "--bare", files, one.origin], check=True)
    return one


def night(host: Host, **more: str) -> tuple[Path, Ran]:
    work = host.clone()
    job = jobs(workflow("nightly"))["bench"]
    environment = host.surroundings(work, HIL_DB="sqlite:///results.db", **more)
    return work, run_steps(job, work, environment, CONDITIONS)


def test_githubs_nights_and_a_pull_request(host: Host) -> None:
    work, first = night(host)
    assert first.code == 0, first.said
    assert "no results yet: this is the first night" in first.said
    assert (work / "public" / "index.html").stat().st_size > 1000
    home = work.parent / "home"
    assert (home / "GITHUB_OUTPUT").read_text() == "made=yes\n"
    assert "is the first: 1 image: 1 new" in (home / "GITHUB_STEP_SUMMARY").read_text()
    results = host.results()["hil-results"]
    assert git(host.origin, "rev-list", "--count", "hil-results") == "1\n"

    _, second = night(host)
    assert second.code == 0, second.said
    assert "1 image: 1 unchanged" in second.said
    assert host.results()["hil-results"] != results
    assert git(host.origin, "rev-list", "--count", "hil-results") == "1\n"

    plant(host)
    work = host.clone()
    git(work, "switch", "-q", "-c", "work")
    job = jobs(workflow("ci"))["bench"]
    change = run_steps(job, work, host.surroundings(work, GITHUB_BASE_REF="main"), CONDITIONS)
    assert change.code == 1, change.said
    comment = (work / "comment" / "check.md").read_text()
    assert "| **regression** | <code>qemu fastgrnn_digits/q15</code> | Cycles |" in comment
    assert comment in (work.parent / "home" / "GITHUB_STEP_SUMMARY").read_text()


def plant(host: Host) -> None:
    """Let the image of the branch's nights have been faster than it is."""
    work = host.clone()
    file = work / "results.db"
    git(work, "fetch", "-q", "origin", "hil-results")
    file.write_bytes(
        subprocess.run(
            ["git", "-C", work, "show", "FETCH_HEAD:results.db"], check=True, capture_output=True
        ).stdout
    )
    with sqlite3.connect(file) as database:
        database.execute(FASTER)
    database.close()
    blob = git(work, "hash-object", "-w", "results.db").strip()
    made = subprocess.run(
        ["git", "-C", work, "mktree"], input=f"100644 blob {blob}\tresults.db\n", check=True,
        capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    commit = git(work, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", "-m", "x", made).strip()
    git(work, "push", "-q", "--force", "origin", f"{commit}:refs/heads/hil-results")


def test_a_host_that_does_not_answer_loses_no_results(host: Host) -> None:
    before = host.results()
    work = host.clone()
    git(work, "remote", "set-url", "origin", str(host.folder / "none.git"))
    job = jobs(workflow("nightly"))["bench"]
    ran = run_steps(job, work, host.surroundings(work, HIL_DB="sqlite:///results.db"), CONDITIONS)
    assert ran.code not in (0, 1, 3)
    assert "## Run the bench" not in ran.said
    assert host.results() == before


# What the comment asks of `gh`, on files: the artefact, the pull requests, and the comments that there are.
GH = """#!/bin/sh
set -eu
echo "$*" >> "$FAKE/asked"
case "$1 $2" in
    "run download")
        [ -e "$FAKE/check.md" ] || { echo "no valid artifacts found to download" >&2; exit 1; }
        mkdir -p comment && cp "$FAKE/check.md" comment/ ;;
    *--method\\ GET*|"api --method") case "$*" in *pulls*) cat "$FAKE/number" ;; esac ;;
    "api --paginate") cat "$FAKE/earlier" ;;
    "api --silent") cp body.md "$FAKE/posted" ;;
esac
"""


@pytest.mark.parametrize(
    ("number", "earlier", "asked"),
    [
        ("7", "", "--method POST repos/o/r/issues/7/comments"),
        ("7", "31\n32\n", "--method PATCH repos/o/r/issues/comments/31"),
        ("", "", None),
    ],
)
def test_the_comment_is_written_once_and_then_changed(
    tmp_path: Path, number: str, earlier: str, asked: str | None
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    for name, text in (("number", number), ("earlier", earlier), ("check.md", "**HIL bench: fine.**\n")):
        (tmp_path / name).write_text(text)
    environment = bare(tmp_path, GH_REPO="o/r", RUN="1", HEAD="o:work", HEAD_SHA="d" * 40, FAKE=str(tmp_path))
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    ran = run_steps(jobs(workflow("comment"))["comment"], tmp_path, environment, {})
    assert ran.code == 0, ran.said
    told = (tmp_path / "asked").read_text()
    if asked is None:
        assert not (tmp_path / "posted").exists()
        return
    assert asked in told
    assert (tmp_path / "posted").read_text() == "<!-- hil -->\n**HIL bench: fine.**\n"


@dataclass
class Registry:
    """GitLab's package registry and its notes, as far as the jobs ask it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failing: bool = False


@pytest.fixture
def registry() -> Iterator[Registry]:
    held = Registry()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, code: int, content: bytes = b"") -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def do_GET(self) -> None:
            if held.failing:
                self._answer(500)
            elif self.headers["JOB-TOKEN"] != "job":
                self._answer(401)
            elif self.path in held.files:
                self._answer(200, held.files[self.path])
            else:
                self._answer(404, b'{"message":"404 Not Found"}')

        def do_PUT(self) -> None:
            body = self._body()
            if self.headers["JOB-TOKEN"] == "job":
                held.files[self.path] = body
                self._answer(201, b"{}")
            else:
                self._answer(401)

        def do_POST(self) -> None:
            body = self._body().decode()
            right = self.headers["PRIVATE-TOKEN"] == "note"
            if right and self.path == "/projects/1/merge_requests/5/notes":
                held.notes += parse_qs(body)["body"]
            self._answer(201 if right else 401, b"{}")

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        held.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield held
        server.shutdown()
        thread.join()


def gitlab(host: Host, registry: Registry, job: str, **more: str) -> tuple[Path, Ran]:
    if shutil.which("curl") is None:
        absent("curl is not installed")
    work = host.clone()
    document = load(GITLAB)
    of_project = {"CI_API_V4_URL": registry.url, "CI_PROJECT_ID": "1", "CI_JOB_TOKEN": "job"}
    results = document["variables"]["HIL_RESULTS"]
    for name, value in of_project.items():
        results = results.replace(f"${name}", value)
    environment = host.surroundings(work, HIL_RESULTS=results, **of_project, **more)
    return work, run_script(document[job]["script"], work, environment)


def test_gitlabs_nights_and_a_merge_request(host: Host, registry: Registry) -> None:
    work, first = gitlab(host, registry, "nightly")
    assert first.code == 0, first.said
    assert "no results yet: this is the first night" in first.said
    (path,) = registry.files
    assert path == "/projects/1/packages/generic/hil/nightly/results.db"
    page = run_script(load(GITLAB)["pages"]["script"], work, bare(work))
    assert page.code == 0, page.said
    assert (work / "public" / "index.html").exists()

    file = work / "faster.db"
    file.write_bytes(registry.files[path])
    with sqlite3.connect(file) as database:
        database.execute(FASTER)
    database.close()
    registry.files[path] = file.read_bytes()
    of_change = {"CI_MERGE_REQUEST_IID": "5", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    _, change = gitlab(host, registry, "bench", HIL_COMMENT_TOKEN="note", **of_change)
    assert change.code == 1, change.said
    assert ["**regression**" in note for note in registry.notes] == [True]
    assert registry.files[path] == file.read_bytes()  # a change stores nothing for others


def test_a_registry_that_fails_loses_no_results(host: Host, registry: Registry) -> None:
    registry.failing = True
    _, ran = gitlab(host, registry, "nightly")
    assert ran.code == 2
    assert "the database cannot be fetched: HTTP 500" in ran.said
    assert registry.files == {}
