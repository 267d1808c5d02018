"""Firmware images from sources: reproducible to the byte, and checked against the committed ones."""

from hil.build.builder import Recipe, build_image
from hil.build.check import check
from hil.build.prebuilt import build, faulty_recipes, prebuilt_recipes
from hil.build.toolchain import Toolchain, find_toolchain

__all__ = [
    "Recipe",
    "Toolchain",
    "build",
    "build_image",
    "check",
    "faulty_recipes",
    "find_toolchain",
    "prebuilt_recipes",
]
