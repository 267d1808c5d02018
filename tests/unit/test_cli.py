import re
import signal
from importlib.metadata import version
from pathlib import Path

import pytest

from hil import cli

IMPORT = ("--cell=fastgrnn", "--name=wake", "--gate=quantSigm", "--update=quantTanh")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--db=sqlite:///{}/none.db"], "there is no database"),
        (["export", "--db=nonsense"], "is not a database URL"),
        (["build", "--precision=f16"], "unknown precision 'f16'"),
        (["build", "--check", "--precision=q15"], "--check looks at all images of a model"),
        (["build", "--require-bytes"], "--require-bytes says how --check is done"),
        (["build", "nothing_such"], "nothing_such"),
        (["models", "--models-dir={}/none"], "it does not exist"),
        (["models", "--models-dir=/dev/null"], "it is no folder"),
        (["time", "{}/none.elf"], "No such file or directory"),
        (["export", "--profile=folded", "--format=csv"], "folded stacks have a form of their own"),
        (["model", "import", "{}", *IMPORT, "--vectors={}/X.npy"], "no vectors in"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_a_remedy(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([argument.format(tmp_path) for argument in arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("hil: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert "; " in printed.err


def test_a_url_in_the_wrong_place_is_quoted_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", "postgresql://bob:s3cret@host/lab"]) == 2
    assert "unrecognized arguments: postgresql://bob:***@host/lab" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["bench"], ["model"]])
def test_a_bare_command_prints_its_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    bare = capsys.readouterr()
    assert cli.main([*arguments, "--help"]) == 0
    assert bare == capsys.readouterr()
    assert bare.out.startswith("usage: hil")


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["--version"]) == 0
    tools = rf"Python 3\.\d+\.\S+, pyOCD {re.escape(version('pyocd'))}, QEMU (.*)"
    pattern = rf"hil {re.escape(version('hil-lab'))} \({tools}\)\n"
    assert re.fullmatch(pattern, capsys.readouterr().out)
    monkeypatch.setenv("PATH", "")
    assert cli.main(["--version"]) == 0
    told = re.fullmatch(pattern, capsys.readouterr().out)
    assert told is not None
    assert told[1] == "not installed"


def test_a_command_leaves_signals_as_they_were(tmp_path: Path) -> None:
    """Else what ends these tests would fail one of them, and the others would go on."""
    before = signal.getsignal(signal.SIGTERM)
    assert cli.main(["time", str(tmp_path / "none.elf")]) == 1
    assert signal.getsignal(signal.SIGTERM) is before
