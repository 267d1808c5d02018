"""From two commits, a model and a metric to the commit that made it worse."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Protocol

from hil.bench.attempt import Wanted
from hil.bisect.checkout import checked_out
from hil.bisect.finding import Finding, Mark, Origin, Seen, Step
from hil.bisect.looking import Figures, Looking, SkipError
from hil.bisect.repository import Repository
from hil.bisect.search import Search
from hil.bisect.sources import Identity, Wish, has_firmware
from hil.bisect.stored import metrics_of
from hil.bisect.trial import Setting
from hil.build.toolchain import find_toolchain
from hil.errors import BisectError, LabError
from hil.lab import BoardSpec, load_lab, suggest
from hil.measure.verdicts import Outcome, Tolerance, Verdict
from hil.metrics import METRICS, TIERS, Metric, lookup
from hil.thresholds import Threshold, Thresholds, load_thresholds
from hil.values import Precision, precisions_of
from hil_db.comparing import outcome_of
from hil_db.store import Store

_CLOSELY = 64  # so many commits are looked into before the next one is run
_RAN_WORSE = (Outcome.REGRESSION,)
_FINE = (Outcome.UNCHANGED, Outcome.IMPROVEMENT)
_BLAMED = 3  # functions


@dataclass(frozen=True)
class Asked:
    """What the user asked for; ``model`` is NAME or NAME/PRECISION, ``models`` a folder of their own."""

    good: str
    bad: str
    model: str
    metric: str
    board: str | None
    lab: Path | None
    db: str | None = field(repr=False)
    models: Path | None
    folder: Path
    command: str = field(repr=False)
    vectors: int | None = None
    most_vectors: int | None = None
    hang_after_s: float | None = None


class Say(Protocol):
    """Where to tell how it goes."""

    def seen(self, seen: Seen) -> None:
        """A commit was looked at."""

    def doing(self, line: str) -> None:
        """What is being done now."""

    def note(self, line: str) -> None:
        """What a compiler warned of."""


def bisect(asked: Asked, quiet: Callable[[], AbstractContextManager[None]], say: Say) -> Finding:
    """Find it; the user's files, index and branches stay as they are.

    BisectError when there is nothing to look for, or git refuses; other HilErrors when the bench cannot work.
    ``quiet`` holds back the signals that end us.
    """
    began = time.monotonic()
    metric = _metric(asked.metric)
    board = _board(asked)
    toolchain = find_toolchain()
    thresholds = load_thresholds(asked.lab, asked.folder)
    repository = Repository.of(asked.folder)
    good, bad = repository.commit(asked.good), repository.commit(asked.bad)
    parents = repository.between(good, bad)
    model, _, precision = asked.model.partition("/")
    wanted = Wanted(asked.vectors, asked.most_vectors, asked.hang_after_s)
    wish = Wish(board.kind.name, model, _inside(repository, asked.models), wanted)
    setting = Setting(
        folder=asked.folder,
        board=board.name,
        lab=asked.lab,
        db=asked.db,
        vectors=asked.vectors,
        most_vectors=asked.most_vectors,
        hang_after_s=asked.hang_after_s,
        command=asked.command,
    )
    with Store.open(asked.db) as store, checked_out(repository, bad, quiet) as checkout:
        looking = Looking(checkout, wish, board, toolchain, setting, store, thresholds, say.note)
        _check_concerned(looking, good, bad)
        searched = _Searched(repository, looking, metric, good, bad, parents, say)
        finding = searched.all(_precisions(looking, good, bad, precision))
    return replace(finding, seconds=time.monotonic() - began)


class _Searched:
    """One search, from the two ends to the finding."""

    def __init__(
        self,
        repository: Repository,
        looking: Looking,
        metric: Metric,
        good: str,
        bad: str,
        parents: dict[str, tuple[str, ...]],
        say: Say,
    ) -> None:
        self._repository = repository
        self._looking = looking
        self._metric = metric
        self._good_sha, self._bad_sha = good, bad
        self._parents = parents
        self._say = say
        self._search = Search(parents, bad)
        self._seen: dict[str, Seen] = {}

    def all(self, precisions: Sequence[Precision]) -> Finding:
        """Both ends first: what is not worse at the one than at the other needs no search."""
        self._precision, good, bad = self._ends(precisions)
        unchanged = self._why_nothing(good, bad)
        if unchanged is None:
            self._raise_tolerance(bad)
            self._between()
        left = [] if unchanged is not None else self._search.left
        step = self._step(left[0]) if len(left) == 1 else None
        return Finding(
            case=self._looking.case(self._precision),
            metric=self._metric.name,
            good=good,
            bad=bad,
            seen=tuple(self._seen.values()),
            left=tuple(map(self._repository.told, left)),
            step=step,
            unchanged=unchanged,
            between=len(self._parents),
            runs=self._looking.runs,
            seconds=0.0,
        )

    def _ends(self, precisions: Sequence[Precision]) -> tuple[Precision, Seen, Seen]:
        """The precision that got worst, and both ends in it."""
        good, bad = self._good_sha, self._bad_sha
        pairs: dict[Precision, tuple[Figures, Figures, Verdict | None]] = {}
        for precision in precisions:
            others = [one for one in precisions if one not in pairs and one is not precision]
            before = self._end("good", good, precision, others)
            after = self._end("bad", bad, precision, others)
            if self._cannot_be_compared(self._verdict(after, before, precision)):
                before, after = (
                    self._anew("good", good, before, precision),
                    self._anew("bad", bad, after, precision),
                )
            pairs[precision] = (before, after, self._verdict(after, before, precision))
        worst = max(pairs, key=lambda one: _how_bad(pairs[one][2]))
        self._good, after, verdict = pairs[worst]
        told = self._repository.told
        values = (None, None) if verdict is None else (verdict.before, verdict.after)
        first = Seen(told(good), Mark.GOOD, self._good.origin, self._good.run, values[0])
        mark = Mark.BAD if verdict is not None and outcome_of(verdict) in _RAN_WORSE else Mark.GOOD
        last = Seen(told(bad), mark, after.origin, after.run, values[1], verdict)
        for one in (first, last):
            self._seen[one.commit.sha] = one
            self._say.seen(one)
        return worst, first, last

    def _end(
        self, which: str, sha: str, precision: Precision, others: Sequence[Precision], *, anew: bool = False
    ) -> Figures:
        self._say.doing(f"looking at the {which} commit {sha[:10]}")
        try:
            return self._looking.figures(sha, precision, anew=anew, beside=others)
        except SkipError as error:
            raise BisectError(
                f"nothing is known of the {which} commit {sha[:10]}",
                evidence=str(error),
                remedy="name another as its end",
            ) from None

    def _anew(self, which: str, sha: str, held: Figures, precision: Precision) -> Figures:
        """A run of today in the place of one that was stored before."""
        return held if held.origin is Origin.RAN else self._end(which, sha, precision, (), anew=True)

    def _verdict(self, now: Figures, before: Figures, precision: Precision) -> Verdict | None:
        return self._looking.verdict(now.run, before.run, precision, self._metric.name)

    @staticmethod
    def _cannot_be_compared(verdict: Verdict | None) -> bool:
        return verdict is None or verdict.outcome in (Outcome.NOT_COMPARABLE, Outcome.NO_DATA, Outcome.NEW)

    def _why_nothing(self, good: Seen, bad: Seen) -> str | None:
        """Why there is nothing to look for; BisectError where that is because nothing was measured."""
        verdict = bad.verdict
        if verdict is None:
            with self._looking.reading() as connection:
                assert bad.run is not None
                known = metrics_of(connection, bad.run.id)
            raise BisectError(
                f"{self._metric.name} was not measured at either end",
                evidence=f"measured: {', '.join(known)}",
                remedy=suggest(self._metric.name, known),
            )
        outcome = outcome_of(verdict)
        if outcome is Outcome.REGRESSION:
            return None
        if outcome in _FINE:
            return f"it is {'no worse' if outcome is Outcome.UNCHANGED else 'better'} there"
        return f"they cannot be told apart: {verdict.outcome}, {verdict.reason}"

    def _raise_tolerance(self, bad: Seen) -> None:
        """A commit is bad when it is on the bad one's side of the middle: lesser changes are not what is
        looked for.
        """
        verdict = bad.verdict
        assert verdict is not None
        assert verdict.before is not None
        assert verdict.after is not None
        case = self._looking.case(self._precision)
        held = self._looking.thresholds
        allowed = held.of(self._metric.name, *case)
        half = abs(verdict.after.value - verdict.before.value) / 2
        tolerance = Tolerance(allowed.share, max(allowed.amount, half))
        self._looking.thresholds = Thresholds(
            (*held.of_file, Threshold(tolerance, _literal(self._metric.name))), held.path
        )

    def _between(self) -> None:
        """Look at one commit after the other, until one is left or none can be looked at."""
        search, closely = self._search, False
        idle: set[str] = set()
        likely: set[str] = set()
        tests: int | None = None
        while True:
            if not closely and len(search.left) <= _CLOSELY:
                closely = True
                idle, likely = self._look_closely()
                self._spread()
                tests = search.tests(idle) + (
                    1 if self._looking.runs else 0
                )  # where all is new, a guess pays
            sha = search.next(idle, likely, tests)
            if sha is None:
                return
            self._note(self._look(sha))
            if closely:
                self._spread()
            tests = None if tests is None else tests - 1

    def _look(self, sha: str) -> Seen:
        told = self._repository.told(sha)
        many = self._search.tests()
        self._say.doing(f"looking at {told.short}: {len(self._search.left)} are left, at most {many} runs")
        try:
            now = self._looking.figures(sha, self._precision)
            verdict = self._verdict(now, self._good, self._precision)
            if self._cannot_be_compared(verdict) and now.origin is Origin.STORED:
                now = self._looking.figures(sha, self._precision, anew=True)
                verdict = self._verdict(now, self._good, self._precision)
            if self._cannot_be_compared(verdict) and self._good.origin is Origin.STORED:
                self._good = self._looking.figures(self._good_sha, self._precision, anew=True)
                end = self._seen[self._good_sha]
                self._seen[self._good_sha] = replace(end, origin=Origin.RAN, run=self._good.run)
                verdict = self._verdict(now, self._good, self._precision)
        except SkipError as error:
            return Seen(told, Mark.SKIP, reason=str(error))
        if verdict is None or self._cannot_be_compared(verdict):
            why = "it was not measured" if verdict is None else f"{verdict.outcome}: {verdict.reason}"
            return Seen(told, Mark.SKIP, now.origin, now.run, None, verdict, why)
        mark = Mark.BAD if outcome_of(verdict) is Outcome.REGRESSION else Mark.GOOD
        return Seen(told, mark, now.origin, now.run, verdict.after, verdict)

    def _note(self, seen: Seen) -> None:
        self._seen[seen.commit.sha] = seen
        self._say.seen(seen)
        mark = {Mark.GOOD: self._search.good, Mark.BAD: self._search.bad, Mark.SKIP: self._search.skip}
        mark[seen.mark](seen.commit.sha)

    def _look_closely(self) -> tuple[set[str], set[str]]:
        """Of the commits that are left, those whose image is a parent's, and those that touch the files of
        the functions that got slower.
        """
        left = self._search.left
        identities: dict[str, Identity] = {}
        for number, sha in enumerate(reversed(left), 1):
            self._say.doing(f"looking into commit {number} of {len(left)}: {sha[:10]}")
            parents = self._repository.parents(sha)
            for one in (*parents, sha):
                try:
                    identities[one] = self._looking.identity(one, self._precision)
                except SkipError:
                    continue
        blamed = self._blamed_files()
        idle, likely = set(), set()
        for sha in left:
            own = identities.get(sha)
            before = [identities[one] for one in self._repository.parents(sha) if one in identities]
            if own is not None and own in before:
                idle.add(sha)
            elif own is not None and before and any(_touches(own, before, path) for path in blamed):
                likely.add(sha)
        return idle, likely

    def _blamed_files(self) -> set[PurePosixPath]:
        """The files that define the function that got slower most."""
        good, bad = self._seen[self._good_sha].run, self._seen[self._bad_sha].run
        assert good is not None
        assert bad is not None
        for why in self._looking.why(bad, good, self._precision):
            grown = [part.name for part in why.parts if part.more > 0 and why.unit != "B"][:1]
            for name in grown:
                return self._looking.sources(self._bad_sha).defining(name, self._precision)
        return set()

    def _spread(self) -> None:
        """What is known of an image holds for every commit that gives it; so do runs stored before."""
        for sha in self._search.waiting:
            try:
                held = self._looking.held(sha, self._precision)
            except SkipError:
                continue
            if held is not None and sha not in self._seen:
                self._note(self._look(sha))

    def _step(self, sha: str) -> Step:
        after = self._seen[sha]
        before = self._before(sha)
        if after.run is None or before.run is None:
            return Step(before, after, None, (), None)
        verdict = self._looking.verdict(
            after.run, before.run, self._precision, self._metric.name, exactly=True
        )
        why = self._looking.why(after.run, before.run, self._precision)
        return Step(before, after, verdict, why, self._share(verdict))

    def _before(self, sha: str) -> Seen:
        """Its parent where that was looked at, else the newest good one in its history."""
        for parent in self._repository.parents(sha):
            if parent in self._seen and self._seen[parent].mark is Mark.GOOD:
                return self._seen[parent]
        return self._seen[self._good_sha]

    def _share(self, verdict: Verdict | None) -> float | None:
        whole = self._seen[self._bad_sha].verdict
        changes = [_change(one) for one in (verdict, whole) if one is not None]
        if len(changes) < 2 or None in changes or not changes[1]:
            return None
        return changes[0] / changes[1] if changes[0] is not None else None


def _touches(own: Identity, before: Sequence[Identity], path: PurePosixPath) -> bool:
    return all(own.files.get(path) != one.files.get(path) for one in before)


def _change(verdict: Verdict) -> float | None:
    if verdict.before is None or verdict.after is None:
        return None
    return verdict.after.value - verdict.before.value


def _how_bad(verdict: Verdict | None) -> tuple[bool, float]:
    if verdict is None:
        return False, float("-inf")
    worse = outcome_of(verdict) is Outcome.REGRESSION
    return worse, abs(verdict.share) if verdict.share is not None else 0.0


def _literal(name: str) -> str:
    assert fnmatchcase(name, name), "metrics have plain names"
    return name


def _metric(name: str) -> Metric:
    known = [*METRICS, *(f"{one}{tier.suffix}" for one in METRICS for tier in TIERS)]
    if name not in known:
        choice = f"choose from: {', '.join(one for one in METRICS if METRICS[one].better is not None)}"
        raise BisectError(f"there is no metric called {name!r}", remedy=suggest(name, known) or choice)
    metric = lookup(name)
    if metric.better is None:
        raise BisectError(f"{name} can be no worse: neither way of it is better", remedy="name another")
    return metric


def _board(asked: Asked) -> BoardSpec:
    boards = load_lab(asked.lab).select(asked.board or "all")
    if len(boards) != 1:
        names = ", ".join(board.name for board in boards)
        raise LabError("a search needs one board", evidence=names, remedy="name it with --board")
    return boards[0]


def _inside(repository: Repository, folder: Path | None) -> PurePosixPath | None:
    """Where the folder of a user's own models lies in the repository."""
    if folder is None:
        return None
    place, top = folder.resolve(), repository.folder.resolve()
    if not place.is_relative_to(top):
        raise BisectError(
            "the folder of models is not in the repository",
            evidence=f"{place} is not in {top}",
            remedy="name one that is with --models-dir: its files are taken from the commits",
        )
    return PurePosixPath(place.relative_to(top).as_posix())


def _check_concerned(looking: Looking, good: str, bad: str) -> None:
    """BisectError when no commit has anything that images are made of."""
    wish = looking.wish
    if wish.folder is None and not any(
        has_firmware(looking.sources(sha).tree, wish.kind) for sha in (good, bad)
    ):
        raise BisectError(
            "no commit of this repository changes what runs on the board",
            evidence=f"it has no firmware for {wish.kind}, and no folder of models was named",
            remedy="name the folder of your models with --models-dir",
        )


def _precisions(looking: Looking, good: str, bad: str, named: str) -> tuple[Precision, ...]:
    """Those that both ends have, or the one that was named."""
    if named:
        return tuple(precisions_of(named)[:1])
    try:
        held = looking.precisions(good)
        both = tuple(one for one in looking.precisions(bad) if one in held)
    except SkipError as error:
        raise BisectError(str(error)) from None
    if not both:
        raise BisectError("the two commits have no precision of the model in common")
    return both
