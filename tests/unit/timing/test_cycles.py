"""Bands, shares, the middle and sums of estimated regions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.measure.cycles import Calibration, KindCost, RegionCost, calibration, middle, profile
from hil.measure.profile import ClassCost, PathCost
from hil.qemu.plugin import SOURCES

TABLE = Calibration("9", 0.1, 0.3)


def _region(
    nominal: int, kinds: dict[str, KindCost] | None = None, paths: tuple[PathCost, ...] = (), spread: int = 0
) -> RegionCost:
    return RegionCost(
        sequence=None,
        complete=True,
        instructions=nominal,
        low=nominal - spread,
        nominal=nominal,
        high=nominal + spread,
        stack_bytes=0,
        stack_exact=True,
        sp_read=False,
        stack_total_bytes=None,
        unknown=0,
        unknown_example=None,
        kinds=kinds or {},
        paths=paths,
    )


def _kind(cycles: int) -> KindCost:
    return KindCost(1, cycles, cycles, cycles)


def test_the_share_of_floating_point_is_that_of_its_arithmetic() -> None:
    moved = {f"fp {name}": _kind(10) for name in ("move", "load", "store", "load multiple", "store multiple")}
    kinds = {"fp": _kind(10), "fp multiply-accumulate": _kind(10), "fp divide": _kind(5), "alu": _kind(25)}
    assert _region(100, {**moved, **kinds}).float_share == pytest.approx(0.25)
    assert _region(0).float_share == 0.0


def test_the_band_holds_what_the_model_leaves_open_and_its_error() -> None:
    assert TABLE.band(_region(1000, spread=100)) == pytest.approx((900 * 0.9, 1100 * 1.1))
    floating = _region(1000, {"fp": _kind(500), "alu": _kind(500)}, spread=100)
    assert TABLE.band(floating) == pytest.approx((900 * 0.8, 1100 * 1.2))
    assert (TABLE.error(0.0), TABLE.error(1.0)) == pytest.approx((0.1, 0.3))


@given(st.integers(0, 10**9), st.integers(0, 1000), st.floats(0, 1))
def test_the_nominal_cycles_lie_in_the_band(nominal: int, spread: int, share: float) -> None:
    floating = round(nominal * share)
    kinds = {"fp": _kind(floating), "alu": _kind(nominal - floating)}
    low, high = TABLE.band(_region(nominal, kinds, spread=min(spread, nominal)))
    assert low <= nominal <= high


def test_the_table_is_of_the_model_that_the_plug_in_has() -> None:
    found = re.search(r'#define MODEL_VERSION "(\w+)"', (SOURCES / "parameters.h").read_text())
    assert found is not None
    assert calibration().version == found[1]
    assert calibration().technique == f"cycle-model-{found[1]}"
    assert 0 < calibration().integer <= calibration().floating < 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9))
def test_the_middle_is_one_of_the_regions(cycles: list[int]) -> None:
    found = middle([_region(one) for one in cycles])
    assert found.nominal == sorted(cycles)[(len(cycles) - 1) // 2]


def test_no_region_has_no_middle() -> None:
    with pytest.raises(ValueError, match="no region"):
        middle([])


def test_profiles_add_up() -> None:
    one = _region(30, {"alu": KindCost(5, 5, 5, 5), "load": KindCost(5, 20, 25, 30)})
    two = _region(9, {"alu": KindCost(4, 9, 9, 9)})
    paths = (PathCost(("a",), 1, 5, 10), PathCost(("a", "b"), 2, 5, 20))
    again = (PathCost(("a", "b"), 1, 1, 5), PathCost(("c",), 0, 3, 4))
    summed = profile(
        [_region(30, dict(one.kinds), paths), _region(9, dict(two.kinds), again)], technique="cycle-model-1"
    )
    assert (summed.technique, summed.regions, summed.cycles) == ("cycle-model-1", 2, 39)
    assert summed.paths == (
        PathCost(("a",), 1, 5, 10),
        PathCost(("a", "b"), 3, 6, 25),
        PathCost(("c",), 0, 3, 4),
    )
    assert summed.classes == (ClassCost("load", 5, 25), ClassCost("alu", 9, 14))  # the dearest first


def test_the_classes_of_floating_point_are_classes_of_the_plug_in() -> None:
    names = re.findall(r'\[KIND_(FP\w*)\] = "([^"]+)"', (SOURCES / "decode.c").read_text())
    shares = {kind: _region(10, {name: _kind(10)}).float_share for kind, name in names}
    assert {kind for kind, share in shares.items() if share} == {"FP", "FP_MAC", "FP_DIVIDE"}
