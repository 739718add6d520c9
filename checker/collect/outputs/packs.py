"""The only place that opens an attach pack, and it never unpacks one: members are read in memory, within limits."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from checker.collect.files import Root, Unreadable
from checker.collect.outputs import logs
from checker.collect.outputs.text import readable
from checker.model.outputs.artefact import Artefacts, Kind
from checker.model.outputs.fields import agent
from checker.model.outputs.runs import PACK, TEST_LOG, Member, Pack, Packs, RunReports, Trap

MOST_MEMBERS = 20_000
MOST_UNPACKED = 2 * 1024**3  # bytes, declared
MOST_READ = 4 * 1024**2  # bytes of one member
MOST_READ_IN_ALL = 48 * 1024**2
_BEGINS, _ENDS = 32 * 1024, 96 * 1024  # characters of a long log by which it is told what it is
STEEPEST = 200  # unpacked to packed, from a mebibyte on
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar", ".whl")
_MAGIC = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_TAR_AT = 257  # where a tar says that it is one
_DOCUMENTS = (
    ".docx",
    ".xlsx",
    ".pptx",
    ".odt",
    ".ods",
    ".epub",
)  # zips by their form, and no archives to those who open them
_OPAQUE = (*_ARCHIVES, ".png", ".jpg", ".jpeg", ".gif", ".pdf", ".webp", ".mp4", ".sqlite", ".db", ".pyc", ".so")


def packs(root: Root, artefacts: Artefacts, reports: RunReports) -> Packs:
    """Every attach pack in the tree, looked into."""
    digests = {one.run: _digest(root, one.path) for one in reports.found}
    return Packs(tuple(_pack(root, one.path, digests) for one in artefacts.of(Kind.PACK)))


def _digest(root: Root, path: str) -> str:
    try:
        return hashlib.sha256(root.read(path)).hexdigest()
    except Unreadable:
        return ""


def _pack(root: Root, path: str, digests: dict[str, str]) -> Pack:
    fixed = PACK.search(path)
    name = path.rpartition("/")[2].removesuffix(".zip").removesuffix("-attach")
    run, owner = (fixed.group(2), agent(fixed.group(1))) if fixed else (name, "")
    found = Pack(path, owner, run, at_fixed_path=fixed is not None, report_sha256=digests.get(run, ""))
    with root.opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = archive.infolist()
                traps = tuple(_traps(infos))
                members = tuple(_members(archive, infos, bomb=any(not trap.member for trap in traps)))
                traps += tuple(_inside(archive, infos, traps))
        except (zipfile.BadZipFile, RuntimeError, OSError, ValueError, EOFError) as wrong:
            return replace(found, broken=f"does not open as a zip ({str(wrong)[:120]})")
    return replace(found, members=members, traps=traps)


def _traps(infos: list[zipfile.ZipInfo]) -> Iterator[Trap]:
    """What makes a pack unsafe to open; a trap without a member is of the whole pack, and then nothing of it is read."""
    if len(infos) > MOST_MEMBERS:
        yield Trap("", f"holds {len(infos)} members, more than {MOST_MEMBERS}")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MOST_UNPACKED:
        yield Trap("", f"unpacks to {unpacked // 1024**2} MiB, more than {MOST_UNPACKED // 1024**2}")
    for name, times in Counter(info.filename for info in infos).items():
        if times > 1:
            yield Trap(name, f"stands in the pack {times} times, so that readers see different files")
    for info in infos[:MOST_MEMBERS]:
        yield from (Trap(info.filename, reason) for reason in _reasons(info))
        if info.filename.lower().endswith(_ARCHIVES):
            yield Trap(info.filename, "is an archive inside the archive, which was not looked into", grave=False)


def _inside(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], told: tuple[Trap, ...]) -> Iterator[Trap]:
    """Archives that only their first bytes tell, whatever their names are."""
    known = {trap.member for trap in told}
    if "" in known:
        return
    for info in infos[:MOST_MEMBERS]:
        if info.is_dir() or info.filename in known or info.filename.lower().endswith(_DOCUMENTS):
            continue
        try:
            with archive.open(info) as file:
                head = file.read(_TAR_AT + 5)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError):
            continue
        if head.startswith(_MAGIC) or head[_TAR_AT:] == b"ustar":
            yield Trap(info.filename, "is an archive under another name, which was not looked into", grave=False)


def _reasons(info: zipfile.ZipInfo) -> Iterator[str]:
    name = info.orig_filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":" or "\0" in name:
        yield "would be written outside the folder that the pack is opened in"
    if stat.S_ISLNK(info.external_attr >> 16):
        yield "is a symbolic link"
    if info.flag_bits & 0x1:
        yield "is encrypted, so nobody can look into it"
    if info.file_size > 1024**2 and info.file_size > STEEPEST * max(1, info.compress_size):
        yield f"unpacks to {info.file_size // max(1, info.compress_size)} times its size"


def _members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], *, bomb: bool) -> Iterator[Member]:
    left = MOST_READ_IN_ALL
    for info in infos[:MOST_MEMBERS]:
        if info.is_dir():
            continue
        too_steep = info.file_size > 1024**2 and info.file_size > STEEPEST * max(1, info.compress_size)
        closed = bomb or too_steep or info.flag_bits & 0x1 or info.filename.lower().endswith(_OPAQUE)
        if closed or info.file_size > min(MOST_READ, left):
            yield Member(info.filename, info.file_size, not_read="not opened")
            continue
        left -= info.file_size
        yield _member(archive, info)


def _ends(text: str) -> str:
    """A long log as its beginning and its end, each line where it was: what a log is of, and how it ended, stands there."""
    if len(text) <= _BEGINS + _ENDS:
        return text
    middle = text.count("\n", _BEGINS, len(text) - _ENDS)
    return f"{text[:_BEGINS]}{chr(10) * middle}{text[-_ENDS:]}"


def _is_log(name: str) -> bool:
    of_a_run = re.search(r"(?i)\.(?:log|out|tap)$", name) and logs.kind_of(name.rpartition("/")[2])
    return bool(of_a_run or TEST_LOG.search(name))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    try:
        with archive.open(info) as file:
            data = file.read(MOST_READ + 1)
        if len(data) != info.file_size:
            return Member(info.filename, len(data), not_read="is not as large as the pack says")
        text = readable(info.filename, data)[0]
    except Unreadable:
        said = "is no text" if TEST_LOG.search(info.filename) else ""
        return Member(info.filename, info.file_size, None, hashlib.sha256(data).hexdigest(), no_log=said)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError) as wrong:
        return Member(info.filename, info.file_size, not_read=f"cannot be read ({str(wrong)[:80]})")
    digest = hashlib.sha256(data).hexdigest()
    ends = _ends(text)
    hollow = logs.in_place_of_a_run(info.filename, ends) if text.strip() and _is_log(info.filename) else None
    if not TEST_LOG.search(info.filename) or not text.strip():
        said = hollow.reason if hollow else ""
        return Member(info.filename, info.file_size, text, digest, no_log=said, hollow=hollow is not None)
    kind = logs.kind_of(info.filename.rpartition("/")[2]) or "test"
    fault = hollow or logs.no_log(info.filename, ends, kind)
    no_log = "is of another run than of tests" if kind != "test" and not fault else fault.reason if fault else ""
    return Member(info.filename, info.file_size, text, digest, no_log=no_log, hollow=hollow is not None)
