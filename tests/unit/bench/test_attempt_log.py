"""What ended a case stands in its log, whether its session began or not."""

from __future__ import annotations

from typing import Any

import pytest

from hil.bench.attempt import Attempt, Wanted
from hil.bench.ending import Ended
from hil.bench.plan import Case, plan
from hil.board import Board
from hil.errors import BuildError
from hil.kinds import KINDS
from hil.lab.boards import builtin_lab
from hil.logbook import Logbook
from hil.models.catalog import ModelLibrary


def no_flasher() -> None:
    raise AssertionError


@pytest.fixture
def case() -> Case:
    (one,) = plan(builtin_lab().select("qemu"), "fastgrnn_digits/q15", ModelLibrary(None))
    return one


def attempt(case: Case, ready: Any, log: Logbook) -> Attempt:
    board = Board("qemu", KINDS["qemu_mps2_an386"], "socket://nowhere", no_flasher)  # type: ignore[arg-type]
    return Attempt(case, board, Wanted(), ready, log=log)


def test_an_image_that_cannot_be_built(case: Case) -> None:
    def ready(_: Case) -> None:
        raise BuildError("no compiler", remedy="install one")

    log = Logbook()
    one = attempt(case, ready, log)
    with pytest.raises(BuildError) as error:
        one.__enter__()
    outcome = one.outcome(error.value)
    assert [line.text for line in outcome.log] == ["ended: qemu: no compiler; install one"]
    assert outcome.log == log.lines()


def test_a_run_that_is_interrupted(case: Case) -> None:
    one = attempt(case, lambda _: None, Logbook())
    outcome = one.outcome(Ended("terminated by SIGTERM"))
    assert [line.text for line in outcome.log] == ["ended: terminated by SIGTERM"]


def test_what_nobody_expected_names_its_kind(case: Case) -> None:
    outcome = attempt(case, lambda _: None, Logbook()).outcome(KeyError("weights"))
    assert [line.text for line in outcome.log] == ["ended: KeyError: 'weights'"]
