"""What a compiler or a linker objects to, told in one line with its remedy."""

from __future__ import annotations

import re

from hil.errors import BuildError, TooLargeError

PLAIN = "-fno-diagnostics-show-caret"  # no source lines: one of a generated table is long

_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_MISSING = re.compile(r"^(\S+?):\d+.*fatal error: (\S+): No such file or directory", re.MULTILINE)
_UNDEFINED = re.compile(r"undefined reference to `([^']+)'")
_SHOWN = 3
_LONGEST = 200

# Headers that a C library brings; those of the compiler itself, and string.h of libc/, are there without one.
C_LIBRARY_HEADERS = frozenset(
    f"{name}.h"
    for name in (
        *("assert", "complex", "ctype", "errno", "fenv", "inttypes", "locale", "math", "setjmp", "signal"),
        *("stdio", "stdlib", "strings", "tgmath", "time", "wchar"),
    )
)
C_LIBRARY_REMEDY = "install the compiler's C library (Debian: apt-get install libnewlib-arm-none-eabi)"


def refused(compiler: str, said: str, name: str, *, has_c_library: bool = True) -> BuildError:
    """The error for what a compiler, or the linker that it ran, said of the image ``name``."""
    overflows = dict.fromkeys(f"{region} by {int(size):,} B" for region, size in _OVERFLOW.findall(said))
    if overflows:
        larger = TooLargeError(
            f"the image {name} is larger than the board's memory",
            evidence=f"over {' and '.join(overflows)}",
            remedy="make the model smaller, or take another precision",
        )
        larger.over_bytes = max(int(size) for _, size in _OVERFLOW.findall(said))
        return larger
    missing = _MISSING.search(said)
    if missing is not None:
        file, header = missing.groups()
        return BuildError(
            f"{file} of {name} includes {header}, which is not there", remedy=_of_header(header)
        )
    undefined = list(dict.fromkeys(_UNDEFINED.findall(said)))
    if undefined:
        library = "" if has_c_library else f"; where it is the C library's, {C_LIBRARY_REMEDY}"
        remedy = (
            "the C or C++ file that defines it comes along when the header beside it, of the same name, is "
            'included; from C++, declare it extern "C"'
        )
        return BuildError(
            f"nothing in {name} defines {_listed(undefined)}",
            remedy=remedy + library,
        )
    errors = [line for line in said.splitlines() if "error: " in line]
    return BuildError(
        f"{compiler} refused the sources of {name}",
        evidence=_cut(errors or said.strip().splitlines()) or "it said nothing",
        remedy="mend the source and build again",
    )


def warnings_in(said: str, name: str) -> str | None:
    """A line on what a compiler warned of without refusing; None when it did not."""
    warnings = [line for line in said.splitlines() if "warning: " in line]
    if not warnings:
        return None
    count = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings, the first"
    return f"{name}: {count}: {warnings[0].replace('warning: ', '')[:_LONGEST]}"


def _of_header(header: str) -> str:
    if header in C_LIBRARY_HEADERS:
        return C_LIBRARY_REMEDY
    if "." not in header:
        return "the C++ library is not offered: use the headers of C"
    return "headers come from the model's folder, firmware/ and the compiler: lay it into the folder"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _cut(lines: list[str]) -> str:
    shown = [line[:_LONGEST] for line in lines[:_SHOWN]]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return " | ".join([*shown, *more])
