"""Which stored sessions are the two sides of a point: a board's, and an emulator's of the same image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from hil.calibration.points import INFERENCE, Estimated, Measured, Point
from hil.errors import CalibrationError
from hil.kinds import KINDS
from hil.metrics import LATENCY_CYCLES, LATENCY_US, TIERS, VECTORS
from hil.naming import listed, suggest
from hil.values import Measure, Method
from hil_db import engine
from hil_db.records import Status
from hil_db.references import run_ids
from hil_db.schema import IMAGE, MEASURE, RUN, SESSION
from hil_db.store import Store
from hil_db.trials import is_no_trial

# What is put side by side, by metric.
_REGIONS = {LATENCY_CYCLES.name: INFERENCE} | {tier.of(LATENCY_CYCLES).name: tier.title for tier in TIERS}
_READ = (*_REGIONS, LATENCY_US.name, VECTORS.name)
_AT_ONCE = 500  # sessions or images of which a query asks
_BUILD = "run both from one build, with as many --vectors"


@dataclass(frozen=True)
class Pairs:
    """The points of a database, and of each image without one why it has none, in a line with what helps."""

    points: tuple[Point, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True)
class _Session:
    """A finished session of some image, with those of its measures that matter here."""

    id: int
    uid: str
    board: str
    kind: str
    model: str
    precision: str
    started: datetime
    vectors: str
    versions: Mapping[str, str]
    image: str
    commit: str | None
    bench: str  # tells boards of one name apart: the database that it was imported from, the debug probe
    measures: list[Measure] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.model}/{self.precision}"

    @property
    def count(self) -> int:
        """How many vectors ran."""
        return round(next((one.value for one in self.measures if one.metric == VECTORS.name), 0))

    @property
    def clock_hz(self) -> float | None:
        """What its latency was computed with, which the firmware told; None where it is not stored."""
        clocks = (
            one.conditions.get("clock_hz")
            for one in self.measures
            if one.metric == LATENCY_US.name and one.method is Method.MEASURED
        )
        return next((float(clock) for clock in clocks if isinstance(clock, int | float)), None)

    def of(self, method: Method) -> dict[str, Measure]:
        """Its cycles by region; of several techniques the first. An estimate without a band is none."""
        found: dict[str, Measure] = {}
        for one in self.measures:
            useful = one.method is not Method.ESTIMATED or one.band is not None
            if one.metric in _REGIONS and one.method is method and useful:
                found.setdefault(_REGIONS[one.metric], one)
        return found


def stored_pairs(url: str | None, boards: str | None, against: str | None, run: str) -> Pairs:
    """Of each image the newest session of each board that measured its cycles, with an estimate beside each.

    ``boards`` are names parted by commas, None for all that measured; ``run`` limits their sessions, as
    `hil export` takes it. ``against`` is the board that estimated, None for whichever did. An estimate is the
    newest of the same image over the same vectors. CalibrationError where there is no measured session, or
    ``against`` cannot run the images; StoreError when the database cannot be read, or has no such run.
    """
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        names = _boards(connection, store, boards)
        runs = run_ids(connection, run, store.url)
        own = [SESSION.c.board.in_(names), *([is_no_trial()] if runs is None else [])]
        newest: dict[tuple[str | None, ...], _Session] = {}
        for one in _sessions(connection, *own, runs=runs):
            if one.of(Method.MEASURED):
                newest[one.board, one.bench, one.kind, one.model, one.precision] = one
        if not newest:
            raise CalibrationError(
                f"no finished session of {', '.join(names)} in run {run} measured cycles",
                remedy="name another with --run, or leave it out for the newest of each image",
            )
        boards_own = sorted(newest.values(), key=lambda one: (one.name, one.board))
        if against is not None:
            _check_against(connection, store, against, boards_own)
        found = _Found(connection, store, against, boards_own)
        points: list[Point] = []
        alone: list[str] = []
        for one in boards_own:
            partner = found.partner(one)
            if isinstance(partner, str):
                alone.append(f"{one.board} {one.name}: {partner}")
            else:
                points += _points(store, one, partner)
        return Pairs(tuple(points), tuple(alone))


def _boards(connection: Connection, store: Store, wanted: str | None) -> list[str]:
    """The boards to look at; CalibrationError for one that measured no cycles."""
    query = (
        select(SESSION.c.board)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(MEASURE.c.metric == LATENCY_CYCLES.name, MEASURE.c.method == Method.MEASURED)
        .distinct()
    )
    known = sorted(connection.scalars(query))
    names = known if wanted is None else listed(wanted)
    missing = [name for name in names if name not in known]
    if names and not missing:
        return names
    where = engine.shown(store.url)
    bench = f"run silicon, which counts them: {engine.bench_command(store.url, 'NAME')} with its --lab"
    if not missing:
        raise CalibrationError(f"no board in {where} has measured cycles", remedy=bench)
    kind = connection.scalar(select(SESSION.c.kind).where(SESSION.c.board == missing[0]).limit(1))
    others = f"boards that did: {', '.join(known)}" if known else bench
    raise CalibrationError(
        "measured no cycles" if kind is not None else "has no session",
        board=missing[0],
        evidence=where if kind is None else f"{where}; it is a {kind}",
        remedy=suggest(missing[0], known) or others,
    )


def _check_against(connection: Connection, store: Store, against: str, measured: Sequence[_Session]) -> None:
    """CalibrationError where that board is of a kind that runs none of the images."""
    kinds = sorted(connection.scalars(select(SESSION.c.kind).where(SESSION.c.board == against).distinct()))
    if not kinds:
        raise CalibrationError(
            "has no session",
            board=against,
            evidence=engine.shown(store.url),
            remedy=f"run {engine.bench_command(store.url, against)}, or name another with --against",
        )
    wanted = sorted({_image_kind(one.kind) for one in measured})
    if not {_image_kind(kind) for kind in kinds} & set(wanted):
        raise CalibrationError(
            f"is a {kinds[0]}, which runs no images for {', '.join(wanted)}",
            board=against,
            remedy=_twin_remedy(store, wanted[0]),
        )


def _image_kind(kind: str) -> str:
    return KINDS[kind].image_kind if kind in KINDS else kind


def _twin_remedy(store: Store, kind: str) -> str:
    twin = next((one.name for one in KINDS.values() if one.emulator and one.image_kind == kind), None)
    if twin is None:
        return f"the lab has no emulated board that runs images for {kind}"
    return f"run {engine.bench_command(store.url, twin)}, which runs the same images"


class _Found:
    """Sessions of the images that were measured, and of others of their models, by what tells them."""

    def __init__(
        self, connection: Connection, store: Store, against: str | None, measured: Sequence[_Session]
    ) -> None:
        self._connection = connection
        self._store = store
        self._beside = [] if against is None else [SESSION.c.board == against]
        self._of_image: dict[str, list[_Session]] = defaultdict(list)
        images = sorted({one.image for one in measured})
        for some in _parts(images):
            for one in _sessions(connection, IMAGE.c.sha256.in_(some), *self._beside):
                self._of_image[one.image].append(one)

    def partner(self, measured: _Session) -> _Session | str:
        """The newest session that estimates the same, or why there is none and what helps."""
        if measured.clock_hz is None:
            return "its clock is not stored with it; run it again"
        same = [one for one in self._of_image[measured.image] if not one.of(Method.MEASURED)]
        estimated = [one for one in same if one.of(Method.ESTIMATED)]
        alike = [one for one in estimated if _vectors(one) == _vectors(measured)]
        if alike:
            return alike[-1]
        if estimated:
            last = estimated[-1]
            told = f"{last.board} estimated it over {last.count:,} vectors"
            if last.count == measured.count:
                told = f"{last.board} estimated it over other vectors"
            return f"measured over {measured.count:,} vectors, {told}; {_BUILD}"
        if same:
            return (
                f"{same[-1].board} ran the image and has no estimate: the timing plug-in was missing; "
                "`hil doctor` says what it needs"
            )
        return self._other_image(measured)

    def _other_image(self, measured: _Session) -> str:
        of_model = (SESSION.c.model == measured.model, SESSION.c.precision == measured.precision)
        kind = _image_kind(measured.kind)
        others = [
            one for one in _sessions(self._connection, *of_model, *self._beside) if one.of(Method.ESTIMATED)
        ]
        twins = [one for one in others if _image_kind(one.kind) == kind]
        if twins:
            last = twins[-1]
            both = f"{measured.image[:12]} was measured, {last.image[:12]} estimated by {last.board}"
            return f"another image: {both}; {_BUILD}"
        told = "no session estimates its image"
        if others:
            told += f": {others[-1].board} is a {others[-1].kind}, whose images are others"
        return f"{told}; {_twin_remedy(self._store, kind)}"


def _vectors(session: _Session) -> tuple[str, int]:
    return session.vectors, session.count


def _parts(some: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (some[first : first + _AT_ONCE] for first in range(0, len(some), _AT_ONCE))


def _sessions(connection: Connection, *where: Any, runs: Sequence[int] | None = None) -> list[_Session]:
    """Finished sessions of a known image, oldest first, with their measures."""
    query = (
        select(SESSION, IMAGE.c.sha256, RUN.c.git_commit, RUN.c.git_dirty, RUN.c.origin)
        .join(IMAGE, IMAGE.c.id == SESSION.c.image_id)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .where(SESSION.c.status == Status.FINISHED, *where)
        .order_by(SESSION.c.started, SESSION.c.id)
    )
    if runs is not None:
        query = query.where(SESSION.c.run_id.in_(runs))
    found = {
        row.id: _Session(
            row.id,
            row.uid or f"session {row.id}",
            row.board,
            row.kind,
            row.model,
            row.precision,
            row.started.astimezone(UTC).replace(microsecond=0),
            row.vectors_sha256 or "",
            row.versions or {},
            row.sha256,
            row.git_commit and row.git_commit + ("+" if row.git_dirty else ""),
            f"{row.origin} {row.probe}",
        )
        for row in connection.execute(query)
    }
    for some in _parts(list(found)):
        held = (
            select(MEASURE)
            .where(MEASURE.c.session_id.in_(some), MEASURE.c.metric.in_(_READ))
            .order_by(MEASURE.c.id)
        )
        for row in connection.execute(held):
            if not isinstance(row.conditions, dict):
                raise TypeError(f"the conditions of a {row.metric} are {row.conditions!r:.40}")
            band = None if row.low is None or row.high is None else (row.low, row.high)
            about = (row.metric, row.value, row.unit, Method(row.method), row.technique)
            found[row.session_id].measures.append(Measure(*about, row.resolution, band, row.conditions))
    return list(found.values())


def _points(store: Store, measured: _Session, estimated: _Session) -> list[Point]:
    """A point of each region that both sides have."""
    mine, model = measured.of(Method.MEASURED), estimated.of(Method.ESTIMATED)
    return [
        Point(
            measured.model,
            measured.precision,
            region,
            measured.image,
            measured.count,
            measured.vectors,
            _measured(store, measured, mine[region]),
            _estimated(estimated, model[region]),
        )
        for region in _REGIONS.values()
        if region in mine and region in model
    ]


def _measured(store: Store, session: _Session, cycles: Measure) -> Measured:
    least = p99 = most = None
    with suppress(KeyError):
        values = np.sort(
            store.read_samples(session.id, cycles.metric, technique=cycles.technique).astype(np.float64)
        )
        if values.size:
            least, p99, most = (
                float(values[place]) for place in (0, -(-99 * values.size // 100) - 1, values.size - 1)
            )
    assert session.clock_hz is not None, "it has a partner"
    return Measured(
        session.kind, cycles.technique, cycles.value, cycles.conditions, session.uid, session.started,
        session.commit, clock_hz=session.clock_hz, chip=session.versions.get("chip"),
        least=least, p99=p99, most=most,
    )  # fmt: skip


def _estimated(session: _Session, cycles: Measure) -> Estimated:
    low, high = cycles.band or (cycles.value, cycles.value)
    return Estimated(
        session.kind, cycles.technique, cycles.value, cycles.conditions, session.uid, session.started,
        session.commit, low=low, high=high, qemu=session.versions.get("qemu"),
    )  # fmt: skip
