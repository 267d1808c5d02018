"""A user's own C and C++: compiled apart from the lab's, by milder rules, and linked with it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from elftools.elf.elffile import ELFFile

from hil.build.complaint import C_LIBRARY_HEADERS, warnings_in
from hil.build.flags import USER_C, USER_C_PLUS_PLUS
from hil.build.sources import C_PLUS_PLUS, SourceSet
from hil.build.toolchain import Toolchain
from hil.errors import BuildError

_RUN_BEFORE_MAIN = (".init_array", ".ctors", ".preinit_array")


def needs_c_library(sources: SourceSet) -> bool:
    """Whether a user's files include headers of the C library, under whatever condition."""
    return not sources.system_headers.isdisjoint(C_LIBRARY_HEADERS)


def object_of(source: PurePosixPath) -> str:
    """Where the object of a user's file lies in the build tree: ``net.c`` and ``net.cpp`` are two."""
    return f"{source}.o"


def compile_user_files(
    sources: SourceSet, flags: list[str], toolchain: Toolchain, tree: Path, name: str
) -> list[str]:
    """Compile each of a user's files beside itself; returns a line on the compiler's warnings, if any.

    ``flags`` are the board's and the recipe's.

    BuildError when one is refused, or has code that is to run before ``main``.
    """
    said = ""
    for source in sources.of_user:
        plus = source.suffix in C_PLUS_PLUS
        dialect = USER_C_PLUS_PLUS if plus else USER_C
        made = object_of(source)
        said += toolchain.run([*dialect, *flags, "-c", str(source), "-o", made], tree, name, plus=plus)
        _check_constructors(tree / made, source)
    line = warnings_in(said, name)
    return [] if line is None else [line]


def _check_constructors(made: Path, source: PurePosixPath) -> None:
    with made.open("rb") as file:
        sections = [section.name for section in ELFFile(file).iter_sections()]
    if any(section.startswith(_RUN_BEFORE_MAIN) for section in sections):
        raise BuildError(
            f"{source} has objects that are constructed before main, which the runtime does not do",
            remedy="make them constexpr, or construct them in init() of hil_model",
        )
