"""What the committed images may take of flash and RAM: growth shows in a commit, or the check fails."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hil.errors import BuildError, cut
from hil.files import replace_file
from hil.image import Image, Manifest
from hil.reading import read_text
from hil.resources import firmware_dir

TOLERANCE = 0.02  # of the committed figure
_HEADER = """\
# Code, constants and static RAM of each image, in bytes. `hil build` lowers the figures and adds images,
# `hil build --check` fails when one is exceeded by more than 2 %, `hil build --accept-sizes` raises them.
"""


@dataclass(frozen=True)
class Sizes:
    """Bytes of one image: ``text`` is code, ``rodata`` weights and other constants, ``ram`` static data."""

    text: int
    rodata: int
    ram: int

    @classmethod
    def of(cls, manifest: Manifest) -> Sizes:
        """Those that a manifest tells, the reserved stack not counted."""
        sections = manifest.sections
        return cls(sections["text"], sections["rodata"], sections["data"] + sections["bss"])

    def least(self, other: Sizes) -> Sizes:
        """The smaller of each."""
        return Sizes(min(self.text, other.text), min(self.rodata, other.rodata), min(self.ram, other.ram))


Budget = Mapping[str, Sizes]  # by image: ``model/precision``


def budget_path() -> Path:
    """Where the committed figures lie."""
    return firmware_dir() / "sizes.toml"


def read_budgets(path: Path) -> dict[str, Budget]:
    """The figures by kind of board, none when there is no such file; BuildError when it is damaged."""
    try:
        kinds = tomllib.loads(read_text(path))
        return {
            kind: {name: Sizes(**fields) for name, fields in images.items()} for kind, images in kinds.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise BuildError(
            f"{path.name} is damaged", evidence=f"{path}: {error}", remedy="restore it from the last commit"
        ) from error


def write_budgets(path: Path, budgets: Mapping[str, Budget]) -> None:
    """Replace the file by these figures: the same text for the same figures, a line for an image."""
    lines = [_HEADER]
    for kind, budget in sorted(budgets.items()):
        lines.append(f"\n[{kind}]\n")
        for name, sizes in sorted(budget.items()):
            fields = ", ".join(f"{field} = {size}" for field, size in asdict(sizes).items())
            lines.append(f'"{name}" = {{ {fields} }}\n')
    replace_file(path, "".join(lines))


def growth(budget: Budget, images: Iterable[Image]) -> list[str]:
    """What has grown by more than the tolerance, a sentence each: image, part, old, new, per cent."""
    found = []
    for image in images:
        if image.name not in budget:
            continue
        old, new = asdict(budget[image.name]), asdict(Sizes.of(image.manifest))
        for part, size in new.items():
            if size > old[part] * (1.0 + TOLERANCE):
                percent = f"{100 * (size / old[part] - 1):+.1f} %" if old[part] else "from nothing"
                found.append(f"{part} of {image.name} grew from {old[part]:,} to {size:,} B ({percent})")
    return found


def check_sizes(
    kind: str, images: Iterable[Image], path: Path | None = None, *, complete: bool = True
) -> None:
    """BuildError when an image of a kind has grown unannounced, or when an image or a figure stands alone.

    ``complete``: these are all images of the kind.
    """
    images = list(images)
    budget = read_budgets(path or budget_path()).get(kind, {})
    grown = growth(budget, images)
    if grown:
        raise BuildError(
            f"images for {kind} have grown by more than {TOLERANCE:.0%} unannounced",
            evidence="; ".join(cut(grown)),
            remedy="make them smaller, or run `hil build --accept-sizes` and say why in the commit",
        )
    names = {image.name for image in images}
    troubles = [f"no figures for {name}" for name in sorted(names - budget.keys())]
    alone = sorted(budget.keys() - names) if complete else []
    troubles += [f"figures for {name}, which is no image" for name in alone]
    if troubles:
        raise BuildError(
            f"the committed sizes are not those of the images for {kind}",
            evidence="; ".join(cut(troubles)),
            remedy="run `hil build` and commit what it makes",
        )


def settle(
    kind: str, images: Iterable[Image], *, accept: bool, complete: bool, path: Path | None = None
) -> list[str]:
    """Lower the figures to these images', raise them only with ``accept``; tell the growth that then remains.

    New images are added. ``complete``: these are all images of the kind, so figures of others go.
    """
    path = path or budget_path()
    images = list(images)
    budgets = read_budgets(path)
    old = budgets.get(kind, {})
    now = {image.name: Sizes.of(image.manifest) for image in images}
    settled = {name: sizes if accept else sizes.least(old.get(name, sizes)) for name, sizes in now.items()}
    new = settled if complete else {**old, **settled}
    if new != old:
        write_budgets(path, {**budgets, kind: new})
    return growth(new, images)
