"""The public recordings' layout, on files that the test writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from hil.errors import VectorError
from hil.models.train.radar_recordings import cut_bags, load_recordings, read_capture


def write(path: Path, counts: npt.NDArray[np.integer]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(counts.astype("<u2").tobytes())


def walk(seed: int, samples: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 4096, (samples, 2))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three classes as the public scripts lay them out, and what lies beside them."""
    write(tmp_path / "Human" / "walk_1.data", walk(1, 600))
    write(tmp_path / "Nonhuman" / "cattle" / "site_1.data", walk(2, 256))
    write(tmp_path / "Non-humans" / "dog.data", walk(3, 100))
    write(tmp_path / "Noise" / "n (1).data", walk(4, 513))
    (tmp_path / "Noise" / "walk_length_stats.csv").write_text("2.3")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_captures_come_with_their_folders_class(root: Path) -> None:
    found = load_recordings(root)
    assert [(one.path.name, one.label, len(one.counts)) for one in found] == [
        ("walk_1.data", 1, 600),
        ("n (1).data", 0, 513),
        ("dog.data", 2, 100),
        ("site_1.data", 2, 256),
    ]
    np.testing.assert_array_equal(found[0].counts, walk(1, 600))
    assert found[0].counts.dtype == np.int16


def test_bags_are_cut_without_what_is_too_short(root: Path) -> None:
    bags = cut_bags(load_recordings(root))
    assert bags.labels.tolist() == [1, 1, 0, 0, 2]
    np.testing.assert_array_equal(bags.counts[1], walk(1, 600)[256:512])
    np.testing.assert_array_equal(bags.counts[4], walk(2, 256))
    assert bags.present.all(axis=1).tolist() == [True, True, False, False, True]
    assert len(cut_bags(load_recordings(root), stride=64).labels) == 6 + 5 + 1


def test_i_comes_first(tmp_path: Path) -> None:
    (tmp_path / "one.data").write_bytes(bytes([0x34, 0x02, 0xFF, 0x0F]))
    assert read_capture(tmp_path / "one.data").tolist() == [[0x234, 0xFFF]]


@pytest.mark.parametrize("size", [0, 2, 7])
def test_a_capture_of_odd_size_is_named(tmp_path: Path, size: int) -> None:
    (tmp_path / "cut.data").write_bytes(bytes(size))
    with pytest.raises(
        VectorError, match=rf"capture cut\.data does not consist of \(I, Q\) pairs \({size} bytes"
    ):
        read_capture(tmp_path / "cut.data")


def test_more_than_12_bits_are_named(tmp_path: Path) -> None:
    write(tmp_path / "big.data", np.array([[1, 2], [3, 4096]]))
    with pytest.raises(VectorError, match=r"capture big\.data holds more than 12 bits \(4096 at element 3"):
        read_capture(tmp_path / "big.data")


def test_what_is_missing_or_unknown_is_named(tmp_path: Path) -> None:
    with pytest.raises(VectorError, match=r"capture none\.data cannot be read"):
        read_capture(tmp_path / "none.data")
    with pytest.raises(VectorError, match="no folder of recordings"):
        load_recordings(tmp_path / "nowhere")
    with pytest.raises(VectorError, match=r"no \.data captures in the class folders"):
        load_recordings(tmp_path)
    write(tmp_path / "Cars" / "car.data", walk(0, 256))
    with pytest.raises(VectorError, match="folder Cars is no class of radar recordings"):
        load_recordings(tmp_path)


def test_recordings_too_short_for_any_bag_are_named(tmp_path: Path) -> None:
    write(tmp_path / "Human" / "short.data", walk(0, 255))
    with pytest.raises(VectorError, match="no recording is as long as one bag"):
        cut_bags(load_recordings(tmp_path))
