"""The timing plug-in's decoder knows all that the lab's own images are made of."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hil.image import prebuilt_images
from hil.kinds import KINDS
from timing_decoder import Decoder, Line, parse_listing, require_binutils

IMAGES = [image for kind in KINDS for image in prebuilt_images(kind)]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    require_binutils()
    return Decoder(tmp_path_factory.mktemp("decoder"))


def _instructions(image: Path) -> list[Line]:
    """All of an image's code; what its mapping symbols say is data is left out."""
    command = ["arm-none-eabi-objdump", "-d", "-z", str(image)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in parse_listing(listing) if not line.text.startswith(".")]


def test_every_instruction_of_every_image_is_known(decoder: Decoder) -> None:
    lines = {line.opcode: line for image in IMAGES for line in _instructions(image)}
    assert len(lines) > 1000
    rows = list(lines.values())
    fields = decoder(rows)
    unknown = [row for row, kind in zip(rows, fields["kind"], strict=True) if kind == 0]
    assert [row for row in unknown if not row.mnemonic.startswith("udf")] == []
    assert fields["size"].tolist() == [2 if row.opcode[1] is None else 4 for row in rows]


@pytest.mark.parametrize("image", IMAGES[:1], ids=lambda image: image.stem)
def test_data_between_functions_is_no_instruction(image: Path) -> None:
    require_binutils()
    lines = _instructions(image)
    assert not [line for line in lines if line.undefined]
    assert [line for line in lines if line.text.startswith("bl\t")]
