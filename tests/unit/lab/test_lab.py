import os
from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import LabError
from hil.kinds import KINDS
from hil.lab.boards import builtin_lab, port_key, probe_key
from hil.lab.file import load_lab


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_lab_is_one_qemu_board() -> None:
    lab = load_lab(None)
    assert [(board.name, board.kind.name) for board in lab.boards] == [("qemu", "qemu_mps2_an386")]
    assert lab.sha256 is None


def test_boards_keep_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[boards.b]\nkind = "qemu_mps2_an386"\n[boards.a]\nkind = "qemu_mps2_an386"\n')
    lab = load_lab(path)
    assert [board.name for board in lab.boards] == ["b", "a"]
    assert [board.name for board in lab.select("a")] == ["a"]
    assert lab.select("all") == lab.boards
    assert lab.sha256 is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no board"),
        ("[boards", "is not a TOML file"),
        ("[boards.x]\n", "x: has no kind"),
        ('[boards.x]\nkind = "qemu_mps2_an385"\n', "did you mean 'qemu_mps2_an386'?"),
        ('[boards.x]\nkind = "qemu_mps2_an386"\nprob = "1"\n', "unknown key 'prob'"),
        ('[boards.x]\nkind = "qemu_mps2_an386"\nprobe = "1"\n', "takes no probe"),
        ("[boards.x]\nkind = 3\n", "kind must be a string"),
    ],
)
def test_a_wrong_file_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(LabError) as caught:
        load_lab(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty"),
        ("all", "it stands for every board"),
        ("a,b", "it has a comma"),
        (r"a\nb", "cannot be shown"),
        (r"a\u001b[31m", "cannot be shown"),
        (r"a\u202Eb", "cannot be shown"),
        (" a", "begins or ends with a space"),
        ("a ", "begins or ends with a space"),
        ("x" * 200, "it has 200 letters, 128 at most"),
    ],
)
def test_a_name_that_nobody_could_select_or_store_is_refused(tmp_path: Path, name: str, why: str) -> None:
    path = write(tmp_path, f'[boards."{name}"]\nkind = "qemu_mps2_an386"\n')
    with pytest.raises(LabError) as caught:
        load_lab(path)
    line = str(caught.value)
    assert line.startswith("a board cannot be called '")
    assert why in line
    assert str(path) in line
    assert line.isprintable()
    assert len(line) < 300


@pytest.mark.parametrize("name", ["desk-1", "=1+1", "Tisch é", "a::b[c]", "x" * 128])
def test_any_other_name_is_taken(tmp_path: Path, name: str) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(f'[boards."{name}"]\nkind = "qemu_mps2_an386"\n', encoding="utf-8-sig")  # with a mark
    assert [board.name for board in load_lab(path).select(name)] == [name]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    os.mkfifo(path)
    with pytest.raises(LabError, match=r"cannot read the lab file .* \(It is no regular file\)"):
        load_lab(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"cannot read the lab file .*nowhere\.toml"):
        load_lab(tmp_path / "nowhere.toml")


def test_an_unknown_board_is_answered_with_the_nearest() -> None:
    with pytest.raises(LabError, match=r"no board 'qmeu' .*; did you mean 'qemu'"):
        builtin_lab().select("qmeu")


SILICON = '[boards.{}]\nkind = "nucleo"\nprobe = "{}"\nserial = "{}"\n'


@pytest.fixture
def nucleo(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = replace(KINDS["qemu_mps2_an386"], name="nucleo", emulator=None)
    monkeypatch.setattr("hil.lab.file.KINDS", {**KINDS, "nucleo": kind})


@pytest.mark.usefixtures("nucleo")
def test_boards_of_silicon_share_images_only_where_the_file_says_so(tmp_path: Path) -> None:
    alone = SILICON.format("a", "1", "/dev/a") + SILICON.format("b", "2", "/dev/b")
    assert [board.name for board in load_lab(write(tmp_path, alone)).select("all")] == ["a", "b"]
    shared = alone.replace('kind = "nucleo"', 'kind = "nucleo"\npool = true')
    lab = load_lab(write(tmp_path, '[boards.q]\nkind = "qemu_mps2_an386"\npool = false\n' + shared))
    q, pool = lab.select("all")
    assert (q.name, q.pooled, q.places) == ("q", False, (q,))
    assert (pool.name, [member.name for member in pool.places]) == ("nucleo", ["a", "b"])
    (pool,) = lab.select("b")
    assert (pool.name, [member.name for member in pool.places]) == ("nucleo", ["b"])


@pytest.mark.usefixtures("nucleo")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[boards.x]\nkind = "qemu_mps2_an386"\npool = 2\n', "x: pool must be true or false"),
        (
            SILICON.format("nucleo", "1", "/dev/a") + "pool = true\n",
            "nucleo: has the name under which pooled boards of that kind are stored",
        ),
    ],
)
def test_a_wrong_pool_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LabError) as caught:
        load_lab(write(tmp_path, text))
    assert said in str(caught.value)


@pytest.mark.usefixtures("nucleo")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SILICON.format("x", "1", "/dev/a") + 'tag = ["a"]\n', "x: unknown key 'tag' ({}, line 5, column 1)"),
        (SILICON.format("x", "1", "/dev/a") + "pool = 2\n", "({}, line 5, column 1: 2)"),
        (
            '\n  [boards.x]\n  kind = "nuclea"\n',
            "x: unknown kind 'nuclea' ({}, line 3, column 3); did you mean",
        ),
        ('[boards.x]\nkind = "nucleo"\nprobe = "1"\n', "x: has no serial ({}, line 1, column 9)"),
        (
            SILICON.format("x", "1", "/dev/a") + 'link = "porbe"\n',
            "x: link must be 'probe' or 'uart' ({}, line 5, column 1: 'porbe'); did you mean 'probe'?",
        ),
        (
            SILICON.format("x", "1", "/dev/a") + 'link = "probe"\n',
            'x: has link = "probe", and a serial port that nothing would use ({}, line 4, column 1); drop',
        ),
        ("[board.x]\n", "has an unknown key 'board' ({}, line 1, column 2); did you mean 'boards'?"),
        ("[boards.x]\r\nkind = 'nucleo'\r\nprob = 1\r\n", "({}, line 3, column 1); did you mean 'probe'?"),
        (
            SILICON.format("x", "1", "/dev/a") + 'power_cycle = { uhubctl = "hub", port = 1 }\n',
            'x: power_cycle.uhubctl must be a hub\'s location as `uhubctl` lists it, "1-1.4" '
            "({}, line 5, column 17: {{'uhubctl': 'hub', 'port': 1}})",
        ),
        (
            SILICON.format("x", "1", "/dev/a")
            + 'quarantine = { reason = "pin", since = 2026-11-26T10:00:00 }\n',
            "x: quarantine.since must be a date as 2026-11-26 ({}, line 5, column 32",
        ),
        (
            SILICON.format("x", "1", "/dev/a") + SILICON.format("y", "stlink:1", "/dev/b"),
            "y: shares its probe with x ({}, line 7, column 1: stlink:1)",
        ),
        (
            SILICON.format("x", "1", "/dev/a") + SILICON.format("y", "2", "/dev/../dev/a"),
            "y: shares its serial with x ({}, line 8, column 1: /dev/../dev/a)",
        ),
        (
            '[boards.x]\nkind = "qemu_mps2_an386"\nswd_clock_hz = 4000\n',
            "is emulated and takes no swd_clock_hz",
        ),
        (
            '[boards.x]\nkind = "qemu_mps2_an386"\nvendor_algorithm = true\n',
            "x: is no emulated twin and takes no vendor_algorithm ({}, line 3, column 1); drop it",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lab.toml"
    path.write_bytes(text.encode())
    with pytest.raises(LabError) as caught:
        load_lab(path)
    assert said.format(path) in str(caught.value)


@pytest.mark.usefixtures("nucleo")
def test_a_link_and_what_it_leads_to_are_one_port(tmp_path: Path) -> None:
    link = tmp_path / "by-id"
    link.symlink_to("/dev/null")
    text = SILICON.format("x", "1", "/dev/null") + SILICON.format("y", "2", link)
    with pytest.raises(LabError, match="y: shares its serial with x"):
        load_lab(write(tmp_path, text))


@pytest.mark.usefixtures("nucleo")
def test_two_boards_may_both_find_their_port(tmp_path: Path) -> None:
    text = SILICON.format("x", "1", "auto") + SILICON.format("y", "2", "auto")
    assert [board.serial for board in load_lab(write(tmp_path, text)).boards] == ["auto", "auto"]


def test_a_tag_stands_for_its_boards(tmp_path: Path) -> None:
    board = '[boards.{}]\nkind = "qemu_mps2_an386"\ntags = {}\n'
    text = "".join(
        board.format(name, tags) for name, tags in [("a", '["x"]'), ("b", '["y","x"]'), ("c", "[]")]
    )
    lab = load_lab(write(tmp_path, text))
    assert [one.name for one in lab.select("tag:x")] == ["a", "b"]
    assert [one.name for one in lab.select("c,tag:y")] == ["c", "b"]
    with pytest.raises(LabError, match=r"no board 'tag:xx' .*; did you mean 'tag:x'"):
        lab.select("tag:xx")


@pytest.mark.usefixtures("nucleo")
def test_a_board_in_quarantine_is_not_named(tmp_path: Path) -> None:
    text = SILICON.format("x", "1", "/dev/a") + 'quarantine = { reason = "bent pin", since = 2026-11-26 }\n'
    lab = load_lab(write(tmp_path, text))
    assert [board.name for board in lab.select("all")] == ["x"]
    with pytest.raises(
        LabError, match=r"x: is in quarantine since 2026-11-26 \(bent pin\); take its quarantine"
    ):
        lab.select("x")


@pytest.mark.usefixtures("nucleo")
def test_a_board_of_silicon_is_known_by_its_probe_and_a_lone_emulator_by_its_name(tmp_path: Path) -> None:
    text = SILICON.format("x", "stlink:06AB", "/dev/a") + '[boards.q]\nkind = "qemu_mps2_an386"\n'
    text += '[boards.one]\nkind = "qemu_mps2_an386"\npool = false\n'
    path = write(tmp_path, text)
    assert [board.identity for board in load_lab(path).boards] == ["06ab", None, f"{path}:one"]
    assert builtin_lab().boards[0].identity is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("socket://127.0.0.1:7", "socket://LOCALHOST:7/", True),
        ("socket://desk:7", "SOCKET://desk:7?logging=debug", True),
        ("socket://desk:7", "rfc2217://desk:7/ign_set_control", True),
        ("socket://desk:7", "socket://desk:8", False),
        ("socket://desk:7", "socket://bench:7", False),
        ("spy:///dev/ttyACM0", "spy:///dev/ttyACM1", False),
    ],
)
def test_a_port_has_one_name_however_its_url_is_written(one: str, other: str, same: bool) -> None:
    assert (port_key(one) == port_key(other)) is same


def test_a_probe_far_away_has_one_name() -> None:
    assert probe_key("remote:localhost:5555") == probe_key("Remote:127.0.0.1:5555")
    assert probe_key("remote:desk:5555") != probe_key("remote:desk:5556")
    assert probe_key("remote:desk").startswith("remote:")
