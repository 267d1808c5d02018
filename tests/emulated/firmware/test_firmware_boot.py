"""The prebuilt images boot, answer as their manifests say, compute the goldens, and report their faults."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from hil.errors import DeviceCrashError, DeviceHungError, ProtocolVersionError
from hil.image import Image, prebuilt_images
from hil.link.link import Link
from hil.measure.accuracy import golden_exact
from hil.measure.elf import symbol_at
from hil.models.vectors import load_vectors
from hil.qemu.memory import SharedMemory
from hil.resources import fixtures_dir

pytestmark = pytest.mark.emulated

KIND = "qemu_mps2_an386"
IMAGES = prebuilt_images(KIND)
FAULTY = fixtures_dir() / "faulty" / KIND
HANDSHAKE_S = 20.0
ANY_VECTOR = [np.zeros((8, 8), np.float32)]

CFSR_DACCVIOL, CFSR_MSTKERR, CFSR_UNDEFINSTR = 1 << 1, 1 << 4, 1 << 16
STACK_LOW = 0x2000_0000

Boot = Callable[..., AbstractContextManager[Link]]


@pytest.mark.parametrize("elf", IMAGES, ids=lambda elf: elf.stem)
def test_the_handshake_is_the_manifest(elf: Path, boot: Boot) -> None:
    manifest = Image.load(elf).manifest
    with boot(elf) as link:
        hello = link.handshake(HANDSHAKE_S)
    assert (hello.build_id, hello.model, hello.kind) == (manifest.build_id, manifest.model, KIND)
    assert hello.precision == str(manifest.precision)
    assert (hello.features, hello.outputs) == (manifest.features, manifest.outputs)
    assert (hello.min_steps, hello.max_steps) == (manifest.min_steps, manifest.max_steps)
    assert (hello.counter, hello.counter_hz, hello.clock_hz) == ("timer", 25_000_000, 25_000_000)


@pytest.mark.parametrize("elf", IMAGES, ids=lambda elf: elf.stem)
def test_outputs_are_the_goldens_and_counts_repeat(elf: Path, boot: Boot) -> None:
    """Whatever carries the frames."""
    manifest = Image.load(elf).manifest
    vectors = load_vectors(manifest.model, manifest.precision)
    inputs = vectors.inputs[:12]
    runs = []
    for memory in (None, SharedMemory.of("mps2-an386")):
        with memory or nullcontext(), boot(elf, memory) as link:
            link.handshake(HANDSHAKE_S)
            assert link.via == ("ram" if memory else "uart")
            results = link.infer(inputs)
            stack = link.stack()
        outputs = np.stack([result.output for result in results])
        assert golden_exact(outputs, vectors.goldens[:12]).value == 1.0
        assert 0 < stack.peak_model < stack.peak_total < stack.size == 8192
        runs.append([result.ticks for result in results])
    assert runs[0] == runs[1]


def _crash(boot: Boot, name: str) -> dict[str, int]:
    with boot(FAULTY / f"{name}-f32.elf") as link:
        link.handshake(HANDSHAKE_S)
        with pytest.raises(DeviceCrashError) as caught:
            link.infer(ANY_VECTOR)
    return caught.value.registers


def test_a_crash_tells_where(boot: Boot) -> None:
    registers = _crash(boot, "crash")
    assert registers["cfsr"] == CFSR_UNDEFINSTR
    elf = FAULTY / "crash-f32.elf"
    assert symbol_at(elf, registers["pc"]) == "run"
    assert symbol_at(elf, registers["lr"]) is not None


def test_an_overflowing_stack_still_reports(boot: Boot) -> None:
    registers = _crash(boot, "stack_overflow")
    assert registers["cfsr"] & (CFSR_DACCVIOL | CFSR_MSTKERR) == CFSR_DACCVIOL | CFSR_MSTKERR
    assert registers["sp"] < STACK_LOW
    assert registers["mmfar"] < STACK_LOW


def test_a_hang_is_noticed(boot: Boot) -> None:
    with boot(FAULTY / "hang-f32.elf") as link:
        link.handshake(HANDSHAKE_S)
        with pytest.raises(DeviceHungError):
            link.infer(ANY_VECTOR, hang_after_s=1.0)


def test_another_protocol_version_is_refused(boot: Boot) -> None:
    with boot(FAULTY / "other_protocol-f32.elf") as link, pytest.raises(ProtocolVersionError):
        link.handshake(HANDSHAKE_S)
