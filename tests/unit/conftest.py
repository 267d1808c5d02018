"""The cross compiler."""

from __future__ import annotations

import pytest

from hil.build import Toolchain, find_toolchain
from hil.errors import BuildError
from needs import absent


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The real cross compiler; tests that need it are skipped where it is not installed."""
    try:
        return find_toolchain()
    except BuildError as error:
        absent(str(error))
