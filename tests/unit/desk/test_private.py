"""What a report must not hold is taken out of it, and what agreed before agrees still."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.desk.private import Private

PROBE, OTHER = "066BFF303435554157121019", "066BFF303435554157121020"


@pytest.fixture(autouse=True)
def _who(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/annabel")
    monkeypatch.setenv("LOGNAME", "annabel")
    monkeypatch.setattr("socket.gethostname", lambda: "ci-7.example.org")


def test_a_device_is_the_same_word_wherever_it_is() -> None:
    private = Private()
    private.add_serials([PROBE, OTHER, None])
    assert private.all(
        {
            "probe": f"stlink:{PROBE}",
            "port": f"/dev/serial/by-id/usb-STMicroelectronics_STM32_STLink_{PROBE.lower()}-if02",
            "attached": [OTHER],
        }
    ) == {
        "probe": "stlink:<serial 1>",
        "port": "/dev/serial/by-id/usb-STMicroelectronics_STM32_STLink_<serial 1>-if02",
        "attached": ["<serial 2>"],
    }


def test_numbers_stay_where_they_are_asked_for_and_passwords_never_do() -> None:
    private = Private(serials=True)
    private.add_serials([PROBE])
    said = f"no debug probe {PROBE} is attached; rfc2217://ann:hunter2@bench.example.net:4000"
    assert private.all([said]) == [f"no debug probe {PROBE} is attached; rfc2217://<user>:***@<host 2>:4000"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("run by annabel on ci-7 and ci-7.example.org", "run by <user 1> on <host 1> and <host 1>"),
        ("/home/annabel/lab.toml and /home/annabel", "~/lab.toml and /home/<user 1>"),
        ("Annabella is somebody else", "Annabella is somebody else"),
        (
            "no debug probe 9C5A1F33 is attached (attached: 000683412345)",
            "no debug probe <serial 1> is attached (attached: <serial 2>)",
        ),
        ("(attached: none like it)", "(attached: none like it)"),
        ("the debug probe failed while connecting", "the debug probe failed while connecting"),
        (f"{'0240000034544e45' * 3} is a DAPLink's", "<serial 1> is a DAPLink's"),
        (
            "USB device 0483:374b with the serial number 0667FF51",
            "USB device 0483:374b with the serial number <serial 1>",
        ),
        (
            "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
            "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_<serial 1>-if00-port0",
        ),
        ("remote:10.11.12.13:5555 and 10.11.12.13", "remote:<host 2>:5555 and <host 2>"),
        (
            "pytest --db=postgresql://ann:hunter2@db.example.net/x",
            "pytest --db=postgresql://<user>:***@<host 2>/x",
        ),
        ("rfc2217://ann@10.0.0.9:4000", "rfc2217://<user>@<host 2>:4000"),
        ("sqlite:////home/annabel/hil.db", "sqlite:///~/hil.db"),
        ("a" * 64 + " " + "b" * 40 + " 0x10076415", "a" * 64 + " " + "b" * 40 + " 0x10076415"),
    ],
)
def test_texts(said: str, told: str) -> None:
    assert Private().all(said) == told


def test_what_is_no_text_and_what_keys_are_called_stays() -> None:
    held = {"annabel": 1, "b": [1.5, None, True]}
    assert Private().all(held) == held


def test_a_home_that_is_the_root_folder_hides_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")
    assert Private().text("/etc/udev") == "/etc/udev"


def test_a_name_of_few_letters_is_in_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "pi")
    assert Private().text("pi and pi") == "pi and pi"


def test_paths_need_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr("hil.desk.private.Path.home", nowhere)
    assert Private().text("/home/somebody/x") == "/home/somebody/x"
