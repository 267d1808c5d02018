"""A user's own C and C++: milder rules, the C library, and what cannot be built named in a line."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hil.build import Recipe, Toolchain, build_image, find_toolchain
from hil.build.complaint import refused
from hil.errors import BuildError
from hil.measure.elf import load_functions

Echo = Callable[..., Recipe]

RUN = "static int run(uint32_t steps)\n{"
INCLUDE = '#include "runtime/model.h"'


@pytest.fixture
def own(echo: Echo, tmp_path: Path) -> Callable[[str, str], Recipe]:
    """A function that writes the model with lines of its own: at the top, and at the start of run()."""

    def make(top: str, body: str) -> Recipe:
        recipe = echo()
        text = recipe.model_source.read_text()
        for old, new in (
            ("output[1] = input[0];", ""),
            (INCLUDE, f"{INCLUDE}\n{top}"),
            (RUN, f"{RUN}\n{body}"),
        ):
            text = text.replace(old, new)
        recipe.model_source.write_text(text)
        return recipe

    return make


Own = Callable[[str, str], Recipe]


@pytest.fixture
def with_library(toolchain: Toolchain, tmp_path: Path) -> Toolchain:
    """The cross compiler as it is beside a C library: one with a version, a header and a function."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "_newlib_version.h").write_text('#define _NEWLIB_VERSION "9.9.1"\n')
    (folder / "math.h").write_text("float tanhf(float x);\n")
    (folder / "tanhf.c").write_text(
        '#include "math.h"\nfloat tanhf(float x) { return x * (27.0f + x * x) / (27.0f + 9.0f * x * x); }\n'
    )
    flags = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-O2", "-fno-builtin"]
    for command in (
        [str(toolchain.compiler), *flags, "-c", "tanhf.c"],
        ["arm-none-eabi-ar", "rc", "libm.a", "tanhf.o"],
        ["arm-none-eabi-ar", "rc", "libc.a"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    compiler = folder / "arm-none-eabi-gcc"
    compiler.write_text(f'#!/bin/sh\nexec {toolchain.compiler} -isystem {folder} -L{folder} "$@"\n')
    compiler.chmod(0o755)
    return find_toolchain(str(compiler))


def test_warnings_do_not_end_a_users_build_and_are_told(
    own: Own, toolchain: Toolchain, tmp_path: Path
) -> None:
    recipe = own("static const float g = 0.001213;", "int count = steps; output[1] = (int16_t)(g * count);")
    told: list[str] = []
    assert build_image(recipe, tmp_path / "out", toolchain, told.append).name == "echo/q15"
    (line,) = told
    assert line.startswith("echo/q15: 3 warnings, the first: model/echo_q15.c:3:")
    assert "from 'double' to 'float'" in line
    assert len(line) < 300


def test_what_would_run_wrongly_is_refused_by_every_compiler(
    own: Own, toolchain: Toolchain, tmp_path: Path
) -> None:
    with pytest.raises(BuildError, match=r"implicit declaration of function 'tanhf?'"):
        build_image(own("", "output[1] = (int16_t)tanhf(1.0f);"), tmp_path / "out", toolchain)


def test_an_error_is_told_without_its_source_line(own: Own, toolchain: Toolchain, tmp_path: Path) -> None:
    long = ", ".join(["nothing"] * 2000)
    with pytest.raises(BuildError, match=r"model/echo_q15\.c:3:\d+: error: 'nothing' undeclared") as caught:
        build_image(own(f"static int table[] = {{{long}}};", ""), tmp_path / "out", toolchain)
    assert len(str(caught.value)) < 800


def test_the_c_library_comes_along_when_its_headers_are_included(
    own: Own, with_library: Toolchain, tmp_path: Path
) -> None:
    recipe = own("#include <math.h>", "output[1] = (int16_t)(1000.0f * tanhf((float)steps));")
    image = build_image(recipe, tmp_path / "out", with_library)
    assert "tanhf" in {function.name for function in load_functions(image.path)}
    assert image.manifest.toolchain == f"{with_library.version}, newlib 9.9.1"


def test_an_image_that_needs_no_library_does_not_depend_on_it(
    echo: Echo, toolchain: Toolchain, with_library: Toolchain, tmp_path: Path
) -> None:
    without = build_image(echo(), tmp_path / "a", toolchain).manifest
    assert build_image(echo(), tmp_path / "b", with_library).manifest == without


def test_a_missing_c_library_is_named_with_its_package() -> None:
    said = "model/echo_f32.c:1:10: fatal error: math.h: No such file or directory\ncompilation terminated.\n"
    assert str(refused("arm-none-eabi-gcc", said, "echo/f32", has_c_library=False)) == (
        "model/echo_f32.c of echo/f32 includes math.h, which is not there; install the compiler's C library "
        "(Debian: apt-get install libnewlib-arm-none-eabi)"
    )


def test_what_is_defined_nowhere_is_named(own: Own, toolchain: Toolchain, tmp_path: Path) -> None:
    recipe = own("int net_run(int);", "output[1] = (int16_t)net_run(1);")
    (recipe.model_source.parent / "net.cpp").write_text("int net_run(int x) { return x; }")
    with pytest.raises(BuildError, match=r"^nothing in echo/q15 defines net_run; .* the header beside it"):
        build_image(recipe, tmp_path / "out", toolchain)


NET_H = """
#ifdef __cplusplus
extern "C" {
#endif
int net_run(int x);
#ifdef __cplusplus
}
#endif
"""
NET_CPP = """
#include "net.h"
namespace {
template <int N> struct Scale { static constexpr int by = N; };
struct Net { virtual int run(int x) const { return x * Scale<3>::by; } };
constexpr Net net;
}
int net_run(int x) { static const Net &one = net; return one.run(x); }
"""


def test_cpp_beside_its_header_comes_along(own: Own, toolchain: Toolchain, tmp_path: Path) -> None:
    recipe = own('#include "net.h"', "output[1] = (int16_t)net_run((int)steps);")
    (recipe.model_source.parent / "net.h").write_text(NET_H)
    cpp = recipe.model_source.parent / "net.cpp"
    cpp.write_text(NET_CPP)
    image = build_image(recipe, tmp_path / "out", toolchain)
    cpp.write_text(NET_CPP.replace("<3>", "<5>"))
    assert build_image(recipe, tmp_path / "out", toolchain).manifest.sha256 != image.manifest.sha256

    cpp.write_text(f"{NET_CPP}\nstruct Late {{ Late(); int x; }} late;\nLate::Late() {{ x = net_run(2); }}\n")
    with pytest.raises(BuildError, match=r"^model/net\.cpp has objects that are constructed before main"):
        build_image(recipe, tmp_path / "out", toolchain)

    cpp.write_text(f"#include <no_such_one>\n{NET_CPP}")
    with pytest.raises(BuildError, match=r"^model/net\.cpp of echo/q15 includes no_such_one.* headers of C$"):
        build_image(recipe, tmp_path / "out", toolchain)

    lonely = tmp_path / "lonely" / "arm-none-eabi-gcc"
    lonely.parent.mkdir()
    lonely.symlink_to(toolchain.compiler)
    with pytest.raises(BuildError, match=r"no arm-none-eabi-g\+\+ beside .*lonely"):
        build_image(recipe, tmp_path / "out", replace(toolchain, compiler=lonely))
