"""What of a report stays here: passwords, the numbers of devices, names of hosts and users."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hil.masking import masked

_LEAST = 4  # letters of a name that is looked for in texts: a shorter one is in half of all words
_COMMON = ("root", "localhost", "127.0.0.1", "::1", "debian", "ubuntu")
_HOST = re.compile(r"(?:://(?:[^\s/@]*@)?|\bremote:)([\w.-]+)")
_LOGIN = re.compile(r"(://)[^\s/@:]+(:[^\s/@]*)?@")
# As messages of the lab and names of links have them, and as ST's and Arm's probes are numbered.
_NUMBER = re.compile(
    r"(?:probe|serial number|attached:) ([0-9A-Za-z]{6,})(?![0-9A-Za-z])|_([0-9A-Za-z]{6,})-if[0-9]{2}"
    r"|(?<![0-9A-Za-z])([0-9A-F]{16,}|[0-9A-Fa-f]{48})(?![0-9A-Za-z])"
)


class Private:
    """Takes out of texts what must not leave; each name becomes a word of its own, the same wherever it is.

    ``<serial 1>`` in the lab file and ``<serial 1>`` among what is attached are one device, so that a report
    still shows whether they agree. With ``serials`` the numbers of devices stay as they are.
    """

    def __init__(self, *, serials: bool = False) -> None:
        self._keep_serials = serials
        self._words: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None
        self.add_hosts([socket.gethostname()])
        self._home = _home()
        self._add("user", [_user(), "" if self._home is None else self._home.name])

    def add_serials(self, numbers: Iterable[str | None]) -> None:
        """Numbers of devices; a probe's id may stand behind its type, or be a server's address."""
        for number in filter(None, numbers):
            if number.lower().startswith("remote:"):
                self.add_hosts([number.split(":")[1]])
            elif not self._keep_serials:
                self._add("serial", [number.rpartition(":")[2]])

    def add_hosts(self, names: Iterable[str]) -> None:
        """Names and addresses of machines; a name's domain is part of it."""
        for name in names:
            self._add("host", [name, name.partition(".")[0]] if not name[:1].isdigit() else [name])

    def text(self, said: str) -> str:
        """The text without any of it."""
        said = _LOGIN.sub(r"\1<user>\2@", masked(said))
        if self._home is not None:
            said = said.replace(f"{self._home}/", "~/")
        if self._pattern is None:
            names = sorted(self._words, key=len, reverse=True)
            choice = "|".join(map(re.escape, names)) or "(?!)"
            self._pattern = re.compile(rf"(?<![0-9A-Za-z])(?:{choice})(?![0-9A-Za-z])", re.IGNORECASE)
        return self._pattern.sub(lambda found: self._words[found[0].lower()], said)

    def all(self, held: Any) -> Any:
        """The same of every text in what a JSON file may hold, and of what URLs and messages in it name."""
        said = json.dumps(held, ensure_ascii=False)
        self.add_hosts(_HOST.findall(said))
        numbers = ("".join(parts) for parts in _NUMBER.findall(said))
        self.add_serials(number for number in numbers if any(letter.isdigit() for letter in number))
        return self._all(held)

    def _all(self, held: Any) -> Any:
        if isinstance(held, str):
            return self.text(held)
        if isinstance(held, Mapping):
            return {name: self._all(value) for name, value in held.items()}
        if isinstance(held, Sequence):
            return [self._all(value) for value in held]
        return held

    def _add(self, what: str, names: Iterable[str]) -> None:
        """Several names of one thing."""
        found = [name.lower() for name in names if len(name) >= _LEAST and name.lower() not in _COMMON]
        new = [name for name in found if name not in self._words]
        if not new:
            return
        known = next((self._words[name] for name in found if name in self._words), None)
        if known is None:
            number = self._counts[what] = self._counts.get(what, 0) + 1
            known = f"<{what} {number}>"
        for name in new:
            self._words[name] = known
        self._pattern = None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def _home() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry in passwd tells
        return None
    return home if home.is_absolute() and home != Path("/") else None
