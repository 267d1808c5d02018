"""What a session asks of an image before it touches the board."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

from hil.board import Board
from hil.errors import ImageError
from hil.flash.base import Flasher
from hil.image import Image, prebuilt_dir
from hil.kinds import IMAGE_KINDS, KINDS
from hil.measure.elf import symbol_addresses
from hil.measure.latency import cost_per_inference, cost_samples
from hil.session import Session

KIND = KINDS["qemu_mps2_an386"]


def never() -> Flasher:
    raise AssertionError("the board was touched")


def test_an_image_without_rings_is_refused_before_anything_is_flashed(tmp_path: Path) -> None:
    """One that was built before they could be reached."""
    elf = tmp_path / "fastgrnn_digits-q15.elf"
    held = (prebuilt_dir(KIND.name) / elf.name).read_bytes()
    assert held.count(b"\0_rings_end\0") == 1
    elf.write_bytes(held.replace(b"\0_rings_end\0", b"\0_older_end\0"))
    manifest = Image.load(prebuilt_dir(KIND.name) / elf.name).manifest
    manifest = dataclasses.replace(manifest, sha256=hashlib.sha256(elf.read_bytes()).hexdigest())
    elf.with_suffix(".json").write_text(manifest.to_json())
    board = Board("desk", KIND, "", never, through_probe=True)
    with pytest.raises(ImageError) as caught:
        Session(board, Image.load(elf)).__enter__()
    assert str(caught.value) == (
        "desk: image fastgrnn_digits/q15 has no rings that a debug probe can reach "
        '(the lab file says link = "probe"); '
        "rebuild it with `hil build`, or let the frames take the serial port"
    )


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_the_images_of_every_kind_say_where_their_rings_lie(kind: str) -> None:
    at = symbol_addresses(prebuilt_dir(kind) / "fastgrnn_digits-q15.elf", "_rings", "_rings_end", "_no_such")
    assert set(at) == {"_rings", "_rings_end"}
    assert at["_rings"] % 4 == 0
    assert at["_rings_end"] - at["_rings"] >= 64 + 2 * 8192


@pytest.mark.parametrize(("kind", "condition"), [("b_l475e_iot01a", "probe"), ("qemu_b_l475e_iot01a", None)])
def test_cycles_beside_a_debugger_are_compared_with_no_others(kind: str, condition: str | None) -> None:
    """Its accesses may hold a core up; what an emulator counts they do not change."""
    plain, probe = (Board("desk", KINDS[kind], "", never, through_probe=one) for one in (False, True))
    assert "link" not in plain.conditions
    assert probe.conditions.get("link") == condition
    counter = plain.kind.counter
    samples = cost_samples(np.array([800, 880, 960], dtype=np.uint32), counter)
    for measure in cost_per_inference(samples, probe.kind, probe.conditions):
        assert measure.conditions.get("link") == condition
