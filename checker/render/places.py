"""The only place that writes down where a finding is: for a person, for a code host, and as a URI."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from checker.model.finding import Where
from checker.model.report import Report
from checker.render.visible import visible


def place(where: Where) -> str:
    """`path:lines`, or the path alone where the lines are unknown."""
    return visible(f"{where.path}:{where.lines}" if where.lines else where.path)


def spot(where: Where) -> str:
    """The place in words: a finding about everything is in the whole tree."""
    return "the whole tree" if where.path in ("", ".") and not where.lines else place(where)


def places(also: Sequence[Where], most: int) -> str:
    """How many more places there are, and the first `most` of them."""
    names = ", ".join(place(where) for where in also[:most])
    left = f", and {len(also) - most} more" if len(also) > most else ""
    return f"{len(also)} more {'place' if len(also) == 1 else 'places'}: {names}{left}"


def in_repository(report: Report, path: str) -> str | None:
    """The path as a code host knows it, from the repository's root; None for a finding about the whole tree.

    A report's paths start at the audited root, which `subject.path` may say to be a folder of the repository.
    """
    if path in ("", "."):
        return None
    root = report.subject.path.strip("/")
    outside = report.subject.path.startswith(("/", "..")) or ":" in root or "\\" in root
    return path if outside or root in ("", ".") else f"{root.removeprefix('./')}/{path}"


def uri(path: str) -> str:
    """A relative URI reference (RFC 3986) of a path; bytes that are not UTF-8 are encoded as they stand on the disk."""
    try:
        encoded = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    except UnicodeEncodeError:
        encoded = quote(visible(path), safe="/")
    return f".{encoded}" if encoded.startswith("/") else encoded
