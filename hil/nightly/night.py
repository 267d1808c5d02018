"""One night, in order: what to compare with, the bench, a copy of the database, the verdict, its files."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from hil.errors import HilError, refusal
from hil.escaping import escaped
from hil.files import replace_file
from hil.gate.checking import check
from hil.gate.data import json_text
from hil.gate.junit import junit_text
from hil.gate.markdown import markdown_text
from hil.gate.result import FAIL_ON, FINE, NOTHING, WORSE, FailOn, Result
from hil.gate.text import text_lines
from hil.gate.wording import summary
from hil.masking import masked
from hil.nightly import bench
from hil.nightly.folder import Nights, open_nights
from hil.nightly.reference import reference, run_of
from hil.nightly.witness import Kind
from hil.report.writing import write_report
from hil.text.streams import OutputError
from hil.thresholds import load_thresholds
from hil_db.records import Status
from hil_db.references import StoredRun
from hil_db.sources import back_up, settle

WRONG = 2  # everything that is neither better nor worse nor missing
_WORST = (WORSE, WRONG, NOTHING, FINE)
_WORDS = {FINE: "fine", WORSE: "worse", WRONG: "failed", NOTHING: "no data"}
_FINE = "**HIL bench: fine.** "  # what a comparison without findings begins with
# Of pytest's own exit codes.
_TESTS_FAILED, _NO_TESTS = 1, 5
_SAID = {1: "failed", 2: "was interrupted", 3: "met a fault of its own", 4: "was not given what it needs"}
# What a test that failed comes to, and what has to be failed on for that.
_KINDS = {
    Kind.FOUND: (WORSE, FailOn.REGRESSION),
    Kind.BENCH: (NOTHING, FailOn.NO_DATA),
    Kind.STORE: (WRONG, None),
}
_NAMED = 5  # so many tests that failed
_OURS = ("--baseline", "--db", "--lab")


@dataclass(frozen=True)
class Options:
    """What the user asked for; ``bench`` are options of pytest, ``folder`` is where all of it happens."""

    folder: Path
    out: Path
    keep: int
    bench: Sequence[str] = ()
    baseline: str | None = None
    db: str | None = field(default=None, repr=False)
    lab: Path | None = None
    backup: Path | None = None
    fails_on: Sequence[FailOn] = FAIL_ON


@dataclass(frozen=True)
class Finding:
    """Something that the comparison does not tell, and the exit code that it comes to."""

    code: int
    said: str


def worst(codes: Iterable[int]) -> int:
    """The exit code of several: a regression is told whatever else went wrong."""
    return min(codes, key=_WORST.index, default=FINE)


def night(options: Options) -> int:
    """Run the bench, compare, and write what was found; the exit code.

    HilError when it cannot begin: another night goes on in that folder, the baseline does not exist, the
    database cannot be used, thresholds make no sense.
    """
    _refuse_ours(options.bench)
    load_thresholds(options.lab, options.folder)
    began = datetime.now(UTC)
    with open_nights(options.out) as nights:
        before = reference(options.db, options.baseline, options.folder)
        ended = bench.run(_arguments(options, before), nights.here / "bench.log")
        return _Morning(options, nights, before, ended).code(began)


class _Morning:
    """What is done when the bench has ended: each step by itself, whatever became of the others."""

    def __init__(
        self, options: Options, nights: Nights, before: StoredRun | None, ended: bench.Ended
    ) -> None:
        self.options = options
        self.nights = nights
        self.before = before
        self.ended = ended
        self.findings: list[Finding] = []
        self.run: int | None = None
        self.status: Status | None = None
        self.result: Result | None = None

    def code(self, began: datetime) -> int:
        options, ended = self.options, self.ended
        self._attempt("the night's run", self._find)
        here = self.nights.settle(began, self.run)
        if options.backup is not None:
            self._attempt("the copy of the database", self._back_up)
        if ended.asked is not None:
            self._settle()
            _say(f"hil nightly: ended by {ended.asked.name}{self._stored()}; {here}")
            return 128 + ended.asked
        if self.run is not None:
            self._attempt("the comparison", self._compare)
        self.findings += self._of_bench()
        self._attempt("the files of the night", self._write)
        if self.run is not None:
            self._attempt("the report", self._report)
        self._attempt(f"the link to the newest in {options.out}", self.nights.point)
        self._attempt(f"the old nights in {options.out}", lambda: self.nights.keep(options.keep))
        self._settle()
        if self.result is not None:
            _say("\n".join(["", *text_lines(self.result)]))
        _say(self._last_line(here))
        return self.worst

    @property
    def worst(self) -> int:
        """The exit code that all of it comes to."""
        return worst(
            [*(one.code for one in self.findings), FINE if self.result is None else self.result.code]
        )

    def _attempt(self, what: str, step: Callable[[], object]) -> None:
        try:
            step()
        except HilError as error:
            self.findings.append(Finding(WRONG, f"{what}: {error}"))
        except OSError as error:
            self.findings.append(Finding(WRONG, f"{what}: {refusal(error)}"))
        except Exception as error:  # noqa: BLE001 - what was measured is still compared, kept and told
            traceback.print_exc()
            self.findings.append(Finding(WRONG, f"{what}: a fault of the lab's own: {masked(repr(error))}"))

    def _find(self) -> None:
        found = run_of(self.options.db, self.ended.pid, self.ended.birth)
        if found is not None:
            self.run, self.status = found

    def _back_up(self) -> None:
        assert self.options.backup is not None
        self.options.backup.absolute().parent.mkdir(parents=True, exist_ok=True)
        back_up(self.options.db, self.options.backup)

    def _settle(self) -> None:
        self._attempt("the database", lambda: settle(self.options.db))

    def _compare(self) -> None:
        options = self.options
        before = None if self.before is None else str(self.before.id)
        self.result = check(options.db, str(self.run), before, options.lab, options.folder, options.fails_on)

    def _of_bench(self) -> list[Finding]:
        """What its end tells beyond what was stored."""
        code, status, found = self.ended.code, self.status, self._of_tests()
        how = f"was ended by signal {-code}" if code < 0 else _SAID.get(code, f"ended with {code}")
        if status is not None and status not in (Status.FINISHED, Status.FAILED):
            return [Finding(WRONG, f"the bench {how}: run {self.run} is not whole, but {status}"), *found]
        if code == _TESTS_FAILED and self.ended.failures:
            return found
        if status is not None:
            return [] if code == 0 else [Finding(WRONG, f"the bench {how}")]
        if code in (0, _NO_TESTS):
            return [Finding(NOTHING, "the bench ran no image")]
        return [Finding(WRONG, f"the bench {how}, and stored no run")]

    def _of_tests(self) -> list[Finding]:
        """Tests that failed; but not those of images of which the comparison tells as much."""
        told = self.result is not None and self.result.code != FINE
        found = []
        for one in self.ended.failures:
            code, asked = _KINDS[one.kind]
            if (asked is None or asked in self.options.fails_on) and not (one.kind is Kind.BENCH and told):
                found.append(Finding(code, f"{one.test.rpartition('::')[2]} failed: {one.said}"))
        return _cut(found)

    def _write(self) -> None:
        here, result = self.nights.here, self.result
        replace_file(here / "check.md", self._comment())
        if result is None:
            return
        replace_file(here / "check.json", json_text(result) + "\n")
        replace_file(here / "junit.xml", junit_text(result) + "\n")

    def _comment(self) -> str:
        """The comparison in Markdown; what else there is to tell comes first."""
        text = "" if self.result is None else markdown_text(self.result)
        if not self.findings:
            return text
        word = _WORDS[self.worst]
        notes = "".join(f"\n<pre>{escape(escaped(one.said))}</pre>\n" for one in self.findings)
        return f"**HIL bench: {word}.**\n{notes}\n{text.removeprefix(_FINE)}"

    def _report(self) -> None:
        options, before = self.options, None if self.before is None else str(self.before.id)
        out = self.nights.here / "report.html"
        write_report(options.db, str(self.run), before, out, lab=options.lab, folder=options.folder)

    def _stored(self) -> str:
        return f"; what was measured is in run {self.run}" if self.run is not None else ""

    def _last_line(self, here: Path) -> str:
        told = [f"hil nightly: {_WORDS[self.worst]} ({self.worst})"]
        if self.result is not None:
            comparison = self.result.comparison
            against = "is the first" if self.before is None else f"against {self.before.told}"
            told.append(f"{comparison.now.told} {against}: {summary(comparison)}")
        told += [one.said for one in self.findings]
        return "; ".join([*told, str(here)])


def _arguments(options: Options, before: StoredRun | None) -> list[str]:
    """What the bench is asked: a run that is worse fails there, and is nobody's baseline the next night."""
    arguments = ["--board=all"]
    if before is not None and FailOn.REGRESSION in options.fails_on:
        arguments.append(f"--baseline={before.id}")
    if options.db is not None:
        arguments.append(f"--db={options.db}")
    if options.lab is not None:
        arguments.append(f"--lab={options.lab}")
    return [*arguments, *options.bench]


def _cut(found: list[Finding]) -> list[Finding]:
    """The first, and how many more there are."""
    first, rest = found[:_NAMED], found[_NAMED:]
    more = f"and {len(rest)} more test{'s' if len(rest) != 1 else ''} failed"
    return [*first, Finding(worst(one.code for one in rest), more)] if rest else first


def _refuse_ours(arguments: Sequence[str]) -> None:
    for one in arguments:
        name = one.partition("=")[0].replace("--hil-", "--")
        if name in _OURS:
            raise HilError(f"{name} stands behind --", remedy=f"give {name} to hil nightly itself")


def _say(text: str) -> None:
    """What nobody reads is in the files as well."""
    with suppress(OutputError):
        print(escaped(text, lines=True))
        sys.stdout.flush()
