"""How many times longer QEMU runs a program with the timing plug-in than without it.

    python benchmarks/timing_overhead.py [ROUNDS] [ELF FUNCTION]

Without an ELF it builds timing_program.c (arm-none-eabi-gcc). Each round runs QEMU plain, with cycles and
stack, and with the profile as well, one after the other on one processor, with QEMU's usual clock (as
`hil time` does) and with one that counts instructions (as the bench does). Prints medians of the seconds of
processor time, and ratios.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from hil.measure.elf import load_functions, vector_table
from hil.qemu.plugin import timing_plugin
from hil.qemu.program import find_program
from hil.qemu.trace import write_symbols

HERE = Path(__file__).parent
LAYOUT = """
SECTIONS {
    . = 0; .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
    . = 0x20000000; .bss : { *(.data*) *(.bss*) } stack_top = 0x20010000;
}
"""
WAYS = ("plain", "cycles and stack", "and the profile")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="hil-overhead-") as name:
        folder = Path(name)
        if len(sys.argv) > 3:
            elf, function = Path(sys.argv[2]), sys.argv[3]
        else:
            elf, function = build(folder), "reset"
        for clock, icount in (("usual clock", False), ("counting clock", True)):
            commands = [command(elf, function, folder, way, icount) for way in range(len(WAYS))]
            seconds = [[run(one) for one in commands] for _ in range(rounds)]
            medians = [statistics.median(column) for column in zip(*seconds, strict=True)]
            ratios = [statistics.median(row[way] / row[0] for row in seconds) for way in range(len(WAYS))]
            print(f"{elf.name}, {clock}, {rounds} rounds")
            for way, median, ratio in zip(WAYS, medians, ratios, strict=True):
                print(f"  {way:17} {median:7.2f} s  {ratio:5.2f}")


def build(folder: Path) -> Path:
    elf, layout = folder / "timing_program.elf", folder / "layout.ld"
    layout.write_text(LAYOUT, encoding="utf-8")
    flags = ["-mcpu=cortex-m4", "-mthumb", "-O2", "-nostdlib", "-ffreestanding", "-T", str(layout)]
    source = HERE / "timing_program.c"
    subprocess.run(["arm-none-eabi-gcc", *flags, str(source), "-o", str(elf)], check=True)
    return elf


def command(elf: Path, function: str, folder: Path, way: int, icount: bool) -> list[str]:
    program = find_program()
    told = [program, "-M", "mps2-an386", "-display", "none", "-nodefaults", "-serial", "none"]
    told += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    told += ["-icount", "shift=0"] if icount else []
    if way > 0:
        symbols = folder / "symbols"
        write_symbols(symbols, elf)
        address = next(one.address for one in load_functions(elf) if one.name == function)
        told += timing_plugin(program).argument(
            out=folder / "report", symbols=symbols, function=hex(address), profile=int(way > 1),
            icount=int(icount), sp=hex(vector_table(elf).initial_sp),
        )  # fmt: skip
    return told


def run(told: list[str]) -> float:
    process = subprocess.Popen(
        told, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(told)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
