"""The only place that reads and appends bundles: JSON Lines in which each statement names the lines that it follows."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import Signer

from checker.model.proof import Link, Statement
from checker.model.unavailable import Unavailable
from checker.proofs.chain import Chain, Head
from checker.proofs.envelope import NotAnEnvelope, Sealed, opened, seal

FOLDER = ".checker/proofs"
ENDING = ".intoto.jsonl"
LARGEST = 256 << 20  # bytes of one bundle


@dataclass(frozen=True)
class Record:
    """One line of a bundle. `broken` says what is wrong with it, or with its place in the chain; `follows` are positions."""

    bundle: str
    line: int
    sealed: Sealed | None
    broken: str | None
    follows: tuple[int, ...] = ()

    @property
    def path(self) -> str:
        return f"{self.bundle}:{self.line}"


def name_of(signer: Signer | None) -> str:
    """The file that a signer appends to; each has a chain of its own, so that branches and CI never cross."""
    return called(signer.public_key.keyid) if signer else f"{FOLDER}/unsigned{ENDING}"


def called(keyid: str) -> str:
    return f"{FOLDER}/{keyid[:16]}{ENDING}"


def lines_of(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n") if data else []


def read(name: str, data: bytes) -> list[Record]:
    """Every record of a bundle, each with what is wrong with it. A broken line breaks nothing but itself."""
    chain, records = Chain(), []
    for position, line in enumerate(lines_of(data)):
        sealed, wrong = _opened(line)
        follows, misplaced = chain.add(line, _link(sealed))
        records.append(Record(name, position + 1, sealed, wrong or misplaced, follows))
    if not records:
        records.append(Record(name, 1, None, "the bundle is empty"))
    return records


def _opened(line: bytes) -> tuple[Sealed | None, str | None]:
    try:
        return opened(line), None
    except NotAnEnvelope as wrong:
        return None, str(wrong)


def _link(sealed: Sealed | None) -> Link | None:
    link = getattr(sealed.statement, "log", None) if sealed else None
    return link if isinstance(link, Link) else None


def _chain(data: bytes) -> Chain:
    chain = Chain()
    for line in lines_of(data):
        chain.add(line, _link(_opened(line)[0]))
    return chain


def head(data: bytes) -> Head:
    """The chain's ends, to be kept outside the tree."""
    return _chain(data).head()


def cut(data: bytes, anchor: Head) -> str | None:
    """Why a bundle is not a continuation of the one that an anchor remembers; None where it is."""
    lines = lines_of(data)
    if len(lines) < anchor.records:
        return f"chain: cut; {anchor.records} records were anchored and {len(lines)} are here"
    here = {hashlib.sha256(line).hexdigest() for line in lines} if anchor.records else set()
    if anchor.records and not here.issuperset((anchor.sha256, *anchor.also)):
        return f"chain: record {anchor.records - 1} is not the one that was anchored"
    return None


def append(root: Path, signer: Signer | None, make: Callable[[Link], Statement]) -> tuple[str, Statement]:
    """Write one statement at the chain's end; its path `file:line` and the statement. Unavailable where it cannot be.

    Two writers wait for each other. A bundle whose chain is broken is continued all the same: attempts are never lost.
    """
    name = name_of(signer)
    folder = root / FOLDER
    try:
        _refuse_links(root, name)
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(root / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise Unavailable(f"{name} is larger than {LARGEST >> 20} MiB; begin a new chain with a new key")
            statement = make(_chain(data).next())
            lead = b"" if not data or data.endswith(b"\n") else b"\n"
            file.write(lead + seal(statement, signer) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as refused:
        raise Unavailable(f"{name} cannot be written: {refused.strerror}; make {FOLDER} writable") from None
    return f"{name}:{len(lines_of(data)) + 1}", statement


def _refuse_links(root: Path, name: str) -> None:
    parts = name.split("/")
    for depth in range(1, len(parts)):
        if (root / "/".join(parts[:depth])).is_symlink():
            raise Unavailable(f"{'/'.join(parts[:depth])} is a symbolic link; proofs are written into the tree itself")


def beneath(root: Path) -> Sequence[str]:
    """The names of the bundles of a tree, sorted; links are passed over."""
    folder = root / FOLDER
    if not folder.is_dir() or folder.is_symlink() or folder.parent.is_symlink():
        return []
    found = (one for one in folder.iterdir() if one.name.endswith(ENDING) and one.is_file() and not one.is_symlink())
    return sorted(f"{FOLDER}/{one.name}" for one in found)
