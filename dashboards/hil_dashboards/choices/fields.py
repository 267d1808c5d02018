"""The fields of a URL's query; what makes no sense is dropped."""

from __future__ import annotations

import re
from urllib.parse import parse_qs


def fields_of(search: str | None) -> dict[str, list[str]]:
    """What a query gives each field, each once. No database holds a NUL, and PostgreSQL refuses to look."""
    given = parse_qs((search or "").removeprefix("?"))
    return {
        field: [text for text in dict.fromkeys(texts) if "\0" not in text] for field, texts in given.items()
    }


def first(fields: dict[str, list[str]], field: str) -> str:
    return next(iter(fields.get(field, ())), "")


def seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{0,12})?(e-\d{1,2})?", text, re.ASCII) else None


def number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
