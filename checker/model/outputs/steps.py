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
_NAMES = {
    "lint": r"lint(?:er|ing)?|eslint|ruff|flake8|biome",
    "build": r"build",
    "typecheck": r"type-?checks?|types|mypy|tsc|pyright",
    "test": r"tests?|pytest|vitest|jest",
}
_STEP = "|".join(f"(?P<{name}>{words})" for name, words in _NAMES.items() if name != "test")
_ANY = "|".join(_NAMES.values())
_GREEN = (
    r"(?:clean|green|pass(?:es|ed|ing)?|ok|succeed(?:s|ed)|successful|exit(?:ed|s)? 0"
    r"|(?:no|zero|without) (?:errors?|issues?|problems?|complaints?|findings?|warnings?|violations?)|nothing to complain"
    r"|grün|✅|✔|✓|🟢)(?!\w)"
)
_SAID_GREEN = (
    re.compile(
        rf"(?i)(?<!docker )\b(?:{_STEP})(?: (?:-{{0,2}}strict|is|are|was|were|check|step|job|run|now|all"
        rf"|c[ao]mes? back|finished|found|had|has|shows?|reports?|raised|exited|runs?|with))*[:\s|*_=>(→—–-]{{1,7}}{_GREEN}"
    ),
    re.compile(
        rf"(?i)(?:✅|✔|🟢|\[x\])[\s|*_]{{0,4}}(?:{_STEP})(?: (?:check|step|job|run))?(?=\s*(?:$|[,;|(.)]| {_GREEN}))"
    ),
    re.compile(
        r"(?i)\b(?:no|zero|0) (?:(?P<lint>lint(?:er|ing)?)|(?P<build>build|compile)|(?P<typecheck>types?|typing|mypy))"
        r"[ -](?:errors?|problems?|issues?|warnings?|findings?)\b"
    ),
)
_LISTED = re.compile(
    rf"(?i)(?<!docker )\b(?:{_ANY})\b(?:\s*(?:,|/|&|\+|\band\b|\bund\b)\s*(?:and )?(?:the )?(?:{_ANY})\b){{1,4}}"
    rf"(?: (?:are|were|is|all|both|now|sind))*[:\s|*_=>→—–-]{{1,5}}{_GREEN}"
)


_UNTRUE = re.compile(
    r"(?i)[:=|;] ?\W{0,3}(?:fail(?:s|ed)?|no|false|open|todo|pending|n/?a|red|unknown|skipped)\W*$|❌\W*$|\[ \]"
)


def said_green(line: str) -> Iterator[tuple[str, str]]:
    """The steps that a line calls green in one list, or beside their name, each with the words that do."""
    if _UNTRUE.search(line):
        return
    told: dict[str, str] = {}
    for listed in _LISTED.finditer(line):
        for name, words in _NAMES.items():
            if re.search(rf"(?i)\b(?:{words})\b", listed.group()):
                told.setdefault(name, listed.group())
    for found in (one for pattern in _SAID_GREEN for one in pattern.finditer(line)):
        if found.lastgroup:
            told.setdefault(found.lastgroup, found.group())
    yield from ((name, " ".join(re.sub(r"[|*_]+", " ", words).split())) for name, words in told.items())
