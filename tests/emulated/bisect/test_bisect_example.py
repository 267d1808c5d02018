"""A slower function in one commit of ten: `hil check` names the function, `hil bisect` the commit."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench_runs import database_url, rows
from example_repository import FUNCTION, MODEL, MODELS, PLANTED, SUBJECT, commit, git

from .conftest import CYCLES, MINE, Project

pytestmark = pytest.mark.emulated

PROJECT = Path(__file__).parents[3]


def bench(project: Project, sha: str) -> None:
    """What a nightly bench does: a commit is checked out, run and stored."""
    git(project.folder, "checkout", "--quiet", sha)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--board=all", f"--model={MODEL}", f"--models-dir={MODELS}",
         f"--db={database_url(project.folder.parent)}", "-p", "no:cacheprovider", "-p", "no:dash"],
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    git(project.folder, "checkout", "--quiet", "main")


def test_check_names_the_function_and_bisect_the_commit(project: Project) -> None:
    first, last = project.commits[0], project.commits[-1]
    for sha in (first, last):
        bench(project, sha)
    told = subprocess.run(
        [sys.executable, "-m", "hil", "check", f"--db={database_url(project.folder.parent)}", "--baseline=1"],
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    for named in (f"qemu {MODEL}/q15", "Cycles", FUNCTION):
        assert named in told.stdout

    (project.folder / "README.md").write_text("being written\n")
    git(project.folder, "stash")
    (project.folder / MODELS / MODEL / "prototypes.c").write_text("not even C\n")
    git(project.folder, "add", "--all")
    (project.folder / "new").write_text("not tracked\n")
    before = project.state()
    found = project.bisect(first, "main", *MINE, *CYCLES, "--json")
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout)
    assert said["first_bad"]["subject"] == SUBJECT
    assert said["first_bad"]["commit"] == project.commits[5]
    assert said["before"]["commit"] == project.commits[4]
    assert said["why"][0]["parts"][0]["name"] == FUNCTION
    assert (said["share"], said["commits"]) == (1.0, 9)
    assert said["runs"] <= 4
    assert len(rows(project.folder.parent, "select id from run")) == 2 + said["runs"]
    assert project.state() == before
    assert project.left_behind() == []

    again = project.bisect(first, "main", *MINE, *CYCLES)
    assert again.returncode == 0, again.stderr
    assert f"first bad commit: {project.commits[5]}\n  {SUBJECT}\n" in again.stdout
    changed = r"    Cycles: all \d+ vectors changed: [^\n]+\n"
    assert re.search(rf"Cycles [\d,]+ -> [\d,]+ \(\+\d+ %\)\n{changed}    {FUNCTION} ", again.stdout)
    assert "9 commits, 0 runs" in again.stdout
    assert again.stderr == ""

    newest = subprocess.run(  # runs of a search are nobody's newest
        [sys.executable, "-m", "hil", "check", f"--db={database_url(project.folder.parent)}", "--baseline=1",
         "--format=json"],
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(newest.stdout)["run"]["id"] == 2


def test_where_nothing_is_stored_four_runs_do(project: Project) -> None:
    found = project.bisect(project.commits[0], "main", *MINE, *CYCLES)
    assert found.returncode == 0, found.stderr
    assert f"first bad commit: {project.commits[5]}" in found.stdout
    assert "9 commits, 4 runs" in found.stdout
    held = rows(project.folder.parent, "select git_commit, git_dirty, status, command from run order by id")
    assert [row[0] for row in held[:2]] == [project.commits[0], project.commits[-1]]
    assert {row[1:3] for row in held} == {(0, "finished")}
    assert all(str(row[3]).startswith("hil bisect ") for row in held)


def test_what_cannot_be_built_or_run_is_gone_around(project: Project) -> None:
    source = project.folder / MODELS / MODEL / "prototypes.c"
    good = project.commits[4]
    git(project.folder, "checkout", "--quiet", "-b", "broken", good)
    whole = source.read_text()
    assert PLANTED.old in whole
    commits = []
    for day, (subject, then) in enumerate(
        (("does not compile", "no C;"), ("hangs", f"{PLANTED.old} for (;;) {{}}"), ("slower", PLANTED.new)), 5
    ):
        source.write_text(whole.replace(PLANTED.old, then))
        commits.append(commit(project.folder, subject, day))
    arguments = (*MINE, *CYCLES, "--hang-after=2", "--vectors=9", "--json")
    found = project.bisect(good, "broken", *arguments)
    assert found.returncode == 3, found.stderr
    said = json.loads(found.stdout)
    assert [one["commit"] for one in said["left"]] == commits[::-1]
    assert (said["first_bad"], said["runs"]) == (None, 3)
    reasons = {one["commit"]: one["reason"] for one in said["seen"] if one["mark"] == "skip"}
    assert set(reasons) == set(commits[:2])
    assert "prototypes.c" in reasons[commits[0]]
    assert "has not answered for 2.0 s" in reasons[commits[1]]

    text = project.bisect(good, "broken", *(word for word in arguments if word != "--json"))
    assert text.returncode == 3
    assert f"skip  {commits[0][:10]} does not compile: " in text.stdout
    assert "the first bad commit is one of these 3" in text.stdout
    assert project.left_behind() == []


@pytest.fixture
def checkout(tmp_path: Path, cross_compiler: None) -> Project:
    """A checkout of the lab: the third of five commits makes a kernel slower."""
    folder = tmp_path / "a lab"
    shutil.copytree(PROJECT / "firmware", folder / "firmware", ignore=shutil.ignore_patterns("prebuilt"))
    vectors = Path("fixtures", "vectors", "fastgrnn_digits")
    shutil.copytree(PROJECT / vectors, folder / vectors)
    git(folder, "init", "--quiet", "--initial-branch=main")
    kernel = folder / "firmware" / "kernels" / "cell_fixed.c"
    commits = []
    line, slower = ("\n", "\n\n"), ("\n{\n", "\n{\n    for (volatile int i = 0; i < 99; i++) {}\n")
    for day, (old, new) in enumerate((("", ""), line, slower, line, line)):
        kernel.write_text(kernel.read_text().replace(old, new, 1))
        commits.append(commit(folder, f"number {day + 1}", day))
    made = Project(folder, commits)
    made.temporary.mkdir()
    return made


def test_in_a_checkout_of_the_lab_the_firmware_is_the_commits(checkout: Project) -> None:
    found = checkout.bisect(
        checkout.commits[0], "main", "--model=fastgrnn_digits/q15", *CYCLES, "--vectors=9", "--json"
    )
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout)
    assert said["first_bad"]["subject"] == "number 3"
    assert said["runs"] <= 4
    assert checkout.left_behind() == []
