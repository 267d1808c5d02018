"""The options of the compiler and the linker, for the lab's sources and for a user's own."""

from __future__ import annotations

_BOTH = (
    *("-ffreestanding", "-fbuiltin", "-fno-tree-loop-distribute-patterns"),
    *("-O3", "-fno-common", "-ffunction-sections", "-fdata-sections", "-fno-unwind-tables"),
    *("-fno-asynchronous-unwind-tables", "-fno-ident", "-I.", "-isystem", "libc"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion"),
)

# The freestanding dialect keeps the C library out; GCC's own knowledge of memcpy stays in. A loop must not
# turn into a call that the source does not make.
FLAGS = ("-std=c11", *_BOTH, "-Wmissing-prototypes", "-Werror")

# A user's code follows other rules. What newer compilers refuse is refused by all: it would run, wrongly.
USER_C = (
    *("-std=gnu11", *_BOTH, "-Werror=implicit-function-declaration", "-Werror=implicit-int"),
    *("-Werror=incompatible-pointer-types", "-Werror=int-conversion"),
)
USER_C_PLUS_PLUS = (
    *("-std=gnu++17", *_BOTH, "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"),
    "-fno-use-cxa-atexit",
)

LINK_FLAGS = (
    *("-nostdlib", "-nostartfiles", "-static", "-Wl,--gc-sections", "-Wl,--strip-debug"),
    *("-Wl,--build-id=none", "-Wl,--fatal-warnings", "-Wl,-z,max-page-size=4"),
)
LIBRARIES = ("-lgcc",)
C_LIBRARIES = ("-lm", "-lc", "-lgcc")
