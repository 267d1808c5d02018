"""The rows of a made-up lab's runs; what is the same in many sessions is made once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from hil.errors import does_not_fit
from hil.kinds import KINDS
from hil.logbook import LogLine
from hil.models.catalog import find_model
from hil.models.vectors import inputs_sha256, vectors_path
from hil_db import codec
from hil_db.logs import pack as logs_packed
from hil_db.schema import INCIDENT, MEASURE, RUN, SAMPLE, SESSION, SESSION_LOG
from seeded import Maker, uid
from seeded_images import Case, bytes_of
from seeded_power import POWERED, power_of

if TYPE_CHECKING:
    from seeded_lab import Lab

MODELS = (
    "fastgrnn_digits", "fastgrnn_vowels", "fastgrnn_vowels_1kb", "rnnpool_face", "msc_rnn_radar", "perf_har2",
    "perf_wakeword2", "perf_msc_lower", "perf_google12", "perf_face_m4", "perf_vww", "perf_wider",
)  # fmt: skip
_NOISE = 0.002  # of a clock of silicon
_SLOW_S = 0.004  # of the reference workload
_ERRORS = (
    (
        "no frame in 10.0 s after 1,204 bytes; last b'\\x02\\x91\\x00\\x17'",
        "stopped answering",
        "reset through its debug probe, 312 vectors run again",
        4.2,
    ),
    (
        "its image id is not the manifest's (a61f02c4, not 77b90d1e); build it anew",
        None,
        None,
        None,
    ),
    (
        "the serial port is gone: [Errno 5] Input/output error",
        "serial port lost",
        "power-cycled, all its vectors run again",
        11.8,
    ),
)


@dataclass(frozen=True)
class Vectors:
    """Those of one model; ``labels`` are None where nobody knows the right classes."""

    count: int
    sha256: str
    inputs_sha256: str
    classes: int
    labels: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class Told:
    """What a run's row tells."""

    command: str
    host: str
    commit: str
    dirty: bool
    branch: str
    versions: Mapping[str, str]


@lru_cache
def vectors_of(model: str) -> Vectors:
    """Of a model of the lab those that come with it, of another some of no known labels."""
    if model not in MODELS:
        sha = hashlib.sha256(model.encode()).hexdigest()
        return Vectors(540, sha, sha[::-1], 10, None)
    spec = find_model(model)
    path = vectors_path(spec)
    with np.load(path, allow_pickle=False) as archive:
        fields = {name: archive[name] for name in archive}
    count = spec.vectors or len(fields["steps"])
    labels = fields["labels"][:count].astype(np.int64) if spec.classes else None
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    return Vectors(count, sha, inputs_sha256(fields), spec.classes, labels)


class LabMaker(Maker):
    """Rows of a lab; what is the same in many sessions is made once."""

    _wanted: Lab

    def __init__(self, connection: Connection, wanted: Lab) -> None:
        super().__init__(connection, wanted)
        self._wanted = wanted
        self._exact_rows: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        self._drift = np.zeros(len(self._cases))
        self._incidents = 0

    def add_runs(self, numbers: range) -> None:
        """Runs with all that belongs to them."""
        wanted, count = self._wanted, len(self._cases)
        runs: list[tuple[Any, ...]] = []
        sessions: list[tuple[Any, ...]] = []
        measures: list[tuple[Any, ...]] = []
        samples: list[tuple[Any, ...]] = []
        incidents: list[tuple[Any, ...]] = []
        profiled: list[tuple[int, int, Case]] = []
        logs: list[tuple[Any, ...]] = []
        for run in numbers:
            began = wanted.began(run)
            told = wanted.told(run)
            versions = json.dumps(dict(told.versions))
            times, noise, slow = self._times(), self._noises(), self._reference(run)
            failed = False
            for place, case in enumerate(self._cases):
                if not wanted.ran(run, place, case):
                    continue
                number = run * count + place + 1
                moment = self._time(began + timedelta(seconds=2 * place))
                error = self._error(run, place, case)
                failed |= error is not None and len(error) > 1
                vectors = vectors_of(case.model)
                image = self._image_ids[self._sha(case, run)]
                status = "finished" if error is None else "failed"
                about = (case.board, case.kind, case.model, case.precision, moment, moment, status)
                key = uid("session", run, place, wanted.seed)
                probe = None if KINDS[case.kind].emulator else f"probe-{case.board}"
                kept = (error[0] if error else None, vectors.sha256, vectors.inputs_sha256, probe)
                sessions.append((number, run + 1, image, *about, versions, key, *kept))
                taken = {name: held[place] for name, held in times.items()}
                taken["reference_s"] = slow[place]
                if run >= wanted.runs - wanted.sampled:
                    logs.append(self._log(number, case, began + timedelta(seconds=2 * place), error))
                if error is not None:
                    if len(error) > 1:
                        early = ("connect_s", "program_s", "reference_s")
                        measures += self._seconds(number, {name: taken[name] for name in early})
                    if len(error) > 1 and error[1] is not None:
                        incidents.append(self._incident(run, number, case.board, moment, error[1:]))
                    continue
                measures += self._rows_of(number, run, case, noise[place])
                measures += self._seconds(number, taken)
                if run >= wanted.runs - wanted.sampled:
                    samples += self._samples(number, run, case)
                if run >= wanted.runs - wanted.profiled and KINDS[case.kind].emulator:
                    profiled.append((number, run, case))
            if run % 17 == 6:
                befell = ("beside", "labgrid place lost", "waited for it", 61.0)
                incidents.append(self._incident(run, None, wanted.boards[-1], self._time(began), befell))
            runs.append(self._run_row(run, told, began, versions, failed))
        self._insert(
            RUN,
            "id started finished status command host pid git_commit git_dirty versions uid git_branch"
            " git_tags lab_path",
            runs,
        )
        self._insert(
            SESSION,
            "id run_id image_id board kind model precision started finished status versions uid error"
            " vectors_sha256 inputs_sha256 probe",
            sessions,
        )
        columns = "session_id metric value unit method technique resolution low high conditions"
        self._insert(MEASURE, columns, measures)
        self._insert(SAMPLE, "session_id metric unit method technique dtype count codec blob", samples)
        columns = "id uid run_id session_id board kind action time evidence seconds"
        self._insert(INCIDENT, columns, incidents)
        self._insert(SESSION_LOG, "session_id lines blob", logs)
        self._profiles(profiled)

    def _toolchain(self, run: int) -> str:
        newer = run >= 0.6 * self._wanted.runs
        return f"arm-none-eabi-gcc {'14.2.1' if newer else '12.2.1'}"

    def _log(
        self, session: int, case: Case, began: datetime, error: tuple[Any, ...] | None
    ) -> tuple[Any, ...]:
        """What befell a session, as far as it came."""
        count = vectors_of(case.model).count
        told = [
            f"connects to {case.board} ({case.kind})",
            f"programs {case.model}/{case.precision}: {12_000 + case.rodata:,} B",
            "reads the flash back: as in the image",
            "shakes hands: protocol 4, the manifest's image",
            f"streams {count:,} vectors",
            f"{count:,} of {count:,} vectors answered, none sent again",
        ]
        if error is not None:
            told = [*told[: 5 if len(error) > 1 else 0], error[0]]
        lines = [LogLine(began + timedelta(seconds=0.3 * at), one) for at, one in enumerate(told)]
        return session, len(lines), logs_packed(lines)

    def _run_row(self, run: int, told: Told, began: datetime, versions: str, failed: bool) -> tuple[Any, ...]:
        wanted = self._wanted
        status = "interrupted" if wanted.interrupted(run) else "failed" if failed else "finished"
        ended: datetime | None = began + timedelta(seconds=2 * len(self._cases))
        host = told.host
        if run == wanted.runs - 1:
            status, ended = "running", None
        tags = json.dumps([f"v{run // 100}.0"] if run % 100 == 0 else [])
        about = (status, told.command, host, 4711, told.commit, told.dirty, versions)
        key = uid("run", run, wanted.seed)
        finished = None if ended is None else self._time(ended)
        return run + 1, self._time(began), finished, *about, key, told.branch, tags, "/srv/lab/lab.toml"

    def _error(self, run: int, place: int, case: Case) -> tuple[Any, ...] | None:
        """Its text, and of one that is a failure what its incident says, Nones without one."""
        wanted = self._wanted
        if wanted.too_large(case):
            over = max(1_024, case.rodata // 3)
            said = does_not_fit(over)
            why = f"the image {case.model}/{case.precision} is larger than the board's memory"
            return (f"{said}: {why} (over FLASH by {over:,} B); make the model smaller",)
        drawn = int(uid("fails", run, place, wanted.seed)[:8], 16)
        planned = run == wanted.ends and place == 4
        if drawn % wanted.failing and not planned:
            return None
        text, kind, action, seconds = _ERRORS[0 if planned else drawn // 7 % len(_ERRORS)]
        return (f"{case.board}: {text}", kind, action, seconds)

    def _incident(
        self, run: int, session: int | None, board: str, moment: Any, befell: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        self._incidents += 1
        *_, kind, action, seconds = befell
        key = uid("incident", self._incidents, self._wanted.seed)
        return (
            self._incidents, key, run + 1, session, board, kind, action, moment, "no frame in 10.0 s", seconds
        )  # fmt: skip

    def _noises(self) -> npt.NDArray[np.float64]:
        """Of one run's clocks; each resembles that of the run before."""
        self._drift = 0.5 * self._drift + self._random.normal(size=len(self._cases)) * _NOISE
        return np.exp(self._drift)

    def _reference(self, run: int) -> npt.NDArray[np.float64]:
        """What the reference workload took: a host gets slower, then another takes its place."""
        share = run / self._wanted.runs
        host = 1.0 if share < 0.35 else 1.12 if share < 0.7 else 0.8
        return _SLOW_S * host * np.exp(0.01 * self._random.normal(size=len(self._cases)))

    def _rows_of(self, session: int, run: int, case: Case, noise: float) -> Iterator[tuple[Any, ...]]:
        powered = case.board in POWERED and run >= self._wanted.runs - self._wanted.powered
        changes = [place for place, one in enumerate(self._wanted.planted) if one.concerns(run, case)]
        key = (case, powered, *changes)
        if key not in self._exact_rows:
            self._exact_rows[key] = list(self._usual(run, case, powered))
        for metric, value, unit, method, *rest in self._exact_rows[key]:
            if method == "measured" and metric not in ("stack_bytes", "stack_model_bytes"):
                value *= noise
                low, high = rest[2], rest[3]
                if low is not None:
                    rest[2:4] = low * noise, high * noise
            yield (session, metric, value, unit, method, *rest)

    def _seconds(self, session: int, taken: Mapping[str, float]) -> Iterator[tuple[Any, ...]]:
        for metric, seconds in taken.items():
            link = "{}" if metric in _ALONE else '{"link": "uart"}'
            yield (session, metric, float(seconds), "s", "measured", "host-clock", None, None, None, link)

    @staticmethod
    def _stored(value: float, unit: str) -> float:
        return float(round(value)) if unit == "B" else float(value)

    def _usual(self, run: int, case: Case, powered: bool) -> Iterator[tuple[Any, ...]]:
        """The measures of a session but for its times, as a clock without noise would tell them."""
        kind, vectors = KINDS[case.kind], vectors_of(case.model)

        row = partial(self._row, run, case)
        cycles, link = round(case.size * 1.7), ("counted", "link")
        exact = "within-1e-4" if case.precision == "f32" else "bit-exact"
        conditions = json.dumps({"clock_hz": float(kind.clock_hz), "wait_states": 0.0, **kind.conditions})
        if vectors.labels is not None or case.model not in MODELS:
            right = vectors.count - self._wrong(run, case, vectors.count)
            way = ("counted", "labels")
            yield ("accuracy", right / vectors.count, "1", *way, 1 / vectors.count, None, None, "{}")
        yield row("golden_exact", 1.0, "1", ("counted", exact))
        yield row("vectors", vectors.count, "1", link)
        slower = self._factor("latency_cycles", run, case)
        if kind.emulator:
            way = ("estimated", "cycle-model-1")
            yield row("instructions", case.size, "instructions", ("counted", "plugin"))
            per = kind.counter.per_tick
            yield row(
                "instructions", case.size // per * per, "instructions", ("counted", "timer"), float(per)
            )
            yield row("latency_cycles", cycles, "cycles", way, None, conditions, 0.07)
            yield row("latency_us", cycles * slower / kind.clock_hz * 1e6, "us", way, None, conditions, 0.07)
        else:
            way = ("measured", "dwt")
            yield row("latency_cycles", cycles, "cycles", way, 1.0, conditions)
            yield row("latency_us", cycles * slower / kind.clock_hz * 1e6, "us", way, None, conditions)
        for metric in ("flash_bytes", "ram_bytes"):
            yield row(metric, bytes_of(case, metric), "B", ("counted", "elf"))
        for metric, deep in (("stack_bytes", 440.0), ("stack_model_bytes", 300.0)):
            if kind.emulator:
                yield row(metric, deep, "B", ("counted", "tracked"))
            yield row(metric, deep - 8, "B", ("measured", "painted"), 4.0)
        for metric, count in (("link_lost", 0.0), ("link_damaged", 0.0), ("link_wire_bytes", 90_000.0)):
            yield row(metric, count, "B" if metric == "link_wire_bytes" else "1", link)
        if powered:
            for one in power_of(case)[1].measures:
                factor = self._factor(one.metric, run, case)
                ends = (None, None) if one.band is None else tuple(end * factor for end in one.band)
                told = (str(one.method), one.technique, one.resolution, *ends, json.dumps(one.conditions))
                yield (one.metric, one.value * factor, one.unit, *told)

    def _wrong(self, run: int, case: Case, count: int) -> int:
        """How many vectors of a case are put into a wrong class."""
        place = self._wanted.names.index(case.model)
        wrong = 0.01 + 0.012 * (place % 7) + (0.02 if case.precision == "q7" else 0.0)
        return round(count * (1 - (1 - wrong) * self._factor("accuracy", run, case)))

    def _samples(self, session: int, run: int, case: Case) -> Iterator[tuple[Any, ...]]:
        vectors = vectors_of(case.model)
        emulated = KINDS[case.kind].emulator is not None
        way = ("estimated", "cycle-model-1") if emulated else ("measured", "dwt")
        held = self._factor("latency_cycles", run, case)
        key = (case, "latency_cycles", round(held * 1e6) + (0 if emulated else run % 4))
        if key not in self._blobs:
            random = np.random.default_rng(int(uid(*key)[:8], 16))
            cycles = case.size * 1.7 * held * (1 + 0.02 * np.sin(np.arange(vectors.count)))
            if not emulated:
                cycles = cycles * random.lognormal(0, _NOISE, vectors.count)
            self._blobs[key] = codec.pack(np.round(cycles).astype(np.uint32))
        yield (
            session, "latency_cycles", "cycles", *way, "u4", vectors.count, codec.CODEC, self._blobs[key]
        )  # fmt: skip
        if not vectors.classes:
            return
        wrong = self._wrong(run, case, vectors.count)
        key = (case, "predicted", wrong)
        if key not in self._blobs:
            self._blobs[key] = codec.pack(_predicted(case.model, wrong))
        told = ("predicted", "1", "counted", "labels", "u2", vectors.count, codec.CODEC)
        yield (session, *told, self._blobs[key])


_ALONE = ("connect_s", "program_s", "verify_s", "reference_s")


def _predicted(model: str, wrong: int) -> npt.NDArray[np.uint16]:
    """The classes that so many vectors are wrongly put into, the others into their own."""
    vectors = vectors_of(model)
    random = np.random.default_rng(len(model))
    labels = vectors.labels if vectors.labels is not None else random.integers(0, 10, vectors.count)
    found = labels.copy()
    chosen = random.permutation(vectors.count)[:wrong]
    away = 1 + random.integers(0, vectors.classes - 1, vectors.count)
    found[chosen] = (labels[chosen] + away[chosen]) % vectors.classes
    return found.astype(np.uint16)
