"""From two commits, a model and a metric to the commit that made it worse."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from hil.bench.attempt import Wanted
from hil.bisect.checkout import checked_out
from hil.bisect.finding import Finding
from hil.bisect.looking import Looking, SkipError
from hil.bisect.repository import Repository
from hil.bisect.searched import Say, Searched
from hil.bisect.sources import Wish, has_firmware
from hil.bisect.trial import Setting
from hil.build.toolchain import find_toolchain
from hil.errors import BisectError, LabError
from hil.lab.boards import BoardSpec
from hil.lab.file import load_lab
from hil.metrics import METRICS, TIERS, Metric, lookup
from hil.naming import suggest
from hil.thresholds import load_thresholds
from hil.values import Precision, precisions_of
from hil_db.store import Store


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
    repeats: int | None = None  # runs of each commit; None: one, or as many as noise needs


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
        looking = Looking(checkout, wish, board, toolchain, setting, store, say.note)
        _check_concerned(looking, good, bad)
        searched = Searched(repository, looking, metric, (good, bad), parents, thresholds, asked.repeats, say)
        finding = searched.all(_precisions(looking, good, bad, precision))
    return replace(finding, seconds=time.monotonic() - began)


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
    if place.is_dir() and (other := Repository.of(place).folder) != repository.folder:
        raise BisectError(
            "the folder of models is in a repository of its own, such as a submodule",
            evidence=str(other),
            remedy="start it there: its commits are those that changed the models",
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
