"""The only place that parses what git prints; every form is the NUL-separated one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from checker.model.git import GITLINK, SYMLINK, Change, Commit, TrackedEntry
from checker.probe.git_dir import GitUnusable

LOG_FORMAT = "tformat:%H%x00%P%x00%an%x00%ae%x00%ct%x00%s%x00%(trailers)%x00%at"
_LOG_FIELDS = LOG_FORMAT.count("%x00") + 1
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_NO_LINES = {GITLINK, SYMLINK}

Ranges = tuple[tuple[int, int], ...]


def name(raw: bytes) -> str:
    """A path as text; bytes that are not UTF-8 become surrogate escapes."""
    return raw.decode("utf-8", "surrogateescape")


def raw(path: str) -> bytes:
    """The bytes of a path, whatever the locale says."""
    return path.encode("utf-8", "surrogateescape")


def names(output: bytes) -> list[str]:
    """Paths of `-z` output."""
    return [name(one) for one in output.split(b"\0") if one]


def index_entries(output: bytes) -> list[TrackedEntry]:
    """Entries of `ls-files --stage -z`."""
    entries = []
    for line in output.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, blob, stage = facts.decode("ascii").split(" ")
        entries.append(TrackedEntry(name(path), mode, blob, int(stage)))
    return entries


def tree_entries(output: bytes) -> list[TrackedEntry]:
    """Entries of `ls-tree -r -z`."""
    entries = []
    for line in output.split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, _, blob = facts.decode("ascii").split(" ")
        entries.append(TrackedEntry(name(path), mode, blob))
    return entries


def index_lines(entries: Iterator[TrackedEntry]) -> bytes:
    """The input of `update-index -z --index-info` that makes an index of these entries."""
    return b"".join(f"{entry.mode} {entry.blob}\t".encode() + raw(entry.path) + b"\0" for entry in entries)


@dataclass(frozen=True, slots=True)
class _Pair:
    status: str
    mode: str
    path: str
    old_path: str | None


def changes(output: bytes) -> list[Change]:
    """Changes of `diff-tree -r -z --raw -p -U0`: the raw part names them, the patch has the lines."""
    pairs, patch = _pairs(output)
    sections = _sections(patch)
    found = []
    for pair in pairs:
        ranges = next(sections, None)
        if pair.status == "T":
            ranges = next(sections, None)
        if ranges is None:
            raise GitUnusable(f"git diff-tree printed no patch for {pair.path!r}")
        found.append(Change(pair.status, pair.path, pair.old_path, () if pair.mode in _NO_LINES else ranges))
    if next(sections, None) is not None:
        raise GitUnusable("git diff-tree printed a patch for a file that it did not list")
    return found


def _pairs(output: bytes) -> tuple[list[_Pair], bytes]:
    pairs = []
    at = 0

    def token() -> bytes:
        nonlocal at
        start, at = at, output.index(b"\0", at) + 1
        return output[start : at - 1]

    while output[at : at + 1] == b":":
        facts = token().decode("ascii").split(" ")
        status = facts[4][0]
        old_path = name(token()) if status in "RC" else None
        pairs.append(_Pair(status, facts[1], name(token()), old_path))
    return pairs, output[at + 1 :]


def _sections(patch: bytes) -> Iterator[Ranges]:
    """Added line ranges, one tuple for every `diff --git`. Lines of content never begin as headers do."""
    ranges: list[tuple[int, int]] | None = None
    for line in patch.split(b"\n"):
        if line.startswith(b"diff --git "):
            if ranges is not None:
                yield tuple(ranges)
            ranges = []
        elif ranges is not None and (hunk := _HUNK.match(line)):
            first, added = int(hunk[1]), int(hunk[2] or b"1")
            if added:
                ranges.append((first, first + added - 1))
    if ranges is not None:
        yield tuple(ranges)


def commits(output: bytes, prefix: str) -> list[Commit]:
    """Commits of `log -z -c --raw --no-renames` in LOG_FORMAT; every path begins with `prefix`, which is cut off."""
    tokens = output.split(b"\0")
    found = []
    at = 0
    while at + _LOG_FIELDS <= len(tokens):
        fields, at = tokens[at : at + _LOG_FIELDS], at + _LOG_FIELDS
        paths = []
        while at < len(tokens) and tokens[at].lstrip(b"\n")[:1] in (b"", b":"):
            if tokens[at].strip(b"\n"):
                paths.append(name(tokens[at + 1]))
                at += 1
            at += 1
        found.append(_commit(fields, tuple(path[len(prefix) :] for path in paths)))
    return found


def _commit(fields: list[bytes], paths: tuple[str, ...]) -> Commit:
    identity, parents, author, email, seconds, subject, trailers, begun = (
        field.decode("utf-8", "replace") for field in fields
    )
    if not re.fullmatch(r"[0-9a-f]{40,64}", identity):
        raise GitUnusable("git log printed something that is not a commit")
    committed = moment(identity, seconds).strftime(_TIME)
    try:
        authored = moment(identity, begun).strftime(_TIME)
    except GitUnusable:  # whoever writes a commit says that time, and no order of the history rests on it
        authored = ""
    return Commit(
        identity, tuple(parents.split()), author, email, committed, subject, trailers.strip(), paths, authored
    )


def moment(identity: str, seconds: str) -> datetime:
    """A committer's time, in seconds since 1970. GitUnusable for one that no calendar holds."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise GitUnusable(f"commit {identity} has a committer time that no calendar holds") from None
