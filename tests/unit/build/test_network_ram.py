"""The memory plan of convolution networks against the buffers in their prebuilt images."""

from __future__ import annotations

import pytest

from hil.measure.elf import load_sections, load_symbols
from hil.models.catalog import list_models
from hil.models.convnet.plan import make_plan
from hil.models.spec import ModelSpec
from hil.resources import firmware_dir
from hil.values import Precision

KIND = "qemu_mps2_an386"
MODELS = [spec for spec in list_models() if spec.architecture.name == "convnet"]
MOST_FACE = 40 * 1024  # bytes of RAM of rnnpool_face in q7, the image of bytes included


def test_there_is_a_network() -> None:
    assert "rnnpool_face" in [spec.name for spec in MODELS]


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("precision", list(Precision))
def test_the_plan_is_what_the_image_holds(spec: ModelSpec, precision: Precision) -> None:
    elf = firmware_dir() / "prebuilt" / KIND / f"{spec.name}-{precision}.elf"
    sizes = {symbol.name: symbol.size for symbol in load_symbols(elf) if not symbol.function}
    plan = make_plan(spec.network, precision)
    assert sizes["arena"] == plan.arena
    assert sizes["input"] == plan.image
    assert sizes["output"] == plan.output
    assert plan.peak == sizes["arena"] + sizes["input"] + sizes["output"]


def test_the_face_network_stays_within_its_ram() -> None:
    """Its own buffers take little more than half; with the runtime's and the link's all is still within."""
    model = next(one for one in MODELS if one.name == "rnnpool_face")
    plan = make_plan(model.network, Precision.Q7)
    assert plan.peak <= MOST_FACE * 0.65
    assert plan.peak <= make_plan(model.network, Precision.Q7, streamed=False).peak * 0.65
    elf = firmware_dir() / "prebuilt" / KIND / "rnnpool_face-q7.elf"
    static = {one.name: one.size for one in load_sections(elf) if one.writable}
    assert sum(size for name, size in static.items() if name != ".stack") <= MOST_FACE
