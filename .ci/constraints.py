"""Write constraints/py3*.txt: for each Python the newest versions that pip finds for pyproject.toml today.

Run by `make constraints`. Only names and versions are kept: no index, no host, no path. The training extra is
left out: neither `make bench` nor `make test` installs it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import tomllib
import venv
from pathlib import Path

PYTHONS = ("3.11", "3.13")
LEFT_OUT = {"train"}


def requirements() -> list[str]:
    """Everything that the project, its extras and its build backend ask for, but for the project itself."""
    document = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    extras = [
        line
        for name, lines in project["optional-dependencies"].items()
        if name not in LEFT_OUT
        for line in lines
    ]
    wanted = {*document["build-system"]["requires"], "editables", *project["dependencies"], *extras}
    return sorted(line for line in wanted if not line.startswith(project["name"]))


def newest_pip(folder: Path) -> Path:
    """An older one does not know every kind of wheel of a newer Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"], check=True)
    return python


def resolve(python: Path, version: str, wanted: list[str], report: Path) -> list[str]:
    """``name==version`` of all that pip would install under that Python, on this machine's kind of system."""
    subprocess.run(
        [
            *(python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
            *("--report", report, "--target", report.with_name("none")),
            *("--python-version", version, "--only-binary", ":all:"),
            *wanted,
        ],
        check=True,
    )
    found = [one["metadata"] for one in json.loads(report.read_text(encoding="utf-8"))["install"]]
    versions = {one["name"].lower().replace("_", "-"): one["version"] for one in found}
    return [f"{name}=={versions[name]}" for name in sorted(versions)]


def main() -> None:
    """Rewrite the files, one per Python."""
    with tempfile.TemporaryDirectory(prefix="hil-constraints-") as folder:
        python = newest_pip(Path(folder) / "venv")
        for version in PYTHONS:
            lines = resolve(python, version, requirements(), Path(folder) / "report.json")
            path = Path("constraints") / f"py{version.replace('.', '')}.txt"
            path.parent.mkdir(exist_ok=True)
            head = f"# Tested together with Python {version}. Made by `make constraints`; do not edit."
            path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
            print(f"{path}: {len(lines)} versions")


main()
