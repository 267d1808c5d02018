"""Passwords do not leave the process: what is stored or shown goes through ``masked`` first."""

from __future__ import annotations

import re
from urllib.parse import unquote

_MASK = "***"
_KEY = r"[\w.-]*(?:password|passwd|passphrase|pwd|secret|token)"
_SECRET_KEY = re.compile(_KEY, re.IGNORECASE)
# Looked for where words begin alone: a long one would take the square of its length.
# To the last @: a password may have one.
_USER = re.compile(r"(?<![\w+.-])([+.-]*\w[\w+.-]*://[^\s:/@?#]*?(?::|%3A))\S*@", re.IGNORECASE)
_VALUE = r"[^\s&'\"]+?(?=[),;]*(?:[\s&'\"]|$))"
_OPTION = re.compile(rf"([?&])([^=&?\s]+)={_VALUE}")
_SETTING = re.compile(rf"(?<![\w.-])({_KEY}\s*=\s*)(?:'(?:\\.|[^'\\])*'|\"[^\"]*\"|{_VALUE})", re.IGNORECASE)
# A mistyped one too: it is shown when it is refused.
_WHOLE = re.compile(r"[\w+]+://[^:/]*:([^@]*)@|[^:]*:(?!//)([^@]*)@")


def masked(text: str, url: str | None = None) -> str:
    """The text with *** for each password: of a URL, its options, or a driver's ``password=…``.

    ``url`` is the database's, where it is known: its passwords are masked however the text quotes them.
    What is masked already stays as it is.
    """
    for secret in _secrets(url) if url is not None else ():
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", _MASK, text)
    text = _USER.sub(rf"\1{_MASK}@", text)
    text = _OPTION.sub(_option, text)
    return _SETTING.sub(rf"\1{_MASK}", text)


def _option(found: re.Match[str]) -> str:
    before, key = found.groups()
    return f"{before}{key}={_MASK}" if _SECRET_KEY.fullmatch(unquote(key)) else found[0]


def _secrets(url: str) -> list[str]:
    """The passwords in a database's URL, as they are written and as they are meant; the longest first."""
    head, _, options = url.partition("?")
    whole = _WHOLE.match(url)
    found = {whole[1] or whole[2] or ""} if whole is not None else set()
    for option in options.split("&") if head else ():
        key, _, value = option.partition("=")
        if _SECRET_KEY.fullmatch(unquote(key)):
            found.add(value)
    return sorted(
        {form for one in found for form in (one, unquote(one))} - {"", _MASK}, key=len, reverse=True
    )
