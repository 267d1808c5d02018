"""Every page by its address: with nonsense in each of its parameters, and of databases that are not whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from addresses import ADDRESSES, Address
from damaging import JUNK, cut, spoiled, torn
from hil_dashboards.app import create_app
from hil_dashboards.views import PAGES
from hil_db.store import Store
from seeded import Seeded, make
from seeded_lab import make_lab

OF_PAGES = [one for one in ADDRESSES if one.path in PAGES]
NASTY = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "'; DROP TABLE run; --",
    "\0",
    "a\0b",
    "9" * 30,
    "-1",
    "999999999",
    "1e308",
    "nan",
    "\u0663",  # a digit, of another script
    "\u00b2",
    "../../etc/passwd",
    "file:///etc/passwd",
    "\ud7ff\u202e\U0001f98a",
    "%",
    "x" * 3000,
)
NOT_TEXT = b"\x00\xff"
DAMAGES: dict[str, Callable[[Path], None]] = {
    "torn": torn,
    "cut": cut,
    **{
        f"{table}.{column} is {held!r}": partial(spoiled, table=table, column=column, held=held)
        for table, column, held in (
            ("run", "git_commit", NOT_TEXT),
            ("run", "versions", JUNK),
            ("session", "model", NOT_TEXT),
            ("session", "status", JUNK),
            ("measure", "technique", NOT_TEXT),
            ("measure", "value", JUNK),
            ("measure", "value", float("inf")),
            ("measure", "conditions", JUNK),
            ("sample", "blob", JUNK),
            ("image", "symbols", JUNK),
            ("profile", "function_classes", JUNK),
            ("profile_path", "path", NOT_TEXT),
            ("power_pass", "rate_hz", 0),
            ("incident", "action", NOT_TEXT),
            ("triage", "decision", JUNK),
        )
    },
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lab") / "lab.db"
    make_lab(f"sqlite:///{path}")
    return path


def client_of(path: Path) -> FlaskClient:
    """Of a page that cannot be made the exception comes through."""
    server = create_app(f"sqlite:///{path}").server
    server.config["TESTING"] = True
    return server.test_client()


@pytest.fixture(scope="module")
def client(lab: Path) -> FlaskClient:
    return client_of(lab)


def content(client: FlaskClient, address: str, whole: bool = False) -> None:
    """It is a page in any case; of a ``whole`` database never one that says that it cannot be made."""
    answer = client.get(f"/content{address}", base_url="http://127.0.0.1")
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    assert json.loads(answer.text)["namespace"], address
    assert "Traceback" not in answer.text, address
    assert not (whole and "The results cannot be read" in answer.text), address


def test_every_page_has_an_address_here() -> None:
    assert set(PAGES) - {one.path for one in ADDRESSES} == set()


@pytest.mark.parametrize("one", OF_PAGES, ids=lambda one: one.address)
def test_nonsense_in_the_parameters_gives_a_page(client: FlaskClient, one: Address) -> None:
    names = list(one.parameters)
    for first in range(len(NASTY)):  # in all of them, then in each beside others that make sense
        content(
            client, one.given(**{name: NASTY[(first + at) % len(NASTY)] for at, name in enumerate(names)})
        )
    for at, name in enumerate(names):
        content(client, one.given(**{name: NASTY[at % len(NASTY)]}), whole=True)
    content(client, f"{one.path}?%ff=%fe&{'&'.join(f'{name}=a&{name}=b&{name}' for name in names)}")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_database_gives_pages_that_say_so(
    lab: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "damaged.db"
    shutil.copy(lab, path)
    shutil.copytree(lab.with_name("lab.db.traces"), tmp_path / "damaged.db.traces")
    damage(path)
    client = client_of(path)
    for one in OF_PAGES:
        content(client, one.address)


def test_databases_of_one_run_and_of_none_give_pages(tmp_path: Path) -> None:
    none, empty, one_run = (tmp_path / f"{name}.db" for name in ("none", "empty", "one"))
    with Store.open(f"sqlite:///{empty}"):
        pass
    make(f"sqlite:///{one_run}", Seeded(runs=1, images=3, vectors=20))
    for path in (none, empty, one_run):
        client = client_of(path)
        for one in OF_PAGES:
            content(client, one.address)
    assert not none.exists()
