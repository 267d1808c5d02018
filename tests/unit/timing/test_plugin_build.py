"""The timing plug-in is compiled once, whole or not at all, or it is said why it cannot be."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from hil.qemu import plugin
from hil.qemu.plugin import (
    CACHE_VARIABLE,
    Plugin,
    PluginError,
    _flash_plugin,
    _timing_plugin,
    flash_plugin,
    timing_plugin,
)
from needs import absent

_COMPILES = """#!/bin/sh
echo "$0 $* " >> "{log}"
while [ $# -gt 1 ]; do
    if [ "$1" = -o ]; then echo library > "$2"; fi
    shift
done
"""


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _emulator(folder: Path, version: str) -> str:
    """A program that tells its version as QEMU does."""
    return str(_script(folder / "qemu", f"#!/bin/sh\necho 'QEMU emulator version {version}'\n"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that makes something quickly, and keeps a log of its calls."""
    made = _script(tmp_path / "compiler", _COMPILES.format(log=tmp_path / "log"))
    monkeypatch.setenv("CC", str(made))
    return made


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    for made in (_timing_plugin, _flash_plugin):
        made.cache_clear()
    yield
    for made in (_timing_plugin, _flash_plugin):
        made.cache_clear()


@pytest.mark.parametrize(
    ("version", "api"),
    [
        ("6.0.0", 1), ("7.2.22 (Debian 1:7.2+dfsg-7)", 1), ("8.2.5", 1), ("9.0.4", 2), ("9.1.0", 3),
        ("9.2.0", 4), ("10.0.2 (Debian 1:10.0.2+ds-2)", 4), ("10.2.2", 5), ("11.0.1", 6), ("11.1.3", 7),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("cache", "compiler")
def test_it_is_compiled_for_the_api_of_the_emulator(tmp_path: Path, version: str, api: int) -> None:
    made = timing_plugin(_emulator(tmp_path, version))
    library = made.path
    assert (made.api, made.reads_registers) == (api, api > 1)
    assert library.read_bytes().startswith(b"library\n")
    assert library.name.startswith(f"hil-timing-api{api}-")
    assert f" -DHIL_QEMU_API={api} " in (tmp_path / "log").read_text()


@pytest.mark.parametrize("version", ["5.2.0", "11.2.0", "12.0.0"])
@pytest.mark.usefixtures("cache", "compiler")
def test_versions_that_it_does_not_fit(tmp_path: Path, version: str) -> None:
    with pytest.raises(PluginError) as caught:
        timing_plugin(_emulator(tmp_path, version))
    short = ".".join(version.split(".")[:2])
    assert f"the timing plug-in does not fit QEMU {short}" in str(caught.value)
    assert "it is for QEMU 6.0 to 11.1" in str(caught.value)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("version", ["7.2.22", "10.0.13", "11.0.1", "11.2.0"])
@pytest.mark.usefixtures("cache", "compiler")
def test_versions_that_the_flash_controller_does_not_fit(tmp_path: Path, version: str) -> None:
    with pytest.raises(PluginError) as caught:
        flash_plugin(_emulator(tmp_path, version))
    assert "the flash controller plug-in does not fit QEMU" in str(caught.value)
    assert "it is for QEMU 11.1," in str(caught.value)


@pytest.mark.usefixtures("cache", "compiler")
def test_each_plugin_has_a_library_of_its_own(tmp_path: Path) -> None:
    program = _emulator(tmp_path, "11.1.3")
    names = [made(program).path.name for made in (timing_plugin, flash_plugin)]
    assert [name[: name.rindex("-")] for name in names] == ["hil-timing-api7", "hil-flash-api7"]


@pytest.mark.usefixtures("cache", "compiler")
def test_emulators_side_by_side_have_each_their_own(tmp_path: Path) -> None:
    paths = set()
    for version in ("7.2.0", "10.0.0", "11.1.0"):
        (tmp_path / version).mkdir()
        paths.add(timing_plugin(_emulator(tmp_path / version, version)).path)
    assert len(paths) == 3


@pytest.mark.parametrize(
    ("folder", "api"),
    [*((plugin.SOURCES, api) for api in range(1, 8)), (plugin.FLASH_SOURCES, 7)],
    ids=lambda one: one.name if isinstance(one, Path) else str(one),
)
def test_it_compiles_for_every_api_without_a_warning(tmp_path: Path, folder: Path, api: int) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no host C compiler")
    strict = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror"
    sources = sorted(map(str, folder.glob("*.c")))
    command = ["cc", "-std=gnu11", "-fsyntax-only", *strict.split(), f"-DHIL_QEMU_API={api}", *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("api", ["", "-DHIL_QEMU_API=0", "-DHIL_QEMU_API=8"])
def test_it_compiles_for_no_other_api(api: str) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no host C compiler")
    command = ["cc", "-fsyntax-only", *api.split(), str(plugin.SOURCES / "qemu_api.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "compile with -DHIL_QEMU_API=1 to 7" in done.stderr


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("#!/bin/sh\necho hello\n", "hello"), ("#!/bin/sh\nexit 4\n", "exit status 4"), (None, "No such file")],
    ids=["another program", "one that fails", "none"],
)
def test_an_emulator_that_tells_no_version(tmp_path: Path, text: str | None, evidence: str) -> None:
    program = str(tmp_path / "none") if text is None else str(_script(tmp_path / "qemu", text))
    with pytest.raises(PluginError, match="does not tell its version") as caught:
        timing_plugin(program)
    assert evidence in str(caught.value)


@pytest.mark.usefixtures("cache")
def test_a_full_disk_is_no_missing_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = _emulator(tmp_path, "7.2.0")
    full = "#!/bin/sh\necho 'ld: final link failed: No space left on device' >&2; exit 1\n"
    monkeypatch.setenv("CC", str(_script(tmp_path / "full-cc", full)))
    with pytest.raises(PluginError, match="No space left on device") as caught:
        timing_plugin(emulator)
    assert "make room in " in str(caught.value)
    assert "apt install" not in str(caught.value)


@pytest.mark.usefixtures("cache")
def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = _emulator(tmp_path, "7.2.0")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginError, match="no C compiler cc on PATH") as caught:
        timing_plugin(emulator)
    assert "apt install gcc libc6-dev" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("#!/bin/sh\necho 'no such header' >&2\nexit 3\n", "ended with 3: no such header"),
        ("#!/bin/sh\nexit 1\n", "ended with 1: it said nothing"),
        (None, "no C compiler"),
    ],
    ids=["one that complains", "a silent one", "none"],
)
def test_a_compiler_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, text: str | None, evidence: str
) -> None:
    compiler = tmp_path / "compiler"
    if text is not None:
        _script(compiler, text)
    monkeypatch.setenv("CC", str(compiler))
    with pytest.raises(PluginError, match="the timing plug-in cannot be compiled") as caught:
        timing_plugin(_emulator(tmp_path, "7.2.0"))
    assert evidence in str(caught.value)
    assert not cache.exists() or list(cache.iterdir()) == []


@pytest.mark.parametrize("place", ["a file", "within a file", "no room for files"])
@pytest.mark.usefixtures("compiler")
def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    file = tmp_path / "file"
    file.write_text("")
    folder = {"a file": file, "within a file": file / "cache", "no room for files": Path("/proc")}[place]
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    with pytest.raises(PluginError, match="the timing plug-in cannot be compiled") as caught:
        timing_plugin(_emulator(tmp_path, "7.2.0"))
    assert str(folder) in str(caught.value)
    assert caught.value.remedy


@pytest.mark.usefixtures("cache", "compiler")
def test_emulators_that_start_at_once_ask_for_it_once(tmp_path: Path) -> None:
    begun, asked = tmp_path / "begun", tmp_path / "asked"
    os.mkfifo(begun)
    emulator = _script(
        tmp_path / "qemu", f"#!/bin/sh\necho >>{asked}\ncat {begun}\necho 'QEMU emulator version 7.2.0'\n"
    )
    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(timing_plugin, str(emulator)) for _ in range(2)]
        while not all(one.running() or one.done() for one in found):
            pass
        begun.write_text("both\n")  # waits until the first asks
        assert found[0].result(30) == found[1].result(30)
    assert asked.read_text() == "\n"


def test_it_is_compiled_anew_when_its_sources_or_the_compiler_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, compiler: Path
) -> None:
    emulator, log = _emulator(tmp_path, "7.2.0"), tmp_path / "log"

    def compiled() -> tuple[Path, int]:
        _timing_plugin.cache_clear()
        path = timing_plugin(emulator).path
        return path, len(log.read_text().splitlines())

    first, _ = compiled()
    assert compiled() == (first, 1)
    sources = Path(shutil.copytree(plugin.SOURCES, tmp_path / "sources"))
    monkeypatch.setattr(plugin, "_TIMING", replace(plugin._TIMING, folder=sources))
    assert compiled() == (first, 1)
    with (sources / "parameters.h").open("a") as header:
        header.write("/* changed */\n")
    second, times = compiled()
    assert (second != first, times) == (True, 2)
    monkeypatch.setenv("CC", str(_script(tmp_path / "other", compiler.read_text())))
    third, times = compiled()
    assert (third not in (first, second), times) == (True, 3)
    assert sorted(cache.iterdir()) == sorted([first, second, third])


@pytest.mark.parametrize("length", [0, 4, -1])
@pytest.mark.usefixtures("cache", "compiler")
def test_one_that_was_cut_short_is_compiled_anew(tmp_path: Path, length: int) -> None:
    emulator = _emulator(tmp_path, "7.2.0")
    path = timing_plugin(emulator).path
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    _timing_plugin.cache_clear()
    assert timing_plugin(emulator).path == path
    assert path.read_bytes() == whole


@pytest.mark.usefixtures("compiler")
def test_a_cache_beside_the_tests_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, "cache")
    assert timing_plugin(_emulator(tmp_path, "7.2.0")).path.parent == tmp_path / "cache"


def test_processes_that_compile_at_once_agree(cache: Path) -> None:
    if shutil.which("cc") is None or shutil.which("qemu-system-arm") is None:
        absent("no host C compiler, or no QEMU")
    program = (
        "from hil.qemu.plugin import timing_plugin; from hil.qemu.program import find_program; "
        "print(timing_plugin(find_program()).path)"
    )
    environment = {**os.environ, CACHE_VARIABLE: str(cache)}
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    said = [process.communicate()[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    (library,) = cache.iterdir()
    assert said == [str(library)] * 2
    with library.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".dynsym").iter_symbols()
        exported = {one.name for one in symbols if one.entry.st_shndx != "SHN_UNDEF"}
    assert exported == {"qemu_plugin_version", "qemu_plugin_install"}


def test_an_argument_survives_commas() -> None:
    told = Plugin(Path("/a,b/timing.so"), 1).argument(out="/tmp/x,y", symbols=None, sp=hex(16))
    assert told == ["-plugin", "/a,,b/timing.so,out=/tmp/x,,y,sp=0x10"]


def test_a_cache_that_others_may_write_to_is_refused(cache: Path, compiler: Path, tmp_path: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(PluginError, match=f"others may write to {cache}") as error:
        timing_plugin(_emulator(tmp_path, "7.2.22"))
    assert CACHE_VARIABLE in str(error.value.remedy)
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("cache", "compiler")
def test_a_library_that_another_user_could_have_written_is_made_anew(tmp_path: Path) -> None:
    emulator = _emulator(tmp_path, "7.2.22")
    library = timing_plugin(emulator).path
    ours = library.read_bytes()
    theirs = tmp_path / "theirs.so"
    theirs.write_bytes(b"theirs" + hashlib.sha256(b"theirs").digest())
    for plant in (library.symlink_to, library.hardlink_to):
        library.unlink()
        plant(theirs)
        theirs.chmod(0o666)
        _timing_plugin.cache_clear()
        assert timing_plugin(emulator).path == library
        assert library.read_bytes() == ours
        assert not library.is_symlink()
        assert library.stat().st_mode & 0o777 == 0o755


@pytest.mark.usefixtures("compiler")
def test_a_cache_that_came_with_the_system_is_used_as_it_is(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = _emulator(tmp_path, "7.2.22")
    library = timing_plugin(emulator).path
    cache.chmod(0o555)
    monkeypatch.setattr("hil.qemu.plugin._compile", None)  # not called
    _timing_plugin.cache_clear()
    assert timing_plugin(emulator).path == library
    cache.chmod(0o755)
