"""What the browser's tab says: which page it is, first as the index tells it, then of its content."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from addresses import ADDRESSES
from hil_dashboards.app import create_app
from seeded_lab import DEMO, make_lab

NEWEST, SMALL = DEMO.ends + 1, DEMO.names[0]
CASE = f"board=qemu&kind=qemu_mps2_an386&model={SMALL}&precision=q15"
TITLES = {
    "/": "Matrix: latency_us",
    "/?metric=latency_cycles&board=qemu": "Matrix: latency_cycles, qemu",
    "/series?metric=latency_cycles": "Series: latency_cycles",
    f"/series?metric=flash_bytes&model={SMALL}&precision=q15": f"Series: flash_bytes, {SMALL}, q15",
    "/series?metric=flash_bytes&precision=q15&precision=q7&precision=f32": (
        "Series: flash_bytes, 3 precisions"
    ),
    "/runs": "Runs",
    "/runs?branch=main&status=failed": "Runs: main, failed",
    f"/run?run={NEWEST}": f"Run {NEWEST}: main",
    "/session?session=1": f"Session 1: {SMALL} f32 on qemu",
    "/session": "No session",
    f"/compare?before=1&after={NEWEST}": f"Compare runs 1 and {NEWEST}",
    f"/compare?before=1&after={NEWEST}&{CASE}": (
        f"Compare: {SMALL} q15, before and now, runs 1 and {NEWEST}"
    ),
    "/pareto?board=nucleo-1": "Pareto: nucleo-1",
    "/boards": "Boards",
    "/triage": "Triage",
    "/triage?baseline=nightly": "Triage: against nightly",
    f"/profile?{CASE}": f"Profile: {SMALL} q15 on qemu",
    f"/trace?{CASE.replace('qemu&', 'nucleo-1&').replace('qemu_mps2_an386', 'nucleo_f439zi')}": (
        f"Power trace: {SMALL} q15 on nucleo-1"
    ),
    "/live": "Live",
    "/how-to-read": "How to read this",
    "/nowhere": "No such page",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    path = tmp_path_factory.mktemp("lab") / "lab.db"
    make_lab(f"sqlite:///{path}")
    return create_app(f"sqlite:///{path}").server.test_client()


def title(client: FlaskClient, address: str) -> Any:
    answer = client.get(f"/content{address}", base_url="http://127.0.0.1")
    return json.loads(answer.text)["props"]["data-title"]


@pytest.mark.parametrize("address", TITLES)
def test_a_pages_content_says_what_it_is_about(client: FlaskClient, address: str) -> None:
    assert title(client, address) == TITLES[address]


def test_the_index_says_which_page_it_is(client: FlaskClient) -> None:
    told = {}
    for path in dict.fromkeys(one.path for one in ADDRESSES):
        index = client.get(path, base_url="http://127.0.0.1").text
        told[path] = unescape(index.partition("<title>")[2].partition("</title>")[0])
    assert told["/series"] == "Series · HIL lab"
    assert told["/nowhere"] == "No such page · HIL lab"
    assert len(set(told.values())) == len(told), "each has its own"


def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    def client_of(name: str) -> FlaskClient:
        return create_app(f"sqlite:///{tmp_path / name}").server.test_client()

    (tmp_path / "torn.db").write_bytes(b"none of SQLite's" * 99)
    assert title(client_of("none.db"), "/series") == "No results yet"
    assert title(client_of("torn.db"), "/boards") == "The results cannot be read"


def test_a_name_of_any_length_is_cut(client: FlaskClient) -> None:
    assert len(title(client, f"/profile?board=qemu&kind=k&model={'x' * 3000}&precision=q15")) < 200
