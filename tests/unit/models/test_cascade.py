"""Cascades: the kernels against the references, how scans end, and what cannot be a cascade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade_cases import CASES, NO_POINTERS, looks, random_cascade
from hil.errors import ModelError, VectorError
from hil.models.cascade import golden_fixed, golden_float, quantise
from hil.models.cascade.architecture import CascadeArchitecture
from hil.models.cascade.network import CascadeNetwork, Scan, from_arrays
from hil.models.cascade.scan import ends, scan_instances
from hil.models.cell.weights import CellShape
from hil.values import Precision
from kernel_cases import SeededDraw, run_cases
from kernel_programs import HostProgram, build_host

T = TypeVar("T")
SHAPE = CellShape(2, 3, 0, 0, "quantSigm", "quantTanh")


class HypothesisDraw:
    """Choices that hypothesis makes, and shrinks when a case fails."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def integer(self, low: int, high: int) -> int:
        return int(self._data.draw(st.integers(low, high)))

    def one_of(self, options: Sequence[T]) -> T:
        return self._data.draw(st.sampled_from(options))  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> HostProgram:
    """The cascades' kernels in one program."""
    return build_host(tmp_path_factory.mktemp("cascades") / "cascades", ["tests/kernels/cascades.c"])


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_kernels_give_what_the_references_give(program: HostProgram, name: str, data: Any) -> None:
    case = CASES[name](HypothesisDraw(data))
    case.check(run_cases(program, [case])[0])


def test_null_pointers_are_refused(program: HostProgram) -> None:
    NO_POINTERS.check(run_cases(program, [NO_POINTERS])[0])


@pytest.mark.parametrize("name", CASES)
def test_one_bit_or_one_look_more_is_noticed(program: HostProgram, name: str) -> None:
    case = CASES[name](SeededDraw(1))
    given = np.frombuffer(run_cases(program, [case])[0], dtype=case.answer.dtype).reshape(case.answer.shape)
    for column in (0, -1):
        spoilt = given.copy()
        spoilt[0, column] = spoilt[0, column] * 1.001 + 1
        with pytest.raises(AssertionError, match=r"(?s).+"):
            case.check(spoilt.tobytes())


def test_random_cascades_end_in_every_way() -> None:
    """What the property tests are worth: each way for an instance and for a scan to end comes up often."""
    met = dict.fromkeys(("at the first look", "at a later look", "at its end", "fired", "early", "late"), 0)
    for seed in range(40):
        model, counts = random_cascade(np.random.default_rng(seed), SeededDraw(seed))
        scan = model.network.scan
        found = golden_float.lower(model, counts, np.float64)
        scanned = ends(found.margins, scan.consecutive)
        last = found.margins.shape[1]
        met["at the first look"] += int((found.steps == scan.ends[0]).any() and len(scan.ends) > 1)
        met["at a later look"] += int(np.isin(found.steps, scan.ends[1:-1]).any())
        met["at its end"] += int((found.steps == scan.length).any() and len(scan.ends) > 1)
        met["fired"] += int(scanned.fired.any())
        met["early"] += int((scanned.scanned < last).any())
        met["late"] += int((~scanned.fired & (scanned.scanned == last)).any())
    assert min(met.values()) >= 5, met


@pytest.mark.parametrize(
    ("margins", "consecutive", "fired", "scanned"),
    [
        ([-1, -1, -1, -1], 2, False, 3),  # one is left: two in a row can't be any more
        ([-1, 1, 1, -1], 3, False, 4),
        ([-1, 1, -1, 1], 2, False, 3),
        ([-1, 1, -1, 1], 3, False, 3),
        ([1, 1, -1, -1], 2, True, 4),  # the upper tier wants all states
        ([-1, -1, 1, 1], 2, True, 4),
        ([1, 0, 1, 1], 3, False, 2),  # a margin of 0 is no target
        ([1, 1, 1, 1], 4, True, 4),
        ([1, 1, 1, 1], 5, False, 0),  # hopeless from the start
    ],
)
def test_a_scan_ends_as_soon_as_it_can(
    margins: list[int], consecutive: int, fired: bool, scanned: int
) -> None:
    found = ends(np.array([margins]), consecutive)
    assert (bool(found.fired[0]), int(found.scanned[0])) == (fired, scanned)


def test_an_instance_stops_at_the_first_large_margin() -> None:
    """The state counts steps; its margin is what the table says of that many."""
    table = np.array([0, 0, 9, 0, -5, 0, 1])
    scan = Scan(length=6, stride=2, check_every=2, consecutive=1, limit=5.0)

    def found(limit: float) -> tuple[list[int], list[int], list[float]]:
        each = scan_instances(
            replace(scan, limit=limit), np.zeros((1, 8, 1)), 1, limit,
            lambda samples, states: states + samples.shape[1], lambda states: table[states[:, 0].astype(int)],
        )  # fmt: skip
        return each.steps[0].tolist(), each.margins[0].tolist(), each.clearance[0].tolist()

    assert found(9.0) == ([2, 2], [9, 9], [0.0, 0.0])
    assert found(9.5) == ([6, 6], [1, 1], [0.5, 0.5])
    table[2] = 4
    assert found(5.0) == ([4, 4], [-5, -5], [0.0, 0.0])
    assert found(4.5) == ([4, 4], [-5, -5], [0.5, 0.5])


def test_looks_are_counted_until_the_scan_ends() -> None:
    model, counts = random_cascade(np.random.default_rng(7), SeededDraw(7))
    scan = replace(model.network.scan, consecutive=10**4)
    found = golden_float.lower(model, counts)
    assert looks(scan, found, ends(found.margins, scan.consecutive)).tolist() == [0] * len(counts)


def test_only_the_path_that_ran_shows() -> None:
    for seed in range(10):
        model, counts = random_cascade(np.random.default_rng(seed), SeededDraw(seed))
        outputs = golden_float.run(model, counts, np.float64)
        path = outputs[:, model.network.path_output]
        assert set(path.tolist()) <= {0.0, 1.0}
        quiet = outputs[path == 0, : model.network.classes]
        assert (quiet == np.eye(1, model.network.classes)).all()


def test_fixed_point_scores_stay_near_float() -> None:
    """Where both take the same decisions, q15 differs by rounding alone."""
    compared = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        model, counts = random_cascade(rng, SeededDraw(seed))
        if model.network.lower.kind == "fastrnn":
            continue
        exact = golden_float.run(model, counts, np.float64)
        if not exact[:, -1].any():
            continue
        scales = quantise.calibrate(model, Precision.Q15, counts)
        fixed = quantise.quantise(model, scales, Precision.Q15)
        given = golden_fixed.run(fixed, counts)
        stops = (
            golden_float.lower(model, counts, np.float64).steps
            == golden_fixed.lower(fixed, np.stack(counts)).steps
        )
        same = stops.all(axis=1) & (given[:, -1] == exact[:, -1])
        real = given[same, :-1] * scales.outputs
        compared += int(same.sum())
        np.testing.assert_allclose(real, exact[same, :-1], atol=0.03 * max(1.0, np.abs(exact[:, :-1]).max()))
    assert compared > 30


def network(**changed: Any) -> CascadeNetwork:
    scan = Scan(length=8, stride=4, check_every=3, consecutive=2, limit=2.0)
    fields = {"lower": SHAPE, "upper": CellShape(3, 4, 0, 0, "quantSigm", "quantTanh"), "scan": scan,
              "classes": 3, "middle": 2048, "divisor": 64}  # fmt: skip
    return CascadeNetwork(**(fields | changed))


def test_what_cannot_be_a_cascade_is_named() -> None:
    assert network().outputs == 4
    assert network().path_output == 3
    assert network().scan.ends == (3, 6, 8)
    with pytest.raises(ModelError, match=r"tiers do not fit together .3 states below, 4 features above"):
        network(upper=CellShape(4, 4, 0, 0, "quantSigm", "quantTanh"))
    with pytest.raises(ModelError, match=r"a cascade's description cannot be .classes 1"):
        network(classes=1)
    with pytest.raises(ModelError, match="a cascade's stride is 0"):
        Scan(length=8, stride=0, check_every=3, consecutive=2, limit=2.0)
    with pytest.raises(ModelError, match="a cascade's limit is nan"):
        Scan(length=8, stride=1, check_every=3, consecutive=2, limit=float("nan"))


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    shapes = {"W_lower": (3, 2), "U_lower": (3, 3), "Bg_lower": (3,), "Bh_lower": (3,), "zeta_lower": (),
              "nu_lower": (), "FC_lower": (2, 3), "FCbias_lower": (2,), "W_upper": (4, 3), "U_upper": (4, 4),
              "Bg_upper": (4,), "Bh_upper": (4,), "zeta_upper": (), "nu_upper": (), "FC_upper": (3, 4),
              "FCbias_upper": (3,)}  # fmt: skip
    return {name: np.asarray(rng.standard_normal(shape), np.float32) for name, shape in shapes.items()}


def test_weights_are_taken_by_name_and_missing_ones_named() -> None:
    model = from_arrays(network(), arrays())
    pair = arrays()["FC_lower"]
    np.testing.assert_array_equal(model.margin, pair[1:] - pair[:1])
    for name in arrays():
        rest = {key: value for key, value in arrays().items() if key != name}
        with pytest.raises(ModelError, match=f"weights have no {name.split('_')[0]}.*_"):
            from_arrays(network(), rest)


def test_calibration_needs_a_bag_that_fires() -> None:
    model = replace(from_arrays(network(), arrays()), margin_bias=np.array([-1e6], np.float32))
    with pytest.raises(ModelError, match="no calibration input makes the cascade's lower tier fire"):
        quantise.calibrate(model, Precision.Q15, [np.zeros((12, 2), np.int16)])


def test_scales_that_do_not_fit_are_refused() -> None:
    model, counts = random_cascade(np.random.default_rng(3), SeededDraw(3))
    scales = quantise.calibrate(model, Precision.Q7, counts)
    with pytest.raises(ModelError, match="the margin's scale does not reach its limit"):
        quantise.quantise(model, replace(scales, margin=model.network.scan.limit / 40000), Precision.Q7)
    other = replace(scales.upper, input=scales.upper.input * 2)
    with pytest.raises(ModelError, match="differ in the scale of the states between them"):
        quantise.quantise(model, replace(scales, upper=other), Precision.Q7)


def test_inputs_that_are_no_counts_are_refused() -> None:
    model, form = from_arrays(network(), arrays()), CascadeArchitecture()
    wired = form.wire(None, model, Precision.F32, np.full((9, 2), 4095, np.uint16))  # type: ignore[arg-type]
    assert wired.dtype == np.int16
    for wrong in (np.full((9, 2), 0.5), np.full((9, 2), 40000, np.int32)):
        with pytest.raises(VectorError, match="not made of 16-bit counts"):
            form.wire(None, model, Precision.Q15, wrong)  # type: ignore[arg-type]
    with pytest.raises(VectorError, match=r"shorter than one instance .7 samples of 8"):
        form.wire(None, model, Precision.Q15, np.zeros((7, 2), np.int16))  # type: ignore[arg-type]


def test_a_trace_sees_both_tiers() -> None:
    model, counts = next(
        (model, counts)
        for seed in range(50)
        for model, counts in [random_cascade(np.random.default_rng(seed), SeededDraw(seed))]
        if golden_float.run(model, counts)[:, -1].any()
    )
    fixed = quantise.quantise(model, quantise.calibrate(model, Precision.Q15, counts), Precision.Q15)
    seen = set()
    golden_fixed.run(fixed, counts, lambda name, exact, kept: seen.add(name))
    assert {"input", "lower pre", "lower state", "margin", "upper pre", "upper state", "outputs"} <= seen
