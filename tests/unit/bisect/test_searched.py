"""The search over a repository whose commits say what they cost: what is run, what is named, what is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from example_repository import MODEL, MODELS, commit, git, make
from hil.bench.attempt import Wanted
from hil.bisect import bisecting, trial
from hil.bisect.bisecting import Asked, bisect
from hil.bisect.finding import Finding, Mark, Seen
from hil.bisect.sources import Sources, Wish
from hil.bisect.telling import json_text, seen_line, text_lines
from hil.build.toolchain import Toolchain
from hil.errors import BisectError, HilError, LabError
from hil.image import Manifest
from hil.metrics import LATENCY_CYCLES, REFERENCE_S, STREAM_S, VECTORS
from hil.values import Measure, Method, Precision
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOOLCHAIN = Toolchain(Path("no-compiler"), "gcc 1")


@dataclass
class Bench:
    """Stands for a board: what a commit costs is written in its C file; stores runs as the bench does."""

    url: str
    ran: list[str] = field(default_factory=list)
    model: int = 1  # of cycles
    rare: float | None = None  # what two of twenty vectors cost, where it is said
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def run(
        self,
        setting: trial.Setting,
        sha: str,
        sources: Sources,
        precisions: Sequence[Precision],
        scratch: Path,
    ) -> int:
        self.ran.append(sha)
        return self.store(sha, sources, precisions)

    def store(self, sha: str, sources: Sources, precisions: Sequence[Precision]) -> int:
        assert sources.models is not None
        text = (sources.models / MODEL / "prototypes.c").read_text()
        cost = float(re.findall(r"cost ([\d.]+)", text)[-1])
        rare = re.search(r"rare ([\d.]+)", text)
        self.rare = float(rare[1]) if rare else None
        began = BEGAN + timedelta(minutes=len(self.ran))
        with Store.open(self.url) as store:
            info = RunInfo(
                started=began, command="hil bisect x", host="h", pid=1, git_commit=sha, git_dirty=False
            )
            run = store.begin_run(info)
            for precision in precisions:
                store.save_session(run, self.session(sources, precision, cost, began))
            store.finish_run(run, Status.FINISHED)
        return run

    def session(self, sources: Sources, precision: Precision, cost: float, began: datetime) -> SessionRecord:
        identity = sources.identity(precision)
        manifest = Manifest(
            kind="qemu_mps2_an386", model=MODEL, precision=precision, sha256=identity.source_sha256,
            source_sha256=identity.source_sha256, build_id=identity.source_sha256[:32], toolchain="gcc 1",
            sections={}, features=1, min_steps=16, max_steps=16, outputs=3,
            vectors_sha256=identity.vectors_sha256,
        )  # fmt: skip
        noise = float(self.random.normal(1, 0.02))
        failed = cost == 0
        measures: tuple[Measure, ...] = (
            LATENCY_CYCLES.measure(cost, Method.ESTIMATED, f"cycle-model-{self.model}"),
            STREAM_S.measure(cost * noise, Method.MEASURED, "host-clock"),
            REFERENCE_S.measure(0.1, Method.MEASURED, "host-clock"),
            VECTORS.measure(identity.vectors, Method.COUNTED, "frames"),
        )
        each = np.array([cost] * 18 + [self.rare or cost] * 2)
        samples = LATENCY_CYCLES.samples(each, Method.ESTIMATED, f"cycle-model-{self.model}")
        return SessionRecord(
            board="qemu", kind="qemu_mps2_an386", model=MODEL, precision=str(precision), started=began,
            finished=began, status=Status.FAILED if failed else Status.FINISHED, manifest=manifest,
            vectors_sha256=identity.vectors_sha256, error="it hangs" if failed else None,
            measures=() if failed else measures, samples=() if failed else (samples,),
        )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(f"sqlite:///{tmp_path}/results.db")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(trial, "run", made.run)
    monkeypatch.setattr(bisecting, "find_toolchain", lambda: TOOLCHAIN)
    monkeypatch.setattr(Sources, "build", lambda self, precision, warn: None)
    return made


@dataclass
class Heard:
    """Where the search tells how it goes."""

    lines: list[str] = field(default_factory=list)

    def seen(self, seen: Seen) -> None:
        self.lines.append(seen_line(seen))

    def doing(self, line: str) -> None:
        assert line

    def note(self, line: str) -> None:
        raise AssertionError(line)


Search = Callable[..., Finding]
COSTS = Sequence[float]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a repository"


def costing(folder: Path, costs: COSTS) -> list[str]:
    """A commit of each cost, all of other images."""
    commits = make(folder, 2, ())
    git(folder, "reset", "--quiet", "--hard", commits[0])
    return [cost_of(folder, cost, number) for number, cost in enumerate(costs, 1)]


def cost_of(folder: Path, cost: float, number: int, text: str | None = None) -> str:
    path = folder / MODELS / MODEL / "prototypes.c"
    whole = path.read_text().partition("\n/* number")[0] if text is None else text
    path.write_text(f"{whole}\n/* number {number}, cost {cost:g} */\n")
    return commit(folder, f"number {number}", number)


@pytest.fixture
def search(bench: Bench, folder: Path) -> Search:
    def run(good: str, bad: str = "main", **changed: object) -> Finding:
        asked = Asked(
            good=good, bad=bad, model=MODEL, metric="latency_cycles", board=None, lab=None, db=bench.url,
            models=folder / MODELS, folder=folder, command="hil bisect x",
        )  # fmt: skip
        return bisect(replace(asked, **changed), nullcontext, Heard())  # type: ignore[arg-type]

    return run


def sources(folder: Path) -> Sources:
    return Sources(Wish("qemu_mps2_an386", MODEL, PurePosixPath(MODELS), Wanted()), folder, TOOLCHAIN)


def named(finding: Finding) -> str:
    assert finding.step is not None, text_lines(finding)
    return finding.step.after.commit.subject


@pytest.mark.parametrize("first", [2, 5, 9, 10])
def test_any_of_ten_is_named_in_four_runs_once_the_ends_are_stored(
    bench: Bench, folder: Path, search: Search, first: int
) -> None:
    commits = costing(folder, [100.0 if number < first else 150.0 for number in range(1, 11)])
    with_ends = search(commits[0], commits[9])
    assert named(with_ends) == f"number {first}"
    other = Bench(bench.url.replace("results", "others"))
    bench.url, bench.ran = other.url, []
    for sha in (commits[0], commits[9]):
        git(folder, "checkout", "--quiet", sha)
        bench.store(sha, sources(folder), [Precision.Q15])
    found = search(commits[0], commits[9], db=other.url)
    assert named(found) == f"number {first}"
    assert len(bench.ran) == found.runs <= 4
    again = search(commits[0], commits[9], db=other.url)
    assert (named(again), again.runs) == (f"number {first}", 0)


def test_small_changes_on_the_way_are_not_named(folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 101, 102, 101, 160, 161, 162])
    found = search(commits[0])
    assert named(found) == "number 5"
    assert found.step is not None
    assert found.step.share == pytest.approx(59 / 62)
    text = "\n".join(text_lines(found))
    assert "Cycles 101 -> 160 (+58.4 %)" in text
    assert "95% of the change between the two ends; the rest is in others" in text


def test_what_few_vectors_cost_more_is_named(folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 100, 100])
    path = folder / MODELS / MODEL / "prototypes.c"
    for number, rare in ((4, 110), (5, 400), (6, 400), (7, 410)):
        whole = path.read_text().partition("\n/* rare")[0].partition("\n/* number")[0]
        cost_of(folder, 100, number, f"{whole}\n/* rare {rare} */")
    found = search(commits[0])
    assert named(found) == "number 5"
    assert found.step is not None
    assert found.step.share == pytest.approx(29 / 31)
    text = "\n".join(text_lines(found))
    assert "Cycles, vector 18 110 -> 400 (+264 %)" in text
    assert "Cycles: 2 of 20 vectors changed: +28.7 % in all, +264 % at most (vector 18)" in text
    assert "Cycles, vector 18 410 (+310 %)" in seen_line(found.bad)


def test_the_larger_of_two_steps_is_named_and_the_rest_is_told(folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 130, 130, 200, 200])
    found = search(commits[0])
    assert named(found) == "number 4"
    assert json.loads(json_text(found))["share"] == pytest.approx(0.7)


def test_what_is_allowed_is_not_looked_for(folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 104])
    (folder / "pyproject.toml").write_text(
        '[[tool.hil.verdicts.threshold]]\nmetric = "latency_cycles"\nallow = "5 %"\n'
    )
    found = search(commits[0])
    assert (found.code, found.left) == (3, ())
    assert "by no more than is allowed (Cycles 100 -> 104 (+4 %))" in text_lines(found)[0]


@pytest.mark.parametrize(("cost", "told"), [(90, "it is better there"), (100, "it is no worse there")])
def test_what_is_not_worse_is_not_looked_for(folder: Path, search: Search, cost: float, told: str) -> None:
    commits = costing(folder, [100, 120, cost])
    found = search(commits[0])
    assert (found.code, found.runs) == (3, 2)
    assert told in text_lines(found)[0]
    assert json.loads(json_text(found))["reason"] == told


def test_a_commit_that_fails_is_gone_around(folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 100, 0, 150, 150, 150, 150])
    found = search(commits[0])
    if found.step is None:
        assert [one.subject for one in found.left] == ["number 4", "number 3"]
        text = "\n".join(text_lines(found))
        assert "is one of these 2" in text
    reasons = [one.reason for one in found.seen if one.mark is Mark.SKIP]
    assert reasons == ["it hangs"]
    assert found.code == 3


def test_an_end_that_fails_is_an_error(folder: Path, search: Search) -> None:
    commits = costing(folder, [0, 150, 100])
    with pytest.raises(BisectError, match=r"nothing is known of the good commit .*it hangs.*name another"):
        search(commits[0])


def test_an_image_that_comes_again_is_not_run_again(bench: Bench, folder: Path, search: Search) -> None:
    commits = costing(folder, [100])
    commits += [cost_of(folder, cost, which) for which, cost in enumerate([100, 100, 100, 150, 150], 2)]
    path = folder / MODELS / MODEL / "prototypes.c"
    good, bad = (git(folder, "show", f"{commits[at]}:{MODELS}/{MODEL}/prototypes.c") for at in (0, -1))
    for number, text in enumerate((good, good, bad, bad, bad), 7):
        (folder / "README.md").write_text(f"{number}\n")
        path.write_text(text)
        commits.append(commit(folder, f"number {number}", number))
    found = search(commits[0])
    assert named(found) == "number 9"  # the last time that it got worse
    assert (found.runs, len(bench.ran)) == (2, 2)


def test_values_of_another_cycle_model_are_run_anew(bench: Bench, folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 100, 150, 150])
    bench.model = 1
    git(folder, "checkout", "--quiet", commits[0])
    bench.store(commits[0], sources(folder), [Precision.Q15])
    git(folder, "checkout", "--quiet", "main")
    bench.model = 2
    found = search(commits[0])
    assert named(found) == "number 3"
    assert bench.ran.count(commits[0]) == 1
    assert {one.origin for one in found.seen} <= {"run", "same image"}


def test_a_noisy_metric_is_told_by_repeats(bench: Bench, folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 101, 99, 100, 140, 140])
    found = search(commits[0], metric="stream_s")
    assert named(found) == "number 5"
    assert found.runs % 10 == 0
    assert {sha: bench.ran.count(sha) for sha in bench.ran} == dict.fromkeys(bench.ran, 10)
    again = search(commits[0], metric="stream_s")
    assert (named(again), again.runs) == ("number 5", 0)
    quiet = search(commits[0], commits[3], metric="stream_s")
    assert (quiet.code, quiet.unchanged) == (3, "it is no worse there")


def test_a_model_that_was_trained_anew_can_be_compared(bench: Bench, folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 100])
    vectors = folder / MODELS / MODEL / "vectors.npz"
    arrays = dict(np.load(vectors))
    arrays["golden_q15"] = arrays["golden_q15"] + 1
    np.savez(vectors, **arrays)
    trained = cost_of(folder, 150, 3)
    commits += [trained, cost_of(folder, 150, 4)]
    assert named(search(commits[0])) == "number 3"
    arrays["inputs"] = arrays["inputs"] + 1
    np.savez(vectors, **arrays)
    other = cost_of(folder, 150, 5)
    found = search(commits[0], other)
    assert "cannot be compared: not comparable, over other vectors" in text_lines(found)[0]


def test_a_merge_is_named_when_both_sides_are_fine(folder: Path, search: Search) -> None:
    commits = costing(folder, [100, 100])
    git(folder, "checkout", "--quiet", "-b", "side", commits[0])
    (folder / "side").write_text("1")
    commit(folder, "beside", 3)
    git(folder, "checkout", "--quiet", "main")
    git(folder, "merge", "--quiet", "--no-commit", "--no-ff", "side")
    cost_of(folder, 150, 9)
    assert named(search(commits[0])) == "number 9"


def errors() -> Mapping[str, tuple[dict[str, object], type[HilError], str]]:
    return {
        "metric": ({"metric": "latency_cycle"}, BisectError, "did you mean 'latency_cycles'"),
        "no way is better": ({"metric": "vectors"}, BisectError, "neither way of it is better"),
        "not measured": ({"metric": "flash_bytes"}, BisectError, "not measured .*measured: .*latency_cycles"),
        "model": ({"model": "neares"}, HilError, "unknown model neares"),
        "precision": ({"model": f"{MODEL}/q7"}, HilError, "has no q7"),
        "no precision": ({"model": f"{MODEL}/q8"}, HilError, "unknown precision 'q8'"),
        "board": ({"board": "qemo"}, LabError, "did you mean 'qemu'"),
        "outside": ({"models": Path("/usr")}, BisectError, "not in the repository"),
        "no models": ({"models": None}, BisectError, "name the folder of your models with --models-dir"),
    }


@pytest.mark.parametrize("name", errors())
def test_what_makes_no_sense_is_told(folder: Path, search: Search, name: str) -> None:
    commits = costing(folder, [100, 150])
    changed, kind, told = errors()[name]
    with pytest.raises(kind, match=told):
        search(commits[0], **changed)
    assert git(folder, "worktree", "list").count("\n") == 1


def test_a_pointer_of_git_lfs_is_no_archive(folder: Path, search: Search) -> None:
    commits = costing(folder, [100])
    (folder / MODELS / MODEL / "vectors.npz").write_text("version https://git-lfs.github.com/spec/v1\n")
    cost_of(folder, 150, 2)
    with pytest.raises(BisectError, match=r"kept by git-lfs.*git lfs"):
        search(commits[0])


def test_models_of_a_submodule_are_looked_for_there(folder: Path, search: Search, tmp_path: Path) -> None:
    commits = costing(folder, [100, 150])
    other = tmp_path / "other"
    git(folder, "clone", "--quiet", str(folder), str(other))
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    with pytest.raises(BisectError, match=r"submodule.*start it there"):
        search(commits[0], models=folder / "sub" / MODELS)
