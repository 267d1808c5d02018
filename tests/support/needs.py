"""What a test needs of the system."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip the test, as something is not installed here; in CI, where all must be, fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}; `make test` installs what is needed", pytrace=False)
    pytest.skip(what)
