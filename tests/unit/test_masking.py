"""No password leaves the process in a text, however it is quoted; everything else stays."""

from __future__ import annotations

import re

import pytest

from hil.errors import StoreError
from hil.masking import masked


@pytest.mark.parametrize(
    "marked",
    [
        "pytest --board=all --db=postgresql+psycopg://bob:<s3cret>@host/lab",
        "pytest --db postgresql://bob:<s3cret>@host:5432/lab -q",
        "pytest --db=postgresql://bob@host/lab?password=<s3cret>",
        "pytest --db=postgresql://host/lab?sslmode=require&user=bob&password=<s3cret>&connect_timeout=3",
        "pytest --db=postgresql://bob@/lab?host=/run/pg&pass%77ord=<s3cret>",
        "pytest --db=postgresql://bob@host/lab?sslkey=k.pem&sslpassword=<s3cret>",
        "pytest -o addopts=--db=postgresql://bob:<s3cret>@host/lab",
        "pytest --db=postgresql://bob:<se/s3cret:>@host/lab",
        "pytest --db=postgresql://bob:<at@s3cret>@host/lab",
        "pytest --db=postgresql://:<s3cret>@host/lab",
        "pytest --db=postgresql://bob%3A<s3cret>@host/lab",
        "'mysql://bob:<s3cret>@host/lab' names no database",
        'invalid dsn: missing "=" in "host=host user=bob password=<s3cret> dbname=lab"',
        "host=host password=<'it is s3cret'> dbname=lab",
        "PGPASSWORD=<s3cret> psql",
        "(postgresql://bob@host/lab?password=<s3cret>), and more",
    ],
)
def test_a_password_is_masked_and_the_rest_stays(marked: str) -> None:
    text = re.sub("[<>]", "", marked)
    assert masked(text) == re.sub("<.*>", "***", marked)
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bob:s3%20cr%40et@host/lab",
        "postgresql://bob@host/lab?password=s3%20cr%40et",
        "postgresql://bob:s3 cr%40et@host/lab",
    ],
)
def test_a_known_password_is_masked_in_every_form(url: str) -> None:
    for text in (url, "could not use s3 cr@et", f"pytest --db {url} -q", "invalid value 's3 cr@et'"):
        found = masked(text, url)
        assert "s3" not in found
        assert "et" not in found.replace("pytest", "")
        assert masked(found, url) == found


@pytest.mark.parametrize(
    "text",
    [
        "pytest --board=all --db=sqlite:////home/bob/a:b@c.db",
        "socket://127.0.0.1:20418 refused",
        "postgresql://bob@host:5432/lab?sslmode=require",
        "see https://host:8080/x, or ask bob@host",
        "no frame in 2.0 s after 1,204 bytes; last b'\\x02\\x91'",
        "FATAL: password authentication failed for user bob",
    ],
)
def test_a_text_without_a_password_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "url", ["bob:s3cret@host/lab", "postgresql:/bob:s3cret@host/lab", "postgresql//bob:s3cret@host/lab"]
)
def test_the_password_of_a_mistyped_url_is_masked(url: str) -> None:
    said = masked(f"{url!r} is not a database URL", url)
    assert "s3cret" not in said
    assert "@host/lab' is not a database URL" in said


@pytest.mark.parametrize("url", ["sqlite:////home/bob/a:b@c.db", "a@b.db", "a:b.db"])
def test_a_path_is_no_password(url: str) -> None:
    assert masked(f"the database {url}", url) == f"the database {url}"


def test_a_short_password_does_not_blot_out_the_words_around_it() -> None:
    said = masked("at a host: data", "postgresql://bob:a@host/lab")
    assert said == "at *** host: data"


def test_an_error_shows_no_password() -> None:
    error = StoreError("cannot use 'x://bob:s3cret@h'", evidence="password=s3cret", remedy="?password=s3cret")
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("long", ["x" * 1_000_000, "a." * 500_000, "?" * 1_000_000, "://" * 300_000])
def test_a_long_text_is_masked_to_its_end(long: str) -> None:
    assert (
        masked(f"{long} password=s3cret postgresql://bob:s3cret@host/lab?password=s3cret").count("***") == 3
    )
