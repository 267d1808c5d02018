"""The runtime as a host program that plays the board; built once a session."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hil.resources import firmware_dir
from hil.wire import Room
from needs import absent

sys.path.insert(0, str(firmware_dir() / "tests" / "link"))

from host_device import HostDevice, build, compiler

StartDevice = Callable[..., HostDevice]


@pytest.fixture(scope="session")
def device_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if compiler() is None:
        absent("no host C compiler (cc)")
    return build(tmp_path_factory.mktemp("device") / "device")


@pytest.fixture(scope="session")
def wide_device_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For 300 × 80 float32 in, 3,977 out: what an image of such a model reserves."""
    if compiler() is None:
        absent("no host C compiler (cc)")
    room = Room.of(300 * 80 * 4, 3977 * 4)
    return build(tmp_path_factory.mktemp("device") / "wide", *room.flags)


@pytest.fixture(scope="session")
def other_version_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if compiler() is None:
        absent("no host C compiler (cc)")
    return build(tmp_path_factory.mktemp("device") / "other", "-DHIL_ANSWERED_VERSION=7")


@pytest.fixture(scope="session")
def c_receiver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """receiver_host.c: the device's receiver behind a pipe."""
    if compiler() is None:
        absent("no host C compiler (cc)")
    return build(tmp_path_factory.mktemp("receiver") / "receiver", source="receiver_host.c")


@pytest.fixture(scope="session")
def frame_fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """frame_fuzz.c: random damage against the device's receiver."""
    if compiler() is None:
        absent("no host C compiler (cc)")
    return build(tmp_path_factory.mktemp("fuzz") / "fuzz", source="frame_fuzz.c")


@pytest.fixture
def start_device(device_program: Path) -> Iterator[StartDevice]:
    """Make devices with the options of device_host.c; the test fails if one ends before it."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(HostDevice(device_program, **options))
