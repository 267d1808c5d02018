"""A port that goes away and comes back: the session goes on, or says why it cannot."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from host_device import HostDevice, expected

from cables import Cable, PtyEnd, SocketEnd
from hil.errors import LinkError
from hil.link.faults import parse_faults
from hil.link.frames import Frame, encode
from hil.link.link import Link, Result
from hil.link.messages import Type, hello_request
from hil.link.transport import Reopening, SerialTransport
from hil.link.usb import Device, UsbPorts
from hil.qemu.memory import SharedMemory

StartDevice = Callable[..., HostDevice]
VECTORS = [np.full((8, 8), number, np.float32) for number in range(120)]
PATIENT_S = 120.0  # there for a hang
WAITING = Reopening(within_s=PATIENT_S)


class Machine:
    """A /sys and a /dev with the ports of one USB adapter, which takes the next name each time."""

    def __init__(self, root: Path, serial: str | None = "0670FF") -> None:
        self.usb = UsbPorts(root / "sys", root / "dev")
        self._serial = serial
        self._number = 0
        self.usb.dev.mkdir()
        (self.usb.sys / "class" / "tty").mkdir(parents=True)
        self.place = "1-1"

    def plug(self) -> Path:
        """The path that shall be the port's."""
        name = f"ttyUSB{self._number}"
        self._number += 1
        of = self.usb.sys / "devices" / "usb1" / self.place
        port = of / f"{self.place}:1.0" / name
        (port / "tty" / name).mkdir(parents=True)
        (port / "tty" / name / "device").symlink_to("../..")
        (self.usb.sys / "class" / "tty" / name).symlink_to(port / "tty" / name)
        (port.parent / "bInterfaceNumber").write_text("00\n")
        (of / "idVendor").write_text("0403\n")
        (of / "idProduct").write_text("6001\n")
        if self._serial is not None:
            (of / "serial").write_text(f"{self._serial}\n")
        return self.usb.dev / name

    def unplug(self, port: Path) -> None:
        """The port that a device had is no more."""
        (self.usb.sys / "class" / "tty" / port.name).unlink()
        port.unlink()


def by_id(folder: Path) -> PtyEnd:
    """What udev does: a name that stays, linked to whatever the port is called now."""
    return PtyEnd(lambda: folder / "usb-adapter-if00")


@pytest.fixture
def cable_to(tmp_path: Path) -> Iterator[Callable[[str, HostDevice], Cable]]:
    """Plug a cable of some kind into a device that listens."""
    with ExitStack() as stack:

        def connect(kind: str, device: HostDevice) -> Cable:
            ends = {"by-id": by_id(tmp_path), "tcp": SocketEnd(), "unix": SocketEnd(tmp_path / "s")}
            device.boot()
            return stack.enter_context(Cable(ends[kind], device.url))

        yield connect


def pulls(cable: Cable, at: int, plug: Callable[[], None]) -> Callable[[Result], None]:
    """Pull the cable when that vector is answered; ``plug`` says what happens then."""

    def on_result(result: Result) -> None:
        if result.number == at:
            cable.pull()
            plug()

    return on_result


def assert_right(results: list[Result]) -> None:
    assert [result.number for result in results] == list(range(len(VECTORS)))
    for vector, result in zip(VECTORS, results, strict=True):
        assert np.array_equal(result.output, expected(vector, 10))


@pytest.mark.parametrize("kind", ["by-id", "tcp", "unix"])
def test_a_session_goes_on_when_its_port_comes_back(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable], kind: str
) -> None:
    cable = cable_to(kind, start_device(busy_us=2000))
    with Link.open(cable.url, reopening=WAITING) as link:
        link.handshake(PATIENT_S)
        later = threading.Timer(0.3, cable.plug)
        assert_right(link.infer(VECTORS, on_result=pulls(cable, 30, later.start), hang_after_s=PATIENT_S))
        later.join()
        cable.pull()
        cable.plug()
        assert_right(link.infer(VECTORS, hang_after_s=PATIENT_S))
        assert link.stack().size == 0


def test_frames_that_nobody_sent_were_not_lost(start_device: StartDevice) -> None:
    """The first fragment of the next vector is: it finds the port gone, and the others wait."""
    device = start_device(min_steps=200, max_steps=200)
    vectors = [np.full((200, 8), number, np.float32) for number in range(40)]
    with Link.open(device.url, reopening=WAITING) as link:
        device.boot()
        link.handshake(PATIENT_S)
        port = link._channel._transport
        results = link.infer(
            vectors,
            on_result=lambda one: port.hang_up() if one.number % 10 == 5 else None,
            hang_after_s=PATIENT_S,
        )
        assert len(results) == 40
        assert link.stats.lost == link.stats.returns == 4


def test_the_time_that_a_port_is_away_is_not_the_boards(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    cable = cable_to("by-id", start_device())
    away_s = 0.0

    def looks() -> bool:
        """The link is looking for the port: it comes back after a long while."""
        nonlocal away_s
        if not away_s:
            away_s = 10 * PATIENT_S
            cable.plug()
        return False

    waiting = Reopening(PATIENT_S, dead=looks)
    with Link.open(cable.url, reopening=waiting, clock=lambda: time.monotonic() + away_s) as link:
        link.handshake(PATIENT_S)
        pulled = pulls(cable, 30, lambda: None)
        assert_right(link.infer(VECTORS, on_result=pulled, hang_after_s=PATIENT_S))
    assert away_s


def test_frames_through_memory_outlive_the_port_that_wakes(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    with SharedMemory(128 << 10, 128 << 10) as memory:
        device = start_device(memory=memory, busy_us=2000)
        with ExitStack() as stack:
            link = stack.enter_context(Link.open(device.url, memory=memory, reopening=WAITING))
            device.boot()
            link.handshake(PATIENT_S)
            port = link._channel._transport
            assert_right(
                link.infer(
                    VECTORS,
                    on_result=lambda one: port.hang_up() if one.number == 30 else None,
                    hang_after_s=PATIENT_S,
                )
            )
            assert link.via == "ram"


def test_the_port_of_a_usb_device_is_found_under_its_new_name(
    start_device: StartDevice, tmp_path: Path
) -> None:
    machine = Machine(tmp_path)
    device = start_device(busy_us=2000)
    device.boot()
    with Cable(PtyEnd(machine.plug, machine.unplug), device.url) as cable:
        assert cable.url.endswith("/ttyUSB0")
        with Link.open(cable.url, reopening=Reopening(PATIENT_S, usb=machine.usb)) as link:
            link.handshake(PATIENT_S)
            assert_right(link.infer(VECTORS, on_result=pulls(cable, 30, cable.plug), hang_after_s=PATIENT_S))
            assert cable.url.endswith("/ttyUSB1")


def test_firmware_that_started_again_meanwhile_is_named(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    device = start_device(busy_us=2000)
    cable = cable_to("by-id", device)

    def restart() -> None:
        device.halt()
        cable.renew()
        device.boot()
        cable.plug()

    with Link.open(cable.url, reopening=WAITING) as link:
        link.handshake(PATIENT_S)
        with pytest.raises(LinkError, match="the firmware started again") as caught:
            link.infer(VECTORS, on_result=pulls(cable, 30, restart), hang_after_s=PATIENT_S)
    assert caught.value.remedy


def test_a_restart_that_nobody_heard_of_is_found_by_asking(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    """READY went out while nobody listened."""
    device = start_device(busy_us=2000)
    cable = cable_to("unix", device)

    def restart() -> None:
        device.halt()
        cable.renew()
        device.boot()
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(device.url.removeprefix("unix://"))
            deaf.recv(100)
        cable.plug()

    with Link.open(cable.url, reopening=WAITING) as link:
        link.handshake(PATIENT_S)
        with pytest.raises(LinkError, match="started again while its port was away"):
            link.infer(VECTORS, on_result=pulls(cable, 30, restart), hang_after_s=PATIENT_S)


def test_another_host_that_says_hello_meanwhile_is_no_restart(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    """The device then knows of no vector, but counts its frames on."""
    cable = cable_to("by-id", start_device())

    def hello() -> None:
        cable.say(encode(Frame(Type.HELLO, 0, hello_request())))
        cable.plug()

    with Link.open(cable.url, reopening=WAITING) as link:
        link.handshake(PATIENT_S)
        assert_right(link.infer(VECTORS, hang_after_s=PATIENT_S))
        assert_right(link.infer(VECTORS, on_result=pulls(cable, 60, hello), hang_after_s=PATIENT_S))
        assert link.stats.returns == 1


@pytest.mark.parametrize("through_memory", [False, True], ids=["uart", "ram"])
def test_a_line_that_is_cut_again_and_again(start_device: StartDevice, through_memory: bool) -> None:
    with ExitStack() as stack:
        memory = stack.enter_context(SharedMemory(128 << 10, 128 << 10)) if through_memory else None
        device = start_device(memory=memory)
        faults = parse_faults("cut=1e-4,drop=1e-4")
        link = stack.enter_context(Link.open(device.url, memory=memory, faults=faults, reopening=WAITING))
        device.boot()
        link.handshake(PATIENT_S)
        assert_right(link.infer(VECTORS, hang_after_s=PATIENT_S))
        assert link.stats.returns > 2


# What does not come back


def test_a_port_that_stays_away_is_waited_for_as_long_as_told(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    cable = cable_to("by-id", start_device())
    with Link.open(cable.url, reopening=Reopening(0.3)) as link:
        link.handshake(PATIENT_S)
        with pytest.raises(LinkError, match=r"went away \(.*; looked for it for 0\.3 s: .*No such file"):
            link.infer(VECTORS, on_result=pulls(cable, 30, lambda: None), hang_after_s=PATIENT_S)


def test_a_usb_device_that_stays_away_is_named(start_device: StartDevice, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    device = start_device()
    device.boot()
    with Cable(PtyEnd(machine.plug, machine.unplug), device.url) as cable:
        url = cable.url
        with Link.open(url, reopening=Reopening(0.3, usb=machine.usb)) as link:
            link.handshake(PATIENT_S)
            with pytest.raises(
                LinkError, match=r"looked for the USB device 0403:6001 with the serial number 0670FF for"
            ) as caught:
                link.infer(VECTORS, on_result=pulls(cable, 30, lambda: None), hang_after_s=PATIENT_S)
        assert "it is not plugged in" in str(caught.value)


def test_a_dead_board_is_not_waited_for(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    cable = cable_to("unix", start_device())
    with Link.open(cable.url, reopening=Reopening(3600.0, dead=lambda: True)) as link:
        link.handshake(PATIENT_S)
        with pytest.raises(LinkError, match="went away"):
            link.infer(VECTORS, on_result=pulls(cable, 30, lambda: None), hang_after_s=PATIENT_S)


def exhaust(transport: SerialTransport) -> None:
    while True:
        transport.read(0.05)


def test_a_port_that_comes_and_goes_without_a_word_is_given_up(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(path)
        listening.listen()

        def refuse() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=refuse)
        with SerialTransport(f"unix://{path}", 115_200, Reopening(2.0)) as transport:
            thread.start()
            with pytest.raises(LinkError, match="went away"):
                exhaust(transport)
            assert transport.returns > 0
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_closed_transport_is_not_opened_again(
    start_device: StartDevice, cable_to: Callable[[str, HostDevice], Cable]
) -> None:
    cable = cable_to("unix", start_device())
    with SerialTransport(cable.url, 115_200, WAITING) as transport:
        pass
    with pytest.raises(LinkError, match="went away"):
        transport.read(0.0)


def test_last_words_over_tcp_are_heard() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with SerialTransport(f"socket://127.0.0.1:{listening.getsockname()[1]}", 115_200) as transport:
            end, _ = listening.accept()
            end.sendall(b"last words")
            end.close()
            assert transport.read(5.0) == b"last words"
            with pytest.raises(LinkError, match="went away"):
                transport.read(5.0)


# USB devices


def test_a_usb_device_is_known_by_its_serial_number_wherever_it_is_plugged_in(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    first = machine.plug()
    device = machine.usb.device_of(str(first))
    assert device == Device("0403", "6001", "0670FF", "00", "1-1:1.0")
    first.touch()
    machine.unplug(first)
    assert machine.usb.port_of(device) is None
    machine.place = "1-2"
    second = machine.plug()
    assert machine.usb.port_of(device) == str(second)
    assert str(second).endswith("/ttyUSB1")


def test_without_a_serial_number_it_is_known_by_its_place_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path, serial=None)
    first = machine.plug()
    device = machine.usb.device_of(str(first))
    assert device is not None
    assert str(device) == "USB device 0403:6001 in 1-1:1.0"
    first.touch()
    machine.unplug(first)
    machine.place = "1-2"
    machine.plug()
    assert machine.usb.port_of(device) is None
    machine.place = "1-1"
    third = machine.plug()
    assert machine.usb.port_of(device) == str(third)


def test_what_is_no_usb_device_has_no_identity(tmp_path: Path) -> None:
    assert Machine(tmp_path).usb.device_of("/dev/ttyS0") is None
    assert UsbPorts(tmp_path / "none").device_of("/dev/ttyACM0") is None
