"""The fuzz targets in C: how they are built, and the inputs that every run begins with.

``python firmware/tests/fuzz/targets.py device .cache/fuzz/device`` keeps, of a folder of inputs that a longer
run has found, some of those that reach more than others, as ``seeds/device-found.txt``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
_FLAGS = [
    *("-std=gnu11", "-O1", "-g"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror"),
    *("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"),
    # Small frames and few units: a short input reaches every end of them.
    *("-DHIL_FRAME_PAYLOAD_MAX=256u", "-DHIL_FRAGMENT_UNITS=128u"),
    '-DHIL_BUILD_ID="00112233445566778899aabbccddeeff"',
]
_MOST_FOUND = 100  # of the inputs that a long run has found


@dataclass(frozen=True)
class Target:
    """One program; ``longest`` input in bytes, and how many inputs a short run tries."""

    name: str
    sources: tuple[str, ...]
    longest: int
    runs: int

    def seeds(self) -> dict[str, bytes]:
        """The committed inputs by name: those written by hand, and those that runs have found."""
        found: dict[str, bytes] = {}
        for path in sorted((HERE / "seeds").glob(f"{self.name}-*.txt")):
            for line in path.read_text(encoding="ascii").splitlines():
                if line and not line.startswith("#"):
                    name, _, data = line.partition(": ")
                    found[f"{path.stem}-{name}"] = bytes.fromhex(data)
        return found

    def build(self, program: Path) -> Path:
        """Compile it with every warning an error, and both sanitizers."""
        command = [str(clang()), *_FLAGS, *self.sources, "-o", str(program)]
        subprocess.run(command, cwd=HERE, check=True)
        return program


TARGETS = (
    Target("receiver", ("receiver.c", "../../runtime/frame.c", "../../runtime/crc.c"), 400, 10_000),
    Target(
        "device",
        (
            *("device.c", "trial.c", "host.c"),  # device.c includes runtime.c
            *(f"../../runtime/{name}.c" for name in ("frame", "crc", "rings")),
        ),
        600,
        4_000,
    ),
)


def clang() -> str | None:
    """The compiler that brings libFuzzer, if there is one."""
    return shutil.which("clang")


def unpack(seeds: Mapping[str, bytes], folder: Path) -> Path:
    """A file for each seed, as libFuzzer reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)
    return folder


def write_seeds(path: Path, how: str, seeds: Mapping[str, bytes]) -> None:
    """A line a seed: its name and its bytes."""
    lines = [f"# {how}", *(f"{name}: {data.hex()}" for name, data in seeds.items())]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def keep_found(target: Target, corpus: Path) -> None:
    """Rewrite the found seeds of a target from a folder of inputs."""
    with tempfile.TemporaryDirectory() as folder:
        program = target.build(Path(folder) / target.name)
        merged = unpack({}, Path(folder) / "merged")
        written = {name: data for name, data in target.seeds().items() if "-found-" not in name}
        unpack(written, merged)
        subprocess.run([program, "-merge=1", merged, corpus], check=True)
        found = [path.read_bytes() for path in merged.iterdir() if path.name not in written]
    ordered = sorted(found, key=lambda data: (len(data), data))
    some = ordered[:: -(-len(ordered) // _MOST_FOUND) or 1]  # of every length
    seeds = {f"{number:03}": data for number, data in enumerate(some)}
    how = f"made by targets.py {target.name} FOLDER, of what a run has found"
    write_seeds(HERE / "seeds" / f"{target.name}-found.txt", how, seeds)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Keep the smallest of the inputs that a run has found.")
    parser.add_argument("target", choices=[target.name for target in TARGETS])
    parser.add_argument("corpus", type=Path)
    options = parser.parse_args(arguments)
    keep_found(next(target for target in TARGETS if target.name == options.target), options.corpus)


if __name__ == "__main__":
    main()
