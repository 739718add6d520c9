"""The steps of a verification: how a command, a proof type and a field of a hand-off tell which one they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator

STEPS = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "typecheck": r"\btype-?check|\btsc\b(?!.*\bbuild)|\bmypy\b|\bpyright\b|\btypes?\b",
        "lint": r"\blint|\beslint\b|\bruff\b|\bflake8\b|\bbiome\b",
        "build": r"\bbuild\b|\bcompile",
        "test": r"\btests?\b|\bpytest\b|\bvitest\b|\bjest\b|\bunittest\b",
        "prisma validate": r"\bprisma[\s_-]+validate\b",
        "alembic check": r"\balembic[\s_-]+check\b",
    }.items()
}
FIELDS = {
    "typecheck": ("typecheck", "types", "type_check", "mypy"),
    "lint": ("lint", "lints", "ruff", "eslint"),
    "build": ("build", "builds"),
    "test": ("test", "tests", "pytest"),
    "prisma validate": ("prisma_validate", "prisma"),
    "alembic check": ("alembic_check", "alembic", "migrations_check"),
}
_SAID_GREEN = re.compile(
    r"(?i)(?<!docker )\b(?:(?P<lint>lint(?:er|ing)?|eslint|ruff)|(?P<build>build)|(?P<typecheck>type-?checks?|types|mypy))"
    r"(?: (?:is|are|check|step|now|all))*[: ]{1,2}(?:clean|green|pass(?:es|ed)?|ok|succeed(?:s|ed)|exit(?:ed|s)? 0|✅)(?!\w)"
)


def said_green(line: str) -> Iterator[tuple[str, str]]:
    """The steps that a line calls green right behind their name, each with the words that do."""
    for found in _SAID_GREEN.finditer(line):
        if found.lastgroup:
            yield found.lastgroup, found.group()
