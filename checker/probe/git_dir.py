"""The only place that reads a repository's own git directory, to build a private one that obeys nobody but us."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from checker.model.unavailable import Unavailable

_KIB, _MIB = 1 << 10, 1 << 20
_MOST_REFS = 20_000
_LONGEST_LINE = 4096
_EXTENSIONS = {
    "compatobjectformat", "noop", "objectformat", "partialclone", "preciousobjects", "refstorage", "relativeworktrees",
    "worktreeconfig",
}  # fmt: skip

# Unspecified on purpose: each of these lets a file of the repo run something, or lets different bytes pass as equal.
_ATTRIBUTES = "* !filter !ident !working-tree-encoding !diff\n"

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = false
\tfilemode = {filemode}
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\tsplitIndex = false
\tattributesFile = /dev/null
\texcludesFile = /dev/null
\tautocrlf = false
\tsafecrlf = false
\tquotePath = false
\tcommitGraph = false
\tmultiPackIndex = false
\tlogAllRefUpdates = false
\twarnAmbiguousRefs = false
\tlooseCompression = 0
\tfsync = none
\taskPass = /bin/false
[protocol]
\tallow = never
[gc]
\tauto = 0
[maintenance]
\tauto = false
[submodule]
\trecurse = false
[log]
\tmailmap = false
\tshowSignature = false
[extensions]
{extensions}"""


class GitUnusable(Unavailable):
    """There is git here and it cannot be asked. `reason` is one line: what is wrong, and what would mend it."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a working tree and its git directories are; `common` differs from `own` in a linked worktree."""

    top: Path
    own: Path
    common: Path


@dataclass(frozen=True, slots=True)
class PrivateDir:
    """A git directory of ours that reads the objects of theirs. `head_ref` is the ref that HEAD names, if it does."""

    path: Path
    algorithm: str  # sha1 or sha256
    filemode: bool  # whether the executable bit means anything here
    shallow: bool
    head_ref: str | None

    @property
    def index(self) -> Path:
        """The copy of their index."""
        return self.path / "index"

    @property
    def store(self) -> Path:
        """Objects that we make. Written without sight of theirs: git would touch the time stamps of equal ones."""
        return self.path / "made"

    def digest(self) -> str:
        """What all names mean (HEAD, refs, where history is cut off, what is excluded), and how the repository is read."""
        digest = hashlib.sha256()
        files = [self.path / name for name in ("HEAD", "packed-refs", "shallow", "config", "info/exclude")]
        for folder, _, names in sorted(os.walk(self.path / "refs")):
            files += [Path(folder, name) for name in sorted(names)]
        for file in files:
            data = read(file, 256 * _MIB)
            digest.update(
                f"{file.relative_to(self.path)} {-1 if data is None else len(data)}\0".encode("utf-8", "replace")
            )
            digest.update(data or b"")
        return digest.hexdigest()

    def has_ref(self, name: str) -> bool:
        """Whether the repo names something by this ref, sound or not."""
        packed = read(self.path / "packed-refs", 256 * _MIB) or b""
        return (self.path / name).is_file() or b" " + os.fsencode(name) + b"\n" in packed


def locate(start: Path) -> Location | None:
    """The innermost working tree that `start` is in, None outside git. GitUnusable: bare, or not as git writes it."""
    device = start.stat().st_dev
    for folder in (start, *start.parents):
        if folder.stat().st_dev != device:
            return None
        marker = folder / ".git"
        if os.path.lexists(marker):
            own = _git_directory(marker)
            return Location(folder, own, _common(own))
        if all(os.path.isdir(folder / name) for name in ("objects", "refs")) and os.path.isfile(folder / "HEAD"):
            raise GitUnusable(f"{folder} is a bare repository: there is no working tree; audit a clone of it")
    return None


def build(where: Location, into: Path) -> PrivateDir:
    """Fill the empty folder `into`: names (HEAD, refs, index, shallow, excludes) are copied, objects pointed at."""
    settings = _settings(where)
    for name in ("objects/info", "made", "refs", "info", "home"):
        (into / name).mkdir(parents=True)
    head = read(where.own / "HEAD", 4 * _KIB)
    if head is None:
        raise GitUnusable(f"{where.own} has no HEAD; restore it or clone again")
    (into / "HEAD").write_bytes(head)
    _copy_refs(where.common / "refs", into / "refs")
    copy(where.common / "packed-refs", into / "packed-refs", 256 * _MIB)
    copy(where.own / "index", into / "index", 512 * _MIB)
    for shared in sorted(where.own.glob("sharedindex.*"))[-8:]:
        copy(shared, into / shared.name, 512 * _MIB)
    copy(where.common / "info" / "exclude", into / "info" / "exclude", _MIB)
    (into / "info" / "attributes").write_text(_ATTRIBUTES, "utf-8")
    shallow = copy(where.common / "shallow", into / "shallow", 16 * _MIB)
    sha256 = settings.get("extensions.objectformat") == "sha256"
    filemode = _is_true(settings.get("core.filemode", "true"))
    (into / "config").write_text(
        _CONFIG.format(
            version=int(sha256), filemode=str(filemode).lower(), extensions="\tobjectformat = sha256\n" * sha256
        ),
        "utf-8",
    )
    if not (where.common / "objects").is_dir():
        raise GitUnusable(f"{where.common / 'objects'} is missing; restore it or clone again")
    stores = [into / "made", where.common / "objects"]
    (into / "objects" / "info" / "alternates").write_bytes(b"".join(map(_alternate_line, stores)))
    named = re.fullmatch(rb"ref: *(refs/\S+)\n*", head)
    return PrivateDir(
        path=into,
        algorithm="sha256" if sha256 else "sha1",
        filemode=filemode,
        shallow=shallow and (into / "shallow").stat().st_size > 0,
        head_ref=named[1].decode("utf-8", "surrogateescape") if named else None,
    )


def read(path: Path, limit: int) -> bytes | None:
    """A regular file of at most `limit` bytes, None when there is none. GitUnusable for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as refused:
        raise GitUnusable(f"cannot read {path}: {refused.strerror}") from None
    with open(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise GitUnusable(f"{path} is not a regular file; git never makes it one")
        if seen.st_size > limit:
            raise GitUnusable(f"{path} is larger than {limit // _KIB} KiB; run git pack-refs or git gc, or clone again")
        return file.read(limit)


def copy(source: Path, target: Path, limit: int) -> bool:
    """Copy a regular file of at most `limit` bytes; False when there is none."""
    data = read(source, limit)
    if data is None:
        return False
    target.write_bytes(data)
    return True


def _git_directory(marker: Path) -> Path:
    if marker.is_dir():
        return marker.resolve()
    pointer = read(marker, 4 * _KIB)
    if pointer is None or not pointer.startswith(b"gitdir: "):
        raise GitUnusable(f"{marker} is neither a git directory nor a pointer to one")
    target = (marker.parent / os.fsdecode(pointer[8:].rstrip(b"\r\n"))).resolve()
    if not target.is_dir():
        raise GitUnusable(f"{marker} points to {target}, which is not there; run git worktree repair, or clone again")
    return target


def _common(own: Path) -> Path:
    pointer = read(own / "commondir", 4 * _KIB)
    return own if pointer is None else (own / os.fsdecode(pointer.rstrip(b"\r\n"))).resolve()


def _settings(where: Location) -> dict[str, str]:
    """What the repo's own configuration says about its format; GitUnusable for a format that we cannot read."""
    settings: dict[str, str] = {}
    for name in ("config", "config.worktree"):
        settings |= parse_config((read(where.common / name, _MIB) or b"").decode("utf-8", "surrogateescape"))
    if where.own == where.common and _is_true(settings.get("core.bare", "false")):
        raise GitUnusable(f"{where.own} is a bare repository: there is no working tree; audit a clone or a worktree")
    if settings.get("core.repositoryformatversion", "0") not in ("0", "1"):
        raise GitUnusable(f"{where.common} has a repository format newer than 1, which is not supported")
    if settings.get("extensions.refstorage", "files") != "files" or (where.common / "reftable").is_dir():
        raise GitUnusable(
            "refs are kept in a reftable, which is not supported; run git refs migrate --ref-format=files"
        )
    extensions = {key.removeprefix("extensions.") for key in settings if key.startswith("extensions.")}
    if settings.get("core.repositoryformatversion") == "1" and (unknown := sorted(extensions - _EXTENSIONS)):
        raise GitUnusable(f"{where.common} uses the repository extension {unknown[0]}, which is not supported")
    if settings.get("extensions.objectformat", "sha1") not in ("sha1", "sha256"):
        raise GitUnusable(f"object format {settings['extensions.objectformat']} is not supported")
    return settings


def parse_config(text: str) -> dict[str, str]:
    """`section.key` to value, the last one wins; sections with a subsection and includes are passed over.

    The grammar is git-config's: any case, `#` and `;` comments, quotes, a key without a value means true.
    """
    settings: dict[str, str] = {}
    section = ""
    for line in re.sub(r"\\\r?\n", "", text).split("\n"):
        rest = line[:_LONGEST_LINE].strip()
        if header := re.match(r'\[\s*([-.A-Za-z0-9]+)(\s+"(?:[^"\\]|\\.)*")?\s*\]', rest):
            section = "" if header[2] else header[1].lower()
            rest = rest[header.end() :].lstrip()
        if section and (pair := re.match(r"([A-Za-z][-A-Za-z0-9]*)\s*(=?)(.*)$", rest)):
            value = re.sub(r'("(?:[^"\\]|\\.)*")|[#;].*$', lambda found: found[1] or "", pair[3]).strip()
            settings[f"{section}.{pair[1].lower()}"] = value.replace('"', "") if pair[2] else "true"
    return settings


def _is_true(value: str) -> bool:
    return value.lower() in ("true", "yes", "on") or (
        re.fullmatch(r"[+-]?[0-9]{1,9}", value) is not None and int(value) != 0
    )


def _copy_refs(source: Path, target: Path) -> None:
    """Loose refs, as they stand. Replacements stay behind: they would show other content under an honest id."""
    if not source.is_dir():
        raise GitUnusable(f"{source} is missing; restore it or clone again")
    found = 0
    for folder, names, files in os.walk(source, onerror=_refuse):
        below = Path(folder).relative_to(source)
        if below == Path():
            names[:] = [name for name in names if name != "replace"]
        (target / below).mkdir(exist_ok=True)
        found += len(names) + len(files)
        if found > _MOST_REFS:
            raise GitUnusable(f"more than {_MOST_REFS} loose refs; run git pack-refs --all")
        for name in files:
            if not name.endswith(".lock"):
                copy(Path(folder, name), target / below / name, 4 * _KIB)


def _refuse(failed: OSError) -> NoReturn:
    raise GitUnusable(f"cannot read {failed.filename}: {failed.strerror}")


def _alternate_line(store: Path) -> bytes:
    path = os.fsencode(store)
    if b"\n" in path:
        path = b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
    return path + b"\n"


def remove(path: Path) -> None:
    """Take a private git directory away, whatever is left of it."""
    shutil.rmtree(path, ignore_errors=True)
