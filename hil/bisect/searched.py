"""One search: from the figures of both ends to the commit between them that made the difference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from hil.bisect.finding import Finding, Mark, Origin, Seen, Step
from hil.bisect.looking import Figures, Looking, SkipError
from hil.bisect.repository import Repository
from hil.bisect.search import Search
from hil.bisect.sources import Identity
from hil.errors import BisectError
from hil.measure.verdicts import EXACT, Outcome, Tolerance, Verdict
from hil.metrics import Metric
from hil.naming import suggest
from hil.thresholds import Thresholds
from hil.values import Precision
from hil_db.comparing import outcome_of

_CLOSELY = 64  # so many commits are looked into before the next one is run
_OF_NOISE = 10  # runs of each commit: two make a history that tells a change of level from noise
_FINE = (Outcome.UNCHANGED, Outcome.IMPROVEMENT)


class _EndError(BisectError):
    """Nothing is known of an end."""


class Say(Protocol):
    """Where to tell how it goes."""

    def seen(self, seen: Seen) -> None:
        """A commit was looked at."""

    def doing(self, line: str) -> None:
        """What is being done now."""

    def note(self, line: str) -> None:
        """What a compiler warned of."""


class Searched:
    """One search, from the two ends to the finding."""

    def __init__(
        self,
        repository: Repository,
        looking: Looking,
        metric: Metric,
        ends: tuple[str, str],
        parents: dict[str, tuple[str, ...]],
        thresholds: Thresholds,
        repeats: int | None,
        say: Say,
    ) -> None:
        self._repository = repository
        self._looking = looking
        self._metric = metric
        self._good_sha, self._bad_sha = ends
        self._parents = parents
        self._thresholds = thresholds
        self._repeats = repeats
        self._say = say
        self._search = Search(parents, self._bad_sha)
        self._seen: dict[str, Seen] = {}
        self._figures: dict[str, Figures] = {}
        self._many = 1

    def all(self, precisions: Sequence[Precision]) -> Finding:
        """Both ends first: what is not worse at the one than at the other needs no search."""
        self._precision, bad = self._ends(precisions)
        unchanged = self._why_nothing(bad)
        if unchanged is None:
            self._tolerance = self._half(bad)
            self._between()
        left = [] if unchanged is not None else self._search.left
        return Finding(
            case=self._looking.case(self._precision),
            metric=self._metric.name,
            good=self._seen[self._good_sha],
            bad=bad,
            seen=tuple(self._seen.values()),
            left=tuple(map(self._repository.told, left)),
            step=self._step(left[0]) if len(left) == 1 else None,
            unchanged=unchanged,
            between=len(self._parents),
            runs=self._looking.runs,
            seconds=0.0,
        )

    def _ends(self, precisions: Sequence[Precision]) -> tuple[Precision, Seen]:
        """The precision that got worst, and the bad end in it; one that is broken hides no other."""
        pairs: dict[Precision, tuple[Figures, Figures, Verdict | None]] = {}
        for one in precisions:
            try:
                pairs[one] = self._pair(one, [other for other in precisions if other != one])
            except _EndError:
                if not pairs and one == precisions[-1]:
                    raise
        precision = max(pairs, key=lambda one: _how_bad(pairs[one][2]))
        before, after, verdict = pairs[precision]
        if verdict is None:
            known = self._looking.measured(after)
            raise BisectError(
                f"{self._metric.name} was not measured at either end",
                evidence=f"measured: {', '.join(known)}",
                remedy=suggest(self._metric.name, known),
            )
        told = self._repository.told
        worse = outcome_of(verdict) is Outcome.REGRESSION
        good = Seen(told(self._good_sha), Mark.GOOD, before.origin, before.run, verdict.before)
        bad = Seen(
            told(self._bad_sha),
            Mark.BAD if worse else Mark.GOOD,
            after.origin,
            after.run,
            verdict.after,
            verdict,
        )
        for end, figures in ((good, before), (bad, after)):
            self._seen[end.commit.sha] = end
            self._figures[end.commit.sha] = figures
            self._say.seen(end)
        return precision, bad

    def _pair(
        self, precision: Precision, others: Sequence[Precision]
    ) -> tuple[Figures, Figures, Verdict | None]:
        """Both ends, with as many runs as the metric needs; what cannot be compared otherwise is run anew."""
        ends = {"good": self._good_sha, "bad": self._bad_sha}
        figures = {which: self._end(which, sha, precision, 1, others) for which, sha in ends.items()}
        if self._repeats is not None or self._looking.is_noisy(figures["bad"], precision, self._metric):
            self._many = self._repeats or _OF_NOISE
            figures = {which: self._end(which, sha, precision, self._many) for which, sha in ends.items()}
        tolerance = self._thresholds.of(self._metric.name, *self._looking.case(precision))
        verdict = self._verdict(figures["bad"], figures["good"], precision, tolerance)
        if _is_unlike(verdict) and any(one.origin is Origin.STORED for one in figures.values()):
            figures = {
                which: self._end(which, sha, precision, self._many, anew=True)
                if figures[which].origin is Origin.STORED
                else figures[which]
                for which, sha in ends.items()
            }
            verdict = self._verdict(figures["bad"], figures["good"], precision, tolerance)
        return figures["good"], figures["bad"], verdict

    def _end(
        self,
        which: str,
        sha: str,
        precision: Precision,
        many: int,
        others: Sequence[Precision] = (),
        *,
        anew: bool = False,
    ) -> Figures:
        self._say.doing(f"looking at the {which} commit {sha[:10]}")
        try:
            return self._looking.figures(sha, precision, many, anew=anew, beside=others)
        except SkipError as error:
            raise _EndError(
                f"nothing is known of the {which} commit {sha[:10]}",
                evidence=str(error),
                remedy="name another as its end",
            ) from None

    def _verdict(
        self, now: Figures, before: Figures, precision: Precision, tolerance: Tolerance
    ) -> Verdict | None:
        return self._looking.verdict(now, before, precision, self._metric, tolerance)

    def _why_nothing(self, bad: Seen) -> str | None:
        """Why there is nothing to look for."""
        assert bad.verdict is not None
        outcome = outcome_of(bad.verdict)
        if outcome is Outcome.REGRESSION:
            return None
        if bad.verdict.tolerated:
            return "it is worse there by no more than is allowed"
        if outcome in _FINE:
            return f"it is {'no worse' if outcome is Outcome.UNCHANGED else 'better'} there"
        return f"the two ends cannot be compared: {bad.verdict.outcome}, {bad.verdict.reason}"

    def _half(self, bad: Seen) -> Tolerance:
        """A commit is bad from the middle on: lesser changes are not what is looked for."""
        assert bad.verdict is not None
        change = _change(bad.verdict) or 0.0
        allowed = self._thresholds.of(self._metric.name, *self._looking.case(self._precision))
        return Tolerance(allowed.share, max(allowed.amount, abs(change) / 2))

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
        left, most = len(self._search.left), self._search.tests() * self._many
        self._say.doing(f"{left} commits are left, at most {most} runs; at {told.short}")
        try:
            now = self._figures[sha] = self._looking.figures(sha, self._precision, self._many)
            verdict = self._against_good(now)
            if _is_unlike(verdict) and now.origin is Origin.STORED:
                now = self._figures[sha] = self._looking.figures(sha, self._precision, self._many, anew=True)
                verdict = self._against_good(now)
            if _is_unlike(verdict) and self._figures[self._good_sha].origin is Origin.STORED:
                self._good_anew()
                verdict = self._against_good(now)
        except SkipError as error:
            return Seen(told, Mark.SKIP, reason=str(error))
        if verdict is None or _is_unlike(verdict):
            why = "it was not measured" if verdict is None else f"{verdict.outcome}: {verdict.reason}"
            return Seen(told, Mark.SKIP, now.origin, now.run, None, verdict, why)
        mark = Mark.BAD if outcome_of(verdict) is Outcome.REGRESSION else Mark.GOOD
        return Seen(told, mark, now.origin, now.run, verdict.after, verdict)

    def _against_good(self, now: Figures) -> Verdict | None:
        return self._verdict(now, self._figures[self._good_sha], self._precision, self._tolerance)

    def _good_anew(self) -> None:
        """A run of today in the place of one that was stored before."""
        sha, end = self._good_sha, self._seen[self._good_sha]
        figures = self._figures[sha] = self._looking.figures(sha, self._precision, self._many, anew=True)
        self._seen[sha] = replace(end, origin=figures.origin, run=figures.run)

    def _note(self, seen: Seen) -> None:
        self._seen[seen.commit.sha] = seen
        self._say.seen(seen)
        mark = {Mark.GOOD: self._search.good, Mark.BAD: self._search.bad, Mark.SKIP: self._search.skip}
        mark[seen.mark](seen.commit.sha)

    def _look_closely(self) -> tuple[set[str], set[str]]:
        """Of the commits that are left, those whose image is a parent's, and those that change the text of
        the function that got slower most.
        """
        left, blamed = self._search.left, self._blamed()
        seen: dict[str, tuple[Identity, str | None]] = {}
        parents = {sha: self._repository.parents(sha) for sha in left}
        for number, sha in enumerate(reversed(left), 1):
            self._say.doing(f"looking into commit {number} of {len(left)}: {sha[:10]}")
            for one in (*parents[sha], sha):
                if one not in seen:
                    with suppress(SkipError):
                        seen[one] = self._looking.identity(one, self._precision), self._text(one, blamed)
        idle, likely = set(), set()
        for sha in left:
            before = [seen[one] for one in parents[sha] if one in seen]
            if sha not in seen or not before:
                continue
            identity, text = seen[sha]
            if any(identity == other for other, _ in before):
                idle.add(sha)
            elif blamed is not None and all(text != other for _, other in before):
                likely.add(sha)
        return idle, likely

    def _text(self, sha: str, function: str | None) -> str | None:
        return None if function is None else self._looking.definition(sha, function, self._precision)

    def _blamed(self) -> str | None:
        """The function that got slower most."""
        good, bad = self._figures[self._good_sha], self._figures[self._bad_sha]
        verdict = self._seen[self._bad_sha].verdict
        assert verdict is not None
        parts = [part for why in self._looking.why(bad, good, self._precision, verdict) for part in why.parts]
        return next((part.name for part in parts if part.more > 0), None)

    def _spread(self) -> None:
        """What is known of an image holds for every commit that gives it."""
        for sha in self._search.waiting:
            with suppress(SkipError):
                if self._looking.is_known(sha, self._precision, self._many):
                    self._note(self._look(sha))

    def _step(self, sha: str) -> Step:
        after, before = self._seen[sha], self._before(sha)
        figures = self._figures[sha], self._figures[before.commit.sha]
        verdict = self._verdict(*figures, self._precision, EXACT)
        whole = self._seen[self._bad_sha].verdict
        if verdict is None or whole is None:
            return Step(before, after, verdict, (), None)
        why = self._looking.why(*figures, self._precision, verdict)
        changes = _change(verdict), _change(whole)
        share = changes[0] / changes[1] if changes[0] is not None and changes[1] else None
        return Step(before, after, verdict, why, share)

    def _before(self, sha: str) -> Seen:
        """Its parent where that was looked at, else the good end."""
        for parent in self._repository.parents(sha):
            if parent in self._seen and self._seen[parent].mark is Mark.GOOD:
                return self._seen[parent]
        return self._seen[self._good_sha]


def _is_unlike(verdict: Verdict | None) -> bool:
    """Whether a verdict says neither that it is worse nor that it is not."""
    return verdict is None or verdict.outcome not in (Outcome.REGRESSION, *_FINE)


def _change(verdict: Verdict) -> float | None:
    if verdict.before is None or verdict.after is None:
        return None
    change = verdict.after.value - verdict.before.value
    if verdict.vectors is None:
        return change
    return max(abs(change), verdict.vectors.apart)  # of either a verdict asks whether it is allowed


def _how_bad(verdict: Verdict | None) -> tuple[bool, float]:
    if verdict is None:
        return False, float("-inf")
    worse = outcome_of(verdict) is Outcome.REGRESSION
    return worse, abs(verdict.share) if verdict.share is not None else 0.0
