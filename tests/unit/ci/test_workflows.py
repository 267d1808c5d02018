"""CI's files are of the form that GitHub and GitLab take, and give nobody more rights than needed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from workflows import GITHUB, GITLAB, PROJECT, jobs, load, steps, workflow

FILES = sorted(GITHUB.glob("*.yml"))
NAMES = [path.stem for path in FILES]


def complaints(path: Path) -> str | None:
    """What is wrong by the schemas that check-jsonschema ships: nothing is fetched."""
    schema = ["--builtin-schema", "vendor.github-workflows"]
    if path.name.startswith(".gitlab"):
        schema = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stdout + done.stderr


def test_there_are_workflows() -> None:
    assert {"ci", "nightly", "comment"} <= set(NAMES)


@pytest.mark.parametrize("path", [*FILES, GITLAB], ids=lambda path: path.name)
def test_a_file_is_of_its_form(path: Path) -> None:
    assert complaints(path) is None


@pytest.mark.parametrize(
    ("path", "was", "becomes", "said"),
    [
        (GITHUB / "nightly.yml", "runs-on:", "runs_on:", "runs_on"),
        (GITHUB / "ci.yml", "contents: read", "contents: reed", "reed"),
        (GITLAB, "when: always", "when: allways", "allways"),
    ],
)
def test_a_mistake_is_found(tmp_path: Path, path: Path, was: str, becomes: str, said: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert was in text
    wrong = tmp_path / path.name
    wrong.write_text(text.replace(was, becomes), encoding="utf-8")
    assert said in (complaints(wrong) or "")


def test_actions_are_pinned_and_their_versions_told() -> None:
    uses = [line.strip() for path in FILES for line in path.read_text().splitlines() if "uses:" in line]
    assert uses
    pattern = r"(?:- )?uses: ([\w-]+/[\w-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    pinned = [re.fullmatch(pattern, line) for line in uses]
    assert [line for line, found in zip(uses, pinned, strict=True) if found is None] == []
    versions = {(found[1], found[0].partition("@")[2]) for found in pinned if found is not None}
    assert len(versions) == len({name for name, _ in versions})  # one of each


@pytest.mark.parametrize("name", NAMES)
def test_commands_take_what_others_write_from_variables_alone(name: str) -> None:
    for step in steps(workflow(name)):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_job_has_no_more_rights_than_it_asks_for(name: str) -> None:
    document = workflow(name)
    assert document["permissions"] in ({}, {"contents": "read"})
    assert "pull_request_target" not in document["on"]


def test_what_a_pull_request_can_change_has_no_secrets_and_writes_nothing() -> None:
    assert "pull_request" in workflow("ci")["on"]
    assert "secrets." not in (GITHUB / "ci.yml").read_text()
    assert all("permissions" not in job for job in jobs(workflow("ci")).values())
    # The other is run by pushes, schedules and people of the repository.
    assert set(workflow("nightly")["on"]) == {"schedule", "workflow_dispatch"}


def test_what_may_comment_runs_nothing_of_the_pull_request() -> None:
    document = workflow("comment")
    assert document["on"]["workflow_run"]["workflows"] == [workflow("ci")["name"]]
    assert [step for step in steps(document) if "uses" in step] == []
    assert (
        re.findall(r"\b(?:hil \w|python|sh |bash|pip)", "".join(step["run"] for step in steps(document)))
        == []
    )


def test_the_whole_history_is_checked_out() -> None:
    checkouts = [
        step for name in NAMES for step in steps(workflow(name)) if "actions/checkout" in step.get("uses", "")
    ]
    assert len(checkouts) == 3
    assert {step["with"]["fetch-depth"] for step in checkouts} == {"0"}
    assert load(GITLAB)["variables"]["GIT_DEPTH"] == "0"


def test_nights_and_changes_are_of_the_same_images_and_vectors() -> None:
    assert workflow("ci")["env"]["HIL_BENCH"] == workflow("nightly")["env"]["HIL_BENCH"]


def test_all_tests_are_what_runs_here_too() -> None:
    command = PROJECT / ".ci" / "run"
    assert command.stat().st_mode & 0o111
    assert jobs(workflow("ci"))["test"]["steps"][-1]["run"].split()[-1] == ".ci/run"
    assert load(GITLAB)["test"]["script"] == [".ci/run"]
