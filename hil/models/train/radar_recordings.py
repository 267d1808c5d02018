"""Read the public radar recordings, for those who have them; the lab itself trains on generated data.

The recordings are those of Roy et al., One size does not fit all: multi-scale, cascaded RNNs for radar
classification, BuildSys 2019 (https://doi.org/10.5281/zenodo.3451408). What is assumed of them is what the
authors' published scripts read and write, since the archive itself could not be looked at:

    ROOT/CLASS/NAME.data    one capture per file, at any depth below CLASS; CLASS is Noise, Human or Nonhuman
                            (also in the plural, with a hyphen, in any case)

A ``.data`` file is headerless: I, Q, I, Q, … as unsigned 16-bit little-endian counts of a 12-bit converter,
one pair every 1/256 s. A capture may be a whole walk or a window cut from one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.errors import VectorError
from hil.models.train.radar import CLASSES, LARGEST, SAMPLES, Bags

SUFFIX = ".data"
PAIR_BYTES = 4
FOLDERS = {"noise": 0, "clutter": 0, "human": 1, "nonhuman": 2}  # places in CLASSES


@dataclass(frozen=True)
class Recording:
    """One capture: ``counts`` (N, 2) int16, I then Q, 0 to 4095; ``label`` is a place in ``CLASSES``."""

    path: Path
    counts: npt.NDArray[np.int16]
    label: int


def read_capture(path: Path) -> npt.NDArray[np.int16]:
    """The (I, Q) counts of one file, (N, 2); VectorError when they cannot be such counts."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VectorError(
            f"capture {path.name} cannot be read", evidence=f"{path}: {error.strerror}"
        ) from error
    if not content or len(content) % PAIR_BYTES:
        raise VectorError(
            f"capture {path.name} does not consist of (I, Q) pairs",
            evidence=f"{len(content)} bytes in {path}, {PAIR_BYTES} make a pair",
            remedy="copy it again, or convert it to interleaved 16-bit counts",
        )
    counts = np.frombuffer(content, dtype="<u2").reshape(-1, 2)
    if counts.max() > LARGEST:
        first = int(np.argmax(counts.reshape(-1) > LARGEST))
        raise VectorError(
            f"capture {path.name} holds more than 12 bits",
            evidence=f"{int(counts.reshape(-1)[first])} at element {first} of {path}",
            remedy="expected are unsigned little-endian counts, 0 to 4095",
        )
    return counts.astype(np.int16)


def load_recordings(root: Path) -> list[Recording]:
    """Every capture below ``root``, sorted by path; VectorError when a folder's class is not known."""
    if not root.is_dir():
        raise VectorError("no folder of recordings", evidence=str(root))
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        captures = sorted(folder.rglob(f"*{SUFFIX}"))
        if captures:
            label = _label(folder)
            found += [Recording(path, read_capture(path), label) for path in captures]
    if not found:
        raise VectorError(
            f"no {SUFFIX} captures in the class folders of {root.name}",
            evidence=str(root),
            remedy=f"lay them into one folder per class: {', '.join(FOLDERS)}",
        )
    return found


def cut_bags(recordings: Iterable[Recording], stride: int = SAMPLES) -> Bags:
    """Whole bags of 256 samples every ``stride``, as the generator makes them; a shorter rest is left out.

    VectorError when no recording is as long as one bag.
    """
    counts: list[npt.NDArray[np.int16]] = []
    labels: list[int] = []
    for recording in recordings:
        for start in range(0, len(recording.counts) - SAMPLES + 1, stride):
            counts.append(recording.counts[start : start + SAMPLES])
            labels.append(recording.label)
    if not counts:
        raise VectorError("no recording is as long as one bag", evidence=f"a bag has {SAMPLES} samples")
    targets = np.array(labels, dtype=np.int64) > 0
    present = np.broadcast_to(targets[:, None], (len(targets), SAMPLES)).copy()
    return Bags(np.stack(counts), np.array(labels, dtype=np.int64), present)


def _label(folder: Path) -> int:
    name = folder.name.lower().replace("-", "").replace("_", "").rstrip("s")
    if name not in FOLDERS:
        raise VectorError(
            f"folder {folder.name} is no class of radar recordings",
            evidence=str(folder),
            remedy=f"the classes are {', '.join(CLASSES)}; name folders {', '.join(FOLDERS)}",
        )
    return FOLDERS[name]
