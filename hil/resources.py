"""Where the data that comes with the lab lies: in a checkout, or inside the installed wheel."""

from __future__ import annotations

from pathlib import Path

from hil.errors import LabError

_PACKAGE = Path(__file__).resolve().parent
_chosen: Path | None = None


def use(root: Path | None) -> None:
    """From now on ``firmware`` and ``fixtures`` are those in ``root``; None: those that come with the lab.

    For one process: `hil bisect` builds and runs the sources of another commit.
    """
    global _chosen
    _chosen = root


def data_root() -> Path:
    """The folder that holds ``firmware`` and ``fixtures``.

    An installed wheel carries them in ``hil/_data``; in a checkout they lie beside the package.
    """
    if _chosen is not None:
        return _chosen
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / "firmware").is_dir() and (root / "fixtures").is_dir():
            return root
    raise LabError(
        "the prebuilt images and test vectors are not installed",
        evidence=f"neither {_PACKAGE / '_data'} nor {_PACKAGE.parent} has them",
        remedy="reinstall the package",
    )


def firmware_dir() -> Path:
    """The firmware's sources, models and prebuilt images."""
    return data_root() / "firmware"


def fixtures_dir() -> Path:
    """The test vectors, lab files and recordings."""
    return data_root() / "fixtures"
