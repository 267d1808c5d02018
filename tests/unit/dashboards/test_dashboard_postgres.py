"""The pages of a database on PostgreSQL, where a server is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hil.measure.profile import Profile
from hil_dashboards.app import create_app
from postgres_server import Server, running_server


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture
def url(cluster: Server) -> str:
    """A new database on the server."""
    return cluster.new_database()


def test_every_page_reads_it_whatever_the_address(bench: Any, profile: Profile) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.estimate(61_200), profile=profile))
    client = create_app(bench.url).server.test_client()
    case = "board=qemu&kind=kind_a&model=digits&precision=q15"
    for path, said in (
        ("/content/", "61,200"),
        ("/content/series?metric=latency_cycles", "clock 25 MHz, wait states 0"),
        (f"/content/profile?{case}", "tanh<16>"),
        (f"/content/profile?{case}&run=999999999", "No session of run 999999999"),
        ("/content/series?model=%00&board=%ff&metric=%ed%a0%80", "100"),
        ("/content/profile?board=%00&kind=%00&model=%00&precision=%00", "The links to them stand"),
        ("/content/profile?board=%ff&kind=k&model=m&precision=p", "No profile"),
    ):
        answer = client.get(path).get_json()
        assert said in str(answer), path
        assert "secret" not in str(answer)
