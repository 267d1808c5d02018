"""A stored run against its baseline, from a database's URL to a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hil.commits import Between, OneCommit, commits_between, of_folder
from hil.gate.result import FAIL_ON, FailOn, Result
from hil.thresholds import load_thresholds
from hil_db import engine
from hil_db.comparing import compare
from hil_db.explaining import explain
from hil_db.references import baseline_run, checked_run
from hil_db.store import Store

_MODELS = 5  # the worst, of which git is asked which commits touched their folders


def check(
    url: str | None,
    run: str,
    baseline: str | None,
    lab: Path | None,
    folder: Path,
    fails_on: Sequence[FailOn] = FAIL_ON,
) -> Result:
    """Compare; without a baseline the run is the first, and all that it measured is new.

    Thresholds are those of the lab file, or of the pyproject.toml in ``folder``. Commits are looked for in
    the repository that ``folder`` is in. LabError for thresholds that make no sense, StoreError when the
    database cannot be read, or has no such run.
    """
    thresholds = load_thresholds(lab, folder)
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        now = checked_run(connection, run, store.url)
        before = None if baseline is None else baseline_run(connection, baseline, store.url, now)
        comparison = compare(connection, now, before, thresholds, store.url)
        reasons = explain(connection, comparison, store.url)
    result = Result(comparison, reasons, Between(), fails_on)
    if before is None or not result.changed:
        return result
    commits = commits_between(folder, before.commit, now.commit)
    if now.dirty:
        told = [commits.note, f"run {now.id} had changes that are in no commit"]
        commits = replace(commits, note="; ".join(filter(None, told)))
    of_models: dict[str, tuple[OneCommit, ...]] = {}
    for model in list(dict.fromkeys(one.case.model for one in result.cases if one.case in reasons))[:_MODELS]:
        if commits.commits:
            paths = (of_folder(model),)
            of_models[model] = commits_between(folder, before.commit, now.commit, paths).commits
    return Result(comparison, reasons, commits, fails_on, of_models)
