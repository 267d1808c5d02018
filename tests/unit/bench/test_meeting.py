"""Before a run begins: boards in quarantine are left out, two boards on one port are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hil.bench.run import BenchRun, Options, sharing
from hil.flash.nursery import Nursery
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec
from hil.link.usb import UsbPorts
from usb_devices import usb_tree

LAB = """
[boards.{name}]
kind = "qemu_mps2_an386"
pool = {pool}
quarantine = {{ reason = "bent pin", since = {since} }}

[boards.well]
kind = "qemu_mps2_an386"
"""


@pytest.mark.parametrize("pool", ["true", "false"])
@pytest.mark.parametrize("since", ["1926-11-26", "2126-11-26"])
def test_an_emulated_board_in_quarantine_is_left_out_whatever_its_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: str, since: str
) -> None:
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path))
    lab = tmp_path / "lab.toml"
    lab.write_text(LAB.format(name="sick", pool=pool, since=since))
    url = f"sqlite:///{tmp_path}/results.db"
    options = Options("all", "fastgrnn_digits/q15", None, lab, url, None, tmp_path, "pytest")
    with Nursery() as nursery:
        run = BenchRun(options, nursery)
        with run.boards:
            assert run.meet() == {"sick": f"sick is left out: in quarantine since {since}: bent pin"}


def test_a_port_that_is_found_may_be_anothers(tmp_path: Path) -> None:
    usb = usb_tree(tmp_path, ("ttyACM0", "066B"), ("ttyACM1", "066C"))
    kind = replace(KINDS["qemu_mps2_an386"], emulator=None)
    port = tmp_path / "dev" / "ttyACM0"
    found = BoardSpec("found", kind, "066B", "auto")
    named = BoardSpec("named", kind, "066C", str(port))
    assert isinstance(usb, UsbPorts)
    assert sharing([found, named], usb) == [
        f"named: its serial port {port} is that of found, too; give each its own"
    ]
    assert sharing([found, replace(named, serial="auto")], usb) == []
