"""The NUCLEO-F439ZI's images on QEMU's STM32F405, whose USART3, interrupts and memory lie where its own do.

That machine has no clock tree, no flash interface, no DMA and no pins: the image runs at the clock of after
reset, and its bytes come by interrupt. QEMU 7.2 at times leaves bytes for that USART lie for ever: it takes a
newer one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import numpy as np
import pytest

from hil.errors import DeviceCrashError
from hil.image import Image, prebuilt_dir
from hil.link.link import Link
from hil.measure.accuracy import golden_exact
from hil.measure.elf import symbol_at
from hil.models.vectors import load_vectors
from hil.resources import fixtures_dir

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("newer_qemu")]

KIND = "nucleo_f439zi"
NETDUINO = ("-M", "netduinoplus2", "-serial", "null", "-serial", "null")  # USART1 and USART2
HANDSHAKE_S = 20.0

Boot = Callable[..., AbstractContextManager[Link]]


@pytest.fixture
def boot_f405(boot: Boot) -> Boot:
    return partial(boot, machine=NETDUINO)


@pytest.mark.parametrize("name", ["fastgrnn_digits-q15", "fastgrnn_digits-f32", "rnnpool_face-q7"])
def test_the_silicon_image_computes_the_goldens_over_the_emulated_usart(name: str, boot_f405: Boot) -> None:
    image = Image.load(prebuilt_dir(KIND) / f"{name}.elf")
    manifest = image.manifest
    vectors = load_vectors(manifest.model, manifest.precision)
    with boot_f405(image.path) as link:
        hello = link.handshake(HANDSHAKE_S)
        assert (hello.build_id, hello.kind) == (manifest.build_id, KIND)
        assert (hello.clock_hz, hello.counter, hello.rx_window) == (16_000_000, "timer", 16383)
        outputs = np.stack([result.output for result in link.infer(vectors.inputs[:2])])
    assert golden_exact(outputs, vectors.goldens[:2]).value == 1.0


def test_a_crash_is_told_over_the_emulated_usart(boot_f405: Boot) -> None:
    elf = fixtures_dir() / "faulty" / KIND / "crash-f32.elf"
    with boot_f405(elf) as link:
        link.handshake(HANDSHAKE_S)
        with pytest.raises(DeviceCrashError) as caught:
            link.infer([np.zeros((8, 8), np.float32)])
    assert symbol_at(elf, caught.value.registers["pc"]) == "run"
