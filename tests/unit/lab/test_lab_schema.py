"""The JSON schema that editors use says what the reader takes, no more and no less."""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hil.errors import LabError
from hil.kinds import KINDS
from hil.lab import schema as lab_schema
from hil.lab.file import load_lab
from hil.lab.keys import KEYS

PROJECT = Path(__file__).parents[3]
EXAMPLES = sorted((PROJECT / "fixtures" / "labs").glob("*.toml"))
PAGE = PROJECT / "docs" / "lab-file.md"
Check = Callable[[Any], Any]

GOOD: Mapping[str, list[Any]] = {
    "kind": ["qemu_mps2_an386", "nucleo"],
    "probe": ["066BFF30", "remote:127.0.0.1:5555"],
    "serial": ["/dev/ttyACM0", "auto", "socket://127.0.0.1:7000", "rfc2217://127.0.0.1:7000"],
    "link": ["uart"],
    "swd_clock_hz": [1_000, 4_000_000, 100_000_000],
    "tags": [[], ["desk", "b.2_x-1"]],
    "pool": [True, False],
    "vendor_algorithm": [True, False],
    "power_cycle": [["relay", "3"], {"uhubctl": "1-1.4", "port": 2}, {"uhubctl": "2", "port": 1}],
    "power": [False],
    "hang_after_s": [0.5, 30, 120.0],
    "quarantine": [{"reason": "bent pin", "since": datetime.date(2026, 11, 26)}],
}
BAD: Mapping[str, list[Any]] = {
    "kind": ["nucleus", "", 3],
    "probe": ["", " ", 12],
    "serial": ["", 1],
    "link": ["prob", "ram", "", 1],
    "swd_clock_hz": [999, 100_000_001, True, 4e6 + 0.5, "4 MHz"],
    "tags": ["desk", [""], ["a b"], ["a", "a"], ["a,b"], [1]],
    "pool": [2, "yes"],
    "vendor_algorithm": [1, "on"],
    "power_cycle": [
        [],
        [""],
        [1],
        "relay",
        {"uhubctl": "1-1"},
        {"uhubctl": "1-", "port": 1},
        {"uhubctl": "1-1", "port": 0},
        {"uhubctl": "1-1", "port": True},
        {"uhubctl": "1-1", "port": 1, "delay": 1},
    ],
    "power": [
        True,
        "ppk2",
        {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "volts": 3.3},
        {"driver": "", "port": "/dev/a", "supply_v": 3.3},
        {"driver": "ppk2", "port": 1, "supply_v": 3.3},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": 0},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": "3.3 V"},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": True},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "channel": 8},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "channel": True},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "source": "usb"},
        {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "shunt": " "},
    ],
    "hang_after_s": [0, -1, True, "30"],
    "quarantine": [
        "bent pin",
        {"reason": "bent pin"},
        {"reason": "", "since": datetime.date(2026, 11, 26)},
        {"reason": "x", "since": "yesterday"},
        {"reason": "x", "since": datetime.date(2026, 11, 26), "by": "me"},
    ],
}


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Check:
    """Of the schema with a kind of silicon in it."""
    kinds = {**KINDS, "nucleo": replace(KINDS["qemu_mps2_an386"], name="nucleo", emulator=None)}
    monkeypatch.setattr("hil.lab.file.KINDS", kinds)
    monkeypatch.setattr("hil.lab.schema.KINDS", kinds)
    return validator()


def validator() -> Check:
    check: Check = fastjsonschema.compile(lab_schema.schema(), formats={"date": r"^\d{4}-\d{2}-\d{2}$"})
    return check


def as_json(tree: Any) -> Any:
    """What an editor checks: a date is a string there."""
    return json.loads(json.dumps(tree, default=datetime.date.isoformat))


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return json.dumps(value)


def refused(table: Mapping[str, Any], folder: Path) -> str | None:
    path = folder / "lab.toml"
    path.write_text(
        "[boards.x]\n" + "".join(f"{toml(key)} = {toml(value)}\n" for key, value in table.items())
    )
    assert tomllib.loads(path.read_text())["boards"]["x"] == dict(table)
    try:
        load_lab(path)
    except LabError as error:
        return str(error)
    return None


def both_say(table: Mapping[str, Any], check: Check, folder: Path) -> bool:
    """Whether the reader takes a board's table; the schema must say the same."""
    why, why_not_valid = refused(table, folder), None
    try:
        check(as_json({"boards": {"x": table}}))
    except fastjsonschema.JsonSchemaException as error:
        why_not_valid = str(error)
    assert (why is None) == (why_not_valid is None), f"the reader: {why}; the schema: {why_not_valid}"
    return why is None


def test_the_file_is_what_the_reader_gives() -> None:
    held = lab_schema.schema_path().read_text(encoding="utf-8")
    assert held == lab_schema.text(), "run `python -m hil.lab.schema`"


def test_every_key_has_values_here() -> None:
    assert set(GOOD) == set(BAD) == set(KEYS)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in KEYS for value in GOOD[key]])
def test_both_take_what_is_right(key: str, value: Any, check: Check, tmp_path: Path) -> None:
    table = {"kind": "nucleo", "probe": "1", "serial": "/dev/a", key: value}
    if table["kind"] == "nucleo":
        assert both_say(table, check, tmp_path) != KEYS[key].twins_only
    assert both_say({"kind": "qemu_mps2_an386", **{key: value}}, check, tmp_path) != (
        KEYS[key].silicon_only or KEYS[key].twins_only or value == "nucleo"
    )
    if KEYS[key].twins_only:
        assert both_say({"kind": "qemu_b_l475e_iot01a", key: value}, check, tmp_path)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in KEYS for value in BAD[key]])
def test_neither_takes_what_is_wrong(key: str, value: Any, check: Check, tmp_path: Path) -> None:
    assert not both_say({"kind": "nucleo", "probe": "1", "serial": "/dev/a", key: value}, check, tmp_path)


@pytest.mark.parametrize(
    ("table", "taken"),
    [
        ({"kind": "nucleo", "probe": "1", "link": "probe"}, True),
        ({"kind": "nucleo", "probe": "1", "link": "probe", "serial": "/dev/a"}, False),
        ({"kind": "nucleo", "probe": "1", "link": "uart"}, False),
        ({"kind": "nucleo", "link": "probe"}, False),
        ({"kind": "qemu_mps2_an386", "link": "probe"}, True),
    ],
)
def test_frames_through_the_probe_need_no_serial_port(
    table: dict[str, Any], taken: bool, check: Check, tmp_path: Path
) -> None:
    assert both_say(table, check, tmp_path) is taken


@pytest.mark.parametrize(
    ("kind", "power", "taken"),
    [
        ("nucleo", {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3}, True),
        ("nucleo", {"driver": "ppk2", "serial_number": "C0", "supply_v": 3, "source": "board"}, True),
        ("nucleo", {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "least_v": 3, "most_v": 3.4}, True),
        ("nucleo", {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "channel": 7, "shunt": "JP5"}, True),
        ("nucleo", {"port": "/dev/a", "supply_v": 3.3}, False),
        ("nucleo", {"driver": "ppk2", "port": "/dev/a"}, False),
        ("nucleo", {"driver": "ppk2", "supply_v": 3.3}, False),
        ("nucleo", {"driver": "ppk2", "port": "/dev/a", "serial_number": "C0", "supply_v": 3.3}, False),
        ("nucleo", {"driver": "ppk2", "port": "/dev/a", "supply_v": 3.3, "fault": "unplug:5"}, False),
        ("nucleo", {}, False),
        ("qemu_mps2_an386", {}, True),
        ("qemu_mps2_an386", {"supply_v": 1.8, "fault": "unplug:5000", "channel": 2}, True),
        ("qemu_mps2_an386", {"driver": "lpm01a"}, False),
        ("qemu_mps2_an386", {"port": "/dev/a"}, False),
        ("qemu_mps2_an386", {"serial_number": "C0"}, False),
        ("qemu_mps2_an386", {"source": "board"}, False),
    ],
)
def test_they_agree_on_a_power_probe(
    kind: str, power: dict[str, Any], taken: bool, check: Check, tmp_path: Path
) -> None:
    reached = {} if kind == "qemu_mps2_an386" else {"probe": "1", "serial": "/dev/b"}
    assert both_say({"kind": kind, **reached, "power": power}, check, tmp_path) is taken


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    table=st.fixed_dictionaries(
        {},
        optional={key: st.sampled_from([*GOOD[key], *BAD[key]]) for key in (*KEYS,)} | {"prob": st.just("1")},
    )
)
@example(table={})
def test_they_agree_on_any_mixture(table: dict[str, Any], check: Check, tmp_path: Path) -> None:
    both_say(table, check, tmp_path)


@pytest.mark.parametrize("text", ["", "[board.x]\n", "[boards]\n", "boards = 3\n"])
def test_they_agree_on_the_whole_file(text: str, check: Check, tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(text)
    with pytest.raises(LabError):
        load_lab(path)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check(as_json(tomllib.loads(text)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_read_and_name_their_schema(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("#:schema ./lab.schema.json\n")
    validator()(as_json(tomllib.loads(text)))
    assert load_lab(path).select("all")


def test_every_key_and_example_is_in_the_page() -> None:
    page = PAGE.read_text()
    assert [key for key in KEYS if f"`{key}`" not in page] == []
    assert [path.name for path in EXAMPLES if path.name not in page] == []
