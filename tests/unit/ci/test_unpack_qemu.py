"""`.ci/unpack-qemu` with the system's own apt and a small repository of packages made here."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / ".ci" / "unpack-qemu"
RELEASE = (
    platform.freedesktop_os_release().get("VERSION_CODENAME", "") if Path("/etc/os-release").exists() else ""
)

pytestmark = pytest.mark.skipif(
    not RELEASE or shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None,
    reason="needs Debian's apt",
)


def _emulator(version: str) -> str:
    return f"#!/bin/sh\necho 'QEMU emulator version {version}'\n"


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@dataclass(frozen=True)
class Desk:
    """A system whose apt knows the sources in ``etc``, and whose QEMU is ``system``."""

    folder: Path

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def unpacked(self) -> Path:
        return self.folder / "unpacked"

    def system(self, version: str) -> None:
        _program(self.folder / "system", _emulator(version))

    def mirror(self, *suites: str, version: str = "10.0.2") -> Path:
        """A mirror that has the emulator, and a library that it needs, in each of the suites."""
        mirror = self.folder / "mirror"
        program = _emulator(version).replace("echo", 'cat "${LD_LIBRARY_PATH##*:}"/libhil.so.1\necho')
        packages = [
            _package(mirror, "qemu-system-arm", {"usr/bin/qemu-system-arm": program}, "Depends: libhil1\n"),
            _package(mirror, "libhil1", {"usr/lib/hil/libhil.so.1": "the library\n"}),
        ]
        for suite in suites:
            folder = mirror / "dists" / suite
            written = [folder / "main" / f"binary-{name}" / "Packages" for name in ("all", _architecture())]
            for path in written:
                path.parent.mkdir(parents=True)
                path.write_text("\n".join(packages))
            sums = [f" {_sha256(path)} {path.stat().st_size} {path.relative_to(folder)}" for path in written]
            (folder / "Release").write_text(
                f"Suite: {suite}\nCodename: {suite}\nArchitectures: all {_architecture()}\nComponents: main\n"
                + "SHA256:\n" + "\n".join(sums) + "\n"
            )  # fmt: skip
        return mirror

    def run(self) -> subprocess.CompletedProcess[str]:
        (self.etc / "parts").mkdir(parents=True, exist_ok=True)
        settings = self.folder / "apt.conf"
        settings.write_text(
            f'Dir::Etc::sourcelist "{self.etc}/sources.list";\nDir::Etc::sourceparts "{self.etc}/parts";\n'
            'Dir::Etc::parts "/dev/null";\n'
        )
        return subprocess.run(
            ["sh", SCRIPT, self.unpacked],
            env={**os.environ, "APT_CONFIG": str(settings), "HIL_QEMU": str(self.folder / "system")},
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self) -> str:
        """What the unpacked emulator says."""
        program = self.unpacked / "bin" / "qemu-system-arm"
        return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout


def _architecture() -> str:
    told = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _package(mirror: Path, name: str, files: dict[str, str], more: str = "") -> str:
    """Build a package into the mirror's pool; returns its entry for the index."""
    tree, built = mirror / "trees" / name, mirror / "pool" / f"{name}.deb"
    for path, text in files.items():
        _program(tree / path, text)
    control = (
        f"Package: {name}\nVersion: 1:99\nArchitecture: all\nMaintainer: nobody <nobody@invalid>\n{more}"
    )
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(control + "Description: made for a test\n")
    built.parent.mkdir(exist_ok=True)
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", tree, built], check=True, capture_output=True
    )
    return f"{control}Filename: pool/{name}.deb\nSize: {built.stat().st_size}\nSHA256: {_sha256(built)}\n"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.etc.mkdir()
    made.system("7.2.22 (Debian 1:7.2+dfsg-7)")
    return made


def _one_line(desk: Desk, mirror: Path) -> None:
    (desk.etc / "sources.list").write_text(
        f"# a comment\ndeb-src copy:{mirror} {RELEASE} main\n"
        f"deb [trusted=yes] copy:{mirror} {RELEASE} main contrib # ours\n"
        f"deb copy:{mirror}/nowhere stable main\n"
    )


def _deb822(desk: Desk, mirror: Path) -> None:
    (desk.etc / "parts").mkdir()
    (desk.etc / "parts" / "debian.sources").write_text(
        f"Types: deb deb-src\n# a comment\nURIs: copy:{mirror}\nSuites: {RELEASE} {RELEASE}-updates\n"
        "Components: main contrib\nTrusted: yes\n\n"
        f"Types: deb\nURIs: copy:{mirror}/nowhere\nSuites: nodistro\nComponents: main\n\n"
        f"Enabled: no\nTypes: deb\nURIs: copy:{mirror}/nowhere\nSuites:\n {RELEASE}\nComponents: main\n"
    )


@pytest.mark.parametrize("write", [_one_line, _deb822], ids=["sources.list", "deb822"])
def test_unpacks_the_backports_with_what_they_need(desk: Desk, write: object) -> None:
    assert callable(write)
    write(desk, desk.mirror(RELEASE, f"{RELEASE}-backports"))
    done = desk.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"unpacking QEMU of {RELEASE}-backports into {desk.unpacked} (once)\n"
    assert desk.said() == "the library\nQEMU emulator version 10.0.2\n"
    assert {path.name for path in desk.folder.glob(".*")} == set()  # nothing half-made stays
    again = desk.run()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_new_enough_emulator_of_the_system_is_enough(desk: Desk) -> None:
    desk.system("10.0.13 (Debian 1:10.0.13+ds)")
    done = desk.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the system's QEMU is 10: the emulated tests run on it alone\n"
    assert not desk.unpacked.exists()


def _refusal(desk: Desk) -> str:
    done = desk.run()
    assert done.returncode == 1
    assert not desk.unpacked.exists()
    assert {path.name for path in desk.folder.glob(".*")} == set()
    return done.stderr


def test_a_mirror_without_backports_is_told(desk: Desk) -> None:
    _one_line(desk, desk.mirror(RELEASE))
    refusal = _refusal(desk)
    assert refusal.startswith(f"QEMU 10 cannot be unpacked: the lists of {RELEASE}-backports cannot be had\n")
    assert f"/dists/{RELEASE}-backports/" in refusal


def test_packages_that_nobody_signed_are_refused(desk: Desk) -> None:
    mirror = desk.mirror(RELEASE, f"{RELEASE}-backports")
    (desk.etc / "sources.list").write_text(f"deb copy:{mirror} {RELEASE} main\n")
    assert "is not signed" in _refusal(desk)


def test_an_old_backport_is_refused(desk: Desk) -> None:
    _one_line(desk, desk.mirror(RELEASE, f"{RELEASE}-backports", version="8.2.5"))
    assert f"what {RELEASE}-backports has does not start, or is older" in _refusal(desk)


def test_a_system_without_sources_is_told(desk: Desk) -> None:
    assert f"no source of {RELEASE} in {desk.etc}/sources.list" in _refusal(desk)
