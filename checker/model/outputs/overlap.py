"""Whether two path globs can name the same file."""

from __future__ import annotations

from functools import lru_cache

from checker.model.globs import covers

LONGEST = 64  # segments of a glob; a longer one is compared by its beginning


def overlap(one: str, other: str) -> bool:
    """Whether some path is covered by both globs; a glob that names a folder names all below it."""
    first, second = (_segments(glob) for glob in (one, other))
    return _meet(first, second)


def _segments(glob: str) -> tuple[str, ...]:
    parts = tuple(part for part in glob.strip().strip("/").split("/") if part not in ("", "."))[:LONGEST]
    return parts if parts and parts[-1] == "**" else (*parts, "**")


def literal(glob: str) -> str:
    """The folders that a glob begins with before anything in it stands for more than itself."""
    parts = _segments(glob)
    plain = next((at for at, part in enumerate(parts) if "*" in part or "?" in part or "[" in part), len(parts))
    return "/".join(parts[:plain])


@lru_cache(maxsize=65536)
def _meet(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    if not first or not second:
        return all(part == "**" for part in (*first, *second))
    if first[0] == "**":
        return _meet(first[1:], second) or _meet(first, second[1:])
    if second[0] == "**":
        return _meet(first, second[1:]) or _meet(first[1:], second)
    return _alike(first[0], second[0]) and _meet(first[1:], second[1:])


@lru_cache(maxsize=65536)
def _alike(one: str, other: str) -> bool:
    """Whether one name can match both segments."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _alike(one[1:], other) or _alike(one, other[1:])
    if other[0] == "*":
        return _alike(one, other[1:]) or _alike(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _alike(one[1:], other[1:])


def inside(path: str, scopes: tuple[str, ...]) -> bool:
    """Whether a scope names a path; `/apps/**` and `apps` are anchored at the root alike."""
    return any(covers(scope.strip().lstrip("/"), path) for scope in scopes)
