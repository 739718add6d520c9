"""The only place that holds every quoted clause against the documents themselves, which stay outside the project."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

STANDARDS = Path(__file__).resolve().parents[1] / "rules" / "standards"
NUMBERED = {  # name -> (first part of its ids, how many clauses it has)
    "agent-2": ("0", 46),
    "backend-developer": ("1", 48),
    "backend-engineer": ("2", 45),
    "backend-coder": ("3", 40),
    "backend-agent": ("4", 21),
}
COMMON = "common"
ELLIPSIS = " … "
MOST_WORDS = 25
MOST_SNIPPETS = 3
FEWEST_ORIGINS = 2


@dataclass(frozen=True, slots=True)
class Clause:
    """What this script needs of a [[clause]] block; origins is its `from`, in common alone."""

    id: str
    quote: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standard:
    """One file of rules/standards/, with the text of its document (None: not at hand)."""

    name: str
    sha256: str
    clauses: tuple[Clause, ...]
    text: str | None


def flat(text: str) -> str:
    """The text with every run of white space made one space."""
    return " ".join(text.split())


def documents(folder: Path) -> dict[str, str]:
    """SHA-256 -> flattened text of every file directly in the folder; names do not matter."""
    found = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        content = path.read_bytes()
        found[hashlib.sha256(content).hexdigest()] = flat(content.decode("utf-8", errors="replace"))
    return found


def load(texts: dict[str, str]) -> Iterator[Standard]:
    for name in (*NUMBERED, COMMON):
        raw = tomllib.loads((STANDARDS / f"{name}.toml").read_text(encoding="utf-8"))
        sha256 = raw.get("sha256", "")
        clauses = tuple(Clause(c["id"], c["quote"], tuple(c.get("from", ()))) for c in raw["clause"])
        yield Standard(raw["name"], sha256, clauses, texts.get(sha256))


def bad_ids(standard: Standard) -> Iterator[str]:
    prefix, count = NUMBERED.get(standard.name, ("c", len(standard.clauses)))
    seen = [clause.id for clause in standard.clauses]
    wanted = [f"{prefix}.{number}" for number in range(1, count + 1)]
    for place, (have, want) in enumerate(zip(seen, wanted, strict=False), 1):
        if have != want:
            yield f"{standard.name}: clause {place} is {have}, expected {want}"
            return
    if len(seen) != len(wanted):
        yield f"{standard.name}: {len(seen)} clauses, expected {len(wanted)}"


def bad_quote(label: str, quote: str, texts: Iterable[str]) -> Iterator[str]:
    """Problems of one quote; all its snippets must stand in one and the same of the texts."""
    snippets = [flat(part) for part in quote.split(ELLIPSIS)]
    words = sum(len(part.split()) for part in snippets)
    if not all(snippets):
        yield f"{label}: empty quote or snippet"
        return
    if words > MOST_WORDS:
        yield f"{label}: quote has {words} words, at most {MOST_WORDS}"
    if len(snippets) > MOST_SNIPPETS:
        yield f"{label}: quote joins {len(snippets)} snippets, at most {MOST_SNIPPETS}"
    missing = [[part for part in snippets if part not in text] for text in texts]
    if missing and all(missing):
        yield f"{label}: not in the document: {min(missing, key=len)[0]!r}"


def bad_standard(standard: Standard) -> Iterator[str]:
    if standard.text is None:
        yield f"{standard.name}: no document with sha256 {standard.sha256 or '(none)'}"
    texts = [standard.text] if standard.text is not None else []
    for clause in standard.clauses:
        yield from bad_quote(f"{standard.name} {clause.id}", clause.quote, texts)


def bad_common(common: Standard, numbered: list[Standard]) -> Iterator[str]:
    """Each entry comes from clauses that exist in two or more standards, and quotes the document of one of them."""
    owner = {clause.id: standard for standard in numbered for clause in standard.clauses}
    if common.sha256:
        yield f"{COMMON}: has a sha256, but no document of its own"
    for clause in common.clauses:
        label = f"{COMMON} {clause.id}"
        for unknown in (origin for origin in clause.origins if origin not in owner):
            yield f"{label}: comes from {unknown}, which no standard has"
        sources = {owner[origin].name: owner[origin].text for origin in clause.origins if origin in owner}
        if len(sources) < FEWEST_ORIGINS:
            yield f"{label}: comes from {len(sources)} standard, at least {FEWEST_ORIGINS}"
        texts = [text for text in sources.values() if text is not None]
        # A document that is not at hand is one problem already, and the quote may stand in just that one.
        yield from bad_quote(label, clause.quote, texts if len(texts) == len(sources) else [])


def main(arguments: list[str]) -> int:
    """Print a line per problem and a count; 0 clean, 1 problems, 2 wrong usage."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python tests/check_quotes.py DIR   (the folder that holds the five documents)", file=sys.stderr)
        return 2
    *numbered, common = load(documents(Path(arguments[0])))
    problems = [line for standard in (*numbered, common) for line in bad_ids(standard)]
    problems += [line for standard in numbered for line in bad_standard(standard)]
    problems += bad_common(common, numbered)
    for line in problems:
        print(line)
    clauses = sum(len(standard.clauses) for standard in numbered)
    print(f"{clauses} clauses and {len(common.clauses)} common ones looked at, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
