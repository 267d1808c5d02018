"""What an instruction does to registers and memory, read from the assembler text that objdump shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

SP, LR, PC = 13, 14, 15
_NUMBERS = {"sl": 10, "fp": 11, "ip": 12, "sp": SP, "lr": LR, "pc": PC} | {f"r{n}": n for n in range(16)}
_BYTES = {"": 4, "b": 1, "h": 2, "sb": 1, "sh": 2}
_CONDITIONS = "eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"

# Each mnemonic's class, by what it begins with; the first that fits counts.
_KINDS = (
    (r"it[te]*", "IT"),
    (r"tb[bh]", "TABLE_BRANCH"),
    (rf"b|b({_CONDITIONS})|cbn?z|bx", "BRANCH"),
    (r"bl|blx", "CALL"),
    (r"nop|pldw?|pli|dbg", "NOP"),
    (r"yield|wf[ei]|sev|sevl|csdb|svc|bkpt|cps.*|ms?rs?|mrs|msr|[di]sb|dmb|clrex|s?sdb|p?ssbb|esb", "SYSTEM"),
    (r"ldrd|ldm.*|pop", "LOAD_MULTIPLE"),
    (r"strd|stm.*|push", "STORE_MULTIPLE"),
    (r"ldr.*", "LOAD"),
    (r"str.*", "STORE"),
    (r"[su]div", "DIVIDE"),
    (r"muls?|ml[as]|[su]mull|[su]mlal.*|umaal|smu.*|sml.*|smm.*|usad.*", "MULTIPLY"),
    (r"vldr", "FP_LOAD"),
    (r"vstr", "FP_STORE"),
    (r"vldm.*|vpop|fldm.*x", "FP_LOAD_MULTIPLE"),
    (r"vstm.*|vpush|fstm.*x", "FP_STORE_MULTIPLE"),
    (r"vml[as]|vnml[as]|vfn?m[as]", "FP_MAC"),
    (r"vdiv|vsqrt", "FP_DIVIDE"),
    (r"vmov|vmrs|vmsr", "FP_MOVE"),
    (r"v.*", "FP"),
    (r".*", "ALU"),
)
_READS_ONLY_SECOND = re.compile(r"movs?|mvns?|[su]xt[bh](16)?|rev(16|sh)?|rbit|clz|adr|movw|cpy|negs?|rrxs?")
_COMPARES = re.compile(r"cmp|cmn|tst|teq|vcmpe?")
_TWO_RESULTS = re.compile(r"[su]mull|[su]mlal.*|umaal|smlald.*|smlsld.*")
_FP_ADDS = re.compile(r"vml[as]|vnml[as]|vfn?m[as]")


@dataclass
class Effects:
    """Bits of registers, bytes, and words of decode.h; what an instruction has no part in stays 0."""

    kind: str
    flow: str = "NEXT"
    reads: int = 0
    writes: int = 0
    fp_reads: int = 0
    fp_writes: int = 0
    fp_addend: int = 0
    address_from: int = 0
    base: int = 0
    offset: int | None = None
    base_change: int = 0
    writeback: int = 0
    register_offset: int = 0
    literal: int = 0
    access: int = 0
    ignores_alignment: int = 0
    transfers: int = 0
    loads_pc: int = 0
    sp_change: int = 0
    sp_unknown: int = 0
    barrier: int = 0
    target: int = 0
    mark: int = -1


def effects(text: str) -> Effects:
    """The effects of one instruction outside of an IT block."""
    code = text.split("@")[0].split(";")[0].strip()
    mnemonic, _, rest = code.partition("\t")
    name, *types = mnemonic.split(".")
    operands = _split(rest)
    kind = next(kind for pattern, kind in _KINDS if re.fullmatch(pattern, name))
    if kind in ("FP_LOAD", "FP_STORE") and operands[0].startswith("d"):
        kind += "_MULTIPLE"
    done = Effects(kind)
    if kind in ("LOAD", "STORE"):
        _single(done, name, operands)
    elif kind.startswith("FP_") and ("LOAD" in kind or "STORE" in kind):
        _fp_memory(done, name, operands)
    elif name in ("ldrd", "strd"):
        _dual(done, operands)
    elif kind in ("LOAD_MULTIPLE", "STORE_MULTIPLE"):
        _several(done, name, operands)
    elif kind in ("BRANCH", "CALL", "TABLE_BRANCH"):
        _branch(done, name, operands)
    elif name.startswith("v"):
        _fp(done, name, types, operands)
    elif kind == "SYSTEM":
        _system(done, name, operands)
    elif name == "nop" and operands:
        done.kind = "SYSTEM"  # a hint without a meaning
    elif kind == "NOP":
        done.mark = int(operands[0].lstrip("#")) if name == "dbg" else -1
    elif kind != "IT":
        _compute(done, name, operands)
    return done


def _split(rest: str) -> list[str]:
    """Operands, commas within brackets or braces left alone."""
    return [part.strip() for part in re.split(r",(?![^\[{]*[\]}])", rest) if part.strip()]


def _bit(register: str) -> int:
    return 1 << _NUMBERS[register] if register in _NUMBERS else 0


def _bits(text: str) -> int:
    """All core registers in a text, also as a range."""
    bits = 0
    for low, high in re.findall(r"\b([a-z]\w?\d?)\b(?:-([a-z]\w?\d?)\b)?", text):
        if low in _NUMBERS:
            for number in range(_NUMBERS[low], _NUMBERS.get(high, _NUMBERS[low]) + 1):
                bits |= 1 << number
    return bits


def _fp_bits(text: str) -> int:
    bits = 0
    for letter, low, _, high in re.findall(r"\b([sd])(\d+)(-[sd](\d+))?\b", text):
        width = 2 if letter == "d" else 1
        for number in range(int(low) * width, (int(high or low) + 1) * width):
            bits |= 1 << number
    half = re.search(r"\bd(\d+)\[([01])\]", text)
    return 1 << 2 * int(half[1]) + int(half[2]) if half else bits


def _number(text: str) -> int:
    return int(text.lstrip("#"), 0)


def _address(done: Effects, operands: list[str]) -> None:
    """``[rn, …]``, ``[rn, …]!`` or ``[rn], #n``."""
    inside = [part.strip() for part in operands[0].strip("[]!").split(",")]
    done.base = _NUMBERS[inside[0]]
    done.literal = int(done.base == PC)
    done.address_from = _bit(inside[0])
    done.offset = 0
    if len(inside) > 1 and inside[1] in _NUMBERS:
        done.register_offset = 1
        done.address_from |= _bit(inside[1])
    elif len(inside) > 1:
        done.offset = _number(inside[1])
    if operands[0].endswith("!"):
        done.writeback, done.base_change = 1, done.offset
    elif len(operands) > 1:
        done.writeback, done.base_change = 1, _number(operands[1])
    if done.writeback:
        done.writes |= _bit(inside[0])
    done.reads |= done.address_from
    if done.writeback and done.base == SP:
        done.sp_change = done.base_change


def _single(done: Effects, name: str, operands: list[str]) -> None:
    load = done.kind == "LOAD"
    exclusive = re.fullmatch(r"(?:ld|st)rex([bh]?)", name)
    suffix = exclusive[1] if exclusive else name[3:].removesuffix("t")
    done.access = _BYTES[suffix]
    done.transfers = 1
    moved = operands.pop(0)
    if exclusive and not load:
        done.writes |= _bit(moved)
        moved = operands.pop(0)
    if load:
        done.writes |= _bit(moved)
    else:
        done.reads |= _bit(moved)
    _address(done, operands)
    done.ignores_alignment = int(done.access == 1 or exclusive is not None)
    if exclusive:
        done.offset = None
    done.sp_unknown = int(load and moved == "sp")
    if load and moved == "pc":
        done.loads_pc = 1
        done.flow = "RETURN" if done.base == SP else "REGISTER"


def _dual(done: Effects, operands: list[str]) -> None:
    pair = _bit(operands[0]) | _bit(operands[1])
    _address(done, operands[2:])
    done.offset = None
    done.access, done.transfers, done.ignores_alignment = 4, 2, 1
    if done.kind == "LOAD_MULTIPLE":
        done.writes |= pair
    else:
        done.reads |= pair


def _several(done: Effects, name: str, operands: list[str]) -> None:
    load = done.kind == "LOAD_MULTIPLE"
    stack = name in ("push", "pop")
    base = "sp" if stack else operands[0].rstrip("!")
    moved = _bits(operands[-1])
    down = name == "push" or name.endswith("db")
    done.access, done.transfers, done.ignores_alignment = 4, moved.bit_count(), 1
    done.base, done.address_from = _NUMBERS[base], _bit(base)
    done.reads = _bit(base) | (0 if load else moved)
    done.writes = moved if load else 0
    if stack or operands[0].endswith("!"):
        done.writeback = 1
        done.base_change = 4 * done.transfers * (-1 if down else 1)
        done.writes |= _bit(base)
        done.sp_change = done.base_change if base == "sp" else 0
    if load and moved & 1 << PC:
        done.loads_pc = 1
        done.flow = "RETURN" if base == "sp" else "REGISTER"


def _fp_memory(done: Effects, name: str, operands: list[str]) -> None:
    load = "LOAD" in done.kind
    done.access, done.ignores_alignment = 4, 1
    if name in ("vldr", "vstr"):
        moved = _fp_bits(operands[0])
        _address(done, operands[1:])
    else:
        stack = name in ("vpush", "vpop")
        base = "sp" if stack else operands[0].rstrip("!")
        moved = _fp_bits(operands[-1])
        done.base, done.address_from = _NUMBERS[base], _bit(base)
        done.literal = int(base == "pc")
        done.reads = _bit(base)
        if stack or operands[0].endswith("!"):
            down = name == "vpush" or name.rstrip("x").endswith("db")
            words = moved.bit_count() + name.endswith("x")  # the old forms skip one more
            done.writeback = 1
            done.base_change = 4 * words * (-1 if down else 1)
            done.writes |= _bit(base)
            done.sp_change = done.base_change if base == "sp" else 0
    done.transfers = moved.bit_count()
    if load:
        done.fp_writes = moved
    else:
        done.fp_reads = moved


def _branch(done: Effects, name: str, operands: list[str]) -> None:
    last = operands[-1]
    if done.kind == "TABLE_BRANCH":
        done.flow = "REGISTER"
        done.reads = done.address_from = _bits(last)
        done.base = _NUMBERS[last.strip("[]").split(",")[0]]
    elif name in ("bx", "blx"):
        done.reads = _bit(last)
        done.flow = "CALL_REGISTER" if name == "blx" else "RETURN" if last == "lr" else "REGISTER"
    else:
        done.target = int(last, 16)
        done.flow = "CALL" if name == "bl" else "JUMP"
        done.reads = _bits(operands[0]) if name.startswith("cb") else 0
    if done.kind == "CALL":
        done.writes = 1 << LR


def _fp(done: Effects, name: str, types: list[str], operands: list[str]) -> None:
    fp = [_fp_bits(operand) for operand in operands]
    core = [_bit(operand) for operand in operands]
    if done.kind == "FP_MOVE" and (any(core) or name in ("vmrs", "vmsr")):
        done.transfers = 2 if len(operands) > 2 else 1
        from_core = core[0] == 0 and operands[0] != "APSR_nzcv"
        if from_core:
            done.reads, done.fp_writes = _bits(" ".join(operands)), sum(fp)
        else:
            done.writes, done.fp_reads = _bits(" ".join(operands)), sum(fp)
        return
    if _COMPARES.fullmatch(name):
        done.fp_reads = fp[0] | fp[1]
        return
    done.fp_writes = fp[0]
    for one in fp[1:]:
        done.fp_reads |= one
    if _FP_ADDS.fullmatch(name):
        done.fp_reads |= fp[0]
        done.fp_addend = fp[0]


def _system(done: Effects, name: str, operands: list[str]) -> None:
    if name == "mrs":
        done.writes = _bit(operands[0])
    elif name == "msr":
        done.reads = _bit(operands[1])
        done.sp_unknown = int(operands[0] in ("MSP", "PSP", "CONTROL"))
    done.barrier = int(name == "isb")


def _compute(done: Effects, name: str, operands: list[str]) -> None:
    others = 0
    for operand in operands[1:]:
        others |= _bits(operand)
    first = _bit(operands[0])
    if _COMPARES.fullmatch(name):
        done.reads = first | others
    elif _TWO_RESULTS.fullmatch(name):
        done.writes = first | _bit(operands[1])
        plain = name.endswith("mull")
        done.reads = others & ~_bit(operands[1]) | _bits(" ".join(operands[2:])) if plain else first | others
    else:
        done.writes = first
        in_place = name in ("movt", "bfi", "bfc") or (
            len(operands) == 2 and _READS_ONLY_SECOND.fullmatch(name) is None
        )
        done.reads = others | (first if in_place else 0)
    number = re.fullmatch(r"#(\d+)", operands[-1])
    on_sp = operands[0] == "sp" and (len(operands) == 2 or operands[1] == "sp")
    if on_sp and number and re.fullmatch(r"(add|sub)[sw]?", name):
        done.sp_change = int(number[1]) * (1 if name.startswith("add") else -1)
    elif done.writes & 1 << SP:
        done.sp_unknown = 1
    if done.writes & 1 << PC:
        done.kind = "BRANCH"
        done.flow = "RETURN" if done.reads == 1 << LR else "REGISTER"
