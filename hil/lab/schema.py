"""The JSON schema of lab files, for editors: `python -m hil.lab.schema` writes the one in fixtures/labs.

Draft 4, which is what editors of TOML know.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hil.kinds import KINDS
from hil.lab.keys import KEYS, PROBE, SECTIONS, UART
from hil.lab.power import schema_of
from hil.resources import fixtures_dir


def schema_path() -> Path:
    """Where the schema that comes with the lab lies."""
    return fixtures_dir() / "labs" / "lab.schema.json"


def schema() -> dict[str, Any]:
    """What a lab file may hold, as far as a schema can say."""
    keys = {name: {"description": key.about, **key.schema} for name, key in KEYS.items()}
    keys["kind"] = {**keys["kind"], "enum": sorted(KINDS)}
    board = {
        "type": "object",
        "properties": keys,
        "required": ["kind"],
        "additionalProperties": False,
        "dependencies": _of_twins(),
        "oneOf": _by_kind(),
    }
    boards = {
        "type": "object",
        "description": SECTIONS["boards"],
        "minProperties": 1,
        "additionalProperties": board,
    }
    others = {
        name: {"type": "object", "description": about} for name, about in SECTIONS.items() if name != "boards"
    }
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "lab file",
        "description": "Written by hil/lab/schema.py.",
        "type": "object",
        "properties": {"boards": boards, **others},
        "required": ["boards"],
        "additionalProperties": False,
    }


def _of_twins() -> dict[str, Any]:
    twins = {"enum": sorted(kind.name for kind in KINDS.values() if kind.twin_of is not None)}
    return {name: {"properties": {"kind": twins}} for name, key in KEYS.items() if key.twins_only}


def _by_kind() -> list[dict[str, Any]]:
    emulated = sorted(kind.name for kind in KINDS.values() if kind.emulator is not None)
    silicon = sorted(set(KINDS) - set(emulated))
    never = [{"required": [name]} for name, key in KEYS.items() if key.silicon_only]
    found: list[dict[str, Any]] = [
        {
            "properties": {"kind": {"enum": emulated}, "power": schema_of(silicon=False)},
            "not": {"anyOf": never},
        },
    ]
    if silicon:
        both = {"kind": {"enum": silicon}, "power": schema_of(silicon=True)}
        over_port = {**both, "link": {"enum": [UART]}}
        found.append({"properties": over_port, "required": ["probe", "serial"]})
        found.append(
            {
                "properties": {**both, "link": {"enum": [PROBE]}},
                "required": ["probe", "link"],
                "not": {"required": ["serial"]},
            }
        )
    return found


def text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    schema_path().write_text(text(), encoding="utf-8")
