"""RAM of an emulated machine that its host reaches too: a file without a name, mapped by both."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
from types import TracebackType
from typing import Self

# QEMU's RAM block of a machine, which a file can stand for, by its size in bytes: mps2-an386's is the PSRAM
# at 0x21000000. Machines that are not named here take the option without a word and ignore it.
_RAM_BYTES = {"mps2-an386": 16 << 20}
_MAPPED_BYTES = 128 << 10  # at its start: what the linker script sets aside
# linux/memfd.h and linux/fcntl.h; Pythons that were built on old systems know none of these.
_CLOSE_ON_EXEC, _MAY_BE_SEALED = 1, 2
_ADD_SEALS, _SEALED, _NEITHER_SHRINKS_NOR_GROWS = 1033, 1, 2 | 4


class SharedMemory:
    """A file of ``total`` bytes, ``size`` of them mapped here, that goes with the last process that holds it.

    OSError when the system has no memory for it: what is mapped is there from the start, and nobody can cut
    the file, so that touching it ends neither us nor the emulator by SIGBUS. A context manager.
    """

    def __init__(self, total: int, size: int) -> None:
        self.total = total
        self.size = size
        self.descriptor = _memfd()
        try:
            os.ftruncate(self.descriptor, total)
            os.posix_fallocate(self.descriptor, 0, size)
            fcntl.fcntl(self.descriptor, _ADD_SEALS, _SEALED | _NEITHER_SHRINKS_NOR_GROWS)
            self._map = mmap.mmap(self.descriptor, size)
        except BaseException:
            os.close(self.descriptor)
            raise
        self._words = memoryview(self._map).cast("I")

    @classmethod
    def of(cls, machine: str) -> Self | None:
        """The RAM of a machine; None where no file can stand for it."""
        return cls(_RAM_BYTES[machine], _MAPPED_BYTES) if machine in _RAM_BYTES else None

    @property
    def arguments(self) -> list[str]:
        """QEMU's, for a process that inherits ``descriptor``."""
        path = f"/proc/self/fd/{self.descriptor}"
        backend = f"memory-backend-file,id=ram,size={self.total},mem-path={path},share=on"
        return ["-object", backend, "-machine", "memory-backend=ram"]

    def read(self, offset: int, count: int) -> bytes:
        """``count`` bytes from ``offset``."""
        return self._map[offset : offset + count]

    def write(self, offset: int, data: bytes) -> None:
        """An aligned word is written at once."""
        if len(data) == 4 and offset % 4 == 0:
            self._words[offset // 4] = int.from_bytes(data, "little")
        else:
            self._map[offset : offset + len(data)] = data

    def close(self) -> None:
        """Let go of it; closing twice is fine."""
        if self.descriptor >= 0:
            self._words.release()
            self._map.close()
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _memfd() -> int:
    """A file without a name, in memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "memfd_create"):
        raise OSError(errno.ENOSYS, "the C library has no memfd_create")
    descriptor = int(libc.memfd_create(b"hil-memory", _CLOSE_ON_EXEC | _MAY_BE_SEALED))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor
