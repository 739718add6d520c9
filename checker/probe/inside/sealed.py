"""The only place that starts a server which may start no program and write no file but its own, where the kernel can see to it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
import sys
from typing import Optional

# linux/landlock.h; the numbers of the calls are the same on every architecture but alpha
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_MAKING = sum(1 << bit for bit in range(4, 13))  # making and removing files and folders of every kind
_OF_FILES = _EXECUTE | _WRITE_FILE | _TRUNCATE
_BENEATH = 1
_LOADER = 3  # PT_INTERP of elf(5)
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/tty")


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def main() -> None:
    """Arguments: the server's own folder, its program, and the program's words. What SQL has the server start or write
    elsewhere is refused by the kernel; one without Landlock (before Linux 5.13) starts it as it is."""
    folder, program, *words = sys.argv[1:]
    with contextlib.suppress(OSError):
        seal(folder, program)
    os.execv(program, [program, *words])


def seal(folder: str, program: str) -> None:
    """From now on this process, and all that it starts, executes that one program and writes below that one folder alone.

    OSError where the kernel cannot.
    """
    loader = loader_of(program)
    libc = ctypes.CDLL(None, use_errno=True)
    level = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if level < 1:
        raise OSError(ctypes.get_errno(), "no Landlock")
    handled = _EXECUTE | _WRITE_FILE | _MAKING | (_REFER if level >= 2 else 0) | (_TRUNCATE if level >= 3 else 0)
    asked = _Ruleset(handled)
    ruleset = _done(libc.syscall(_CREATE, ctypes.byref(asked), ctypes.c_size_t(8), ctypes.c_uint32(0)))
    for path in (program, loader):
        _allow(libc, ruleset, path, _EXECUTE)
    for path in DEVICES:
        _allow(libc, ruleset, path, handled & _WRITE_FILE)
    _allow(libc, ruleset, folder, handled & ~_EXECUTE)
    _done(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _done(libc.syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    os.close(ruleset)


def loader_of(program: str) -> Optional[str]:
    """What the kernel starts to load a program, None for one that is linked whole. OSError for what it does not load itself."""
    with open(program, "rb") as file:
        head = file.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            raise OSError("not a program of 64 bits in little-endian ELF")
        (table,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(table)
        parts = file.read(size * count)
        for at in range(0, len(parts), size):
            (kind,) = struct.unpack_from("<I", parts, at)
            if kind == _LOADER:
                start, length = struct.unpack_from("<Q", parts, at + 8)[0], struct.unpack_from("<Q", parts, at + 32)[0]
                file.seek(start)
                return os.fsdecode(file.read(length).rstrip(b"\0"))
    return None


def _allow(libc: ctypes.CDLL, ruleset: int, path: Optional[str], rights: int) -> None:
    if path is None:
        return
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = _Beneath(rights, place)
        _done(libc.syscall(_ADD, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)))
    finally:
        os.close(place)


def _done(said: int) -> int:
    if said < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return said


if __name__ == "__main__":
    main()
