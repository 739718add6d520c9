"""The only place that reads the audited project's tests: of which kind they are, and what they call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.repo import Inventory, Role
from checker.model.suites import Suites
from checker.model.unavailable import Unavailable

LARGEST = 512 << 10  # bytes of one test file
MOST_FILES = 5000
_SOURCE = (".py", ".ts", ".tsx", ".js", ".mjs", ".cjs")
_ELSEWHERE = (".java", ".kt", ".scala", ".go", ".cs", ".rb", ".php", ".rs", ".ex", ".exs", ".swift")
_IS_TEST = re.compile(r"\bdef test_|\bclass Test|\b(?:it|test|describe)\s*(?:\.\w+)*\s*\(|@given\b|@schema\.")
_KINDS = {
    "contract": (
        r"contract|schemathesis|pact|openapi",
        r"schemathesis|openapi|\bpact\b|jest-openapi|Draft20|express-openapi-validator",
    ),
    "e2e": (
        r"e2e|end[_-]to[_-]end|smoke|playwright|cypress|acceptance",
        r"playwright|cypress|uvicorn\.(?:Config|run)|live_server|testcontainers",
    ),
    "integration": (
        r"integration|functional|(?:^|/)api/|routes?",
        r"TestClient|test_client\(|AsyncClient|supertest|app\.inject\(|live_server|testcontainers|create_engine",
    ),
    "migration": (r"migration|alembic", r"\balembic\b|command\.upgrade|migrate\s+(?:deploy|reset)|runMigrations"),
    "property": (r"property|properties|fuzz", r"\bhypothesis\b|fast-check|fc\.assert|jsverify"),
}
_TOPICS = {
    "auth": r"\b40[13]\b|[Uu]nauthori[sz]ed|UNAUTHORIZED|[Ff]orbidden|FORBIDDEN|PermissionDenied",
    "edge": r"\b4(?:00|04|09|22)\b|pytest\.raises|assertRaises|\.toThrow|\.rejects\b|BAD_REQUEST|NOT_FOUND|UNPROCESSABLE",
    "happy": r"\b20[0-4]\b|\.is_success\b|HTTP_20\d|HttpStatus\.(?:OK|CREATED)|\.ok\b",
    "performance": r"(?i)\bbenchmark\b|\blocust\b|\bk6\b|autocannon|perf_counter|performance\.now|\bp9[59]\b"
    r"|assertNumQueries|before_cursor_execute|(?:count|num|number)\w*quer(?:y|ies)",
    "tenancy": r"(?i)(?:other|another|second|foreign|wrong)_?\s?(?:tenant|org|organi[sz]ation|workspace|account|company)"
    r"|cross.?tenant|tenant_?(?:b|2|two)\b",
}
_ASSERTED = {topic: re.compile(pattern) for topic, pattern in _TOPICS.items()}
_COMPILED = {kind: (re.compile(path, re.IGNORECASE), re.compile(text)) for kind, (path, text) in _KINDS.items()}
_ADDRESS = re.compile(r"""(["'`])((?:(?!\1)\S)*?/(?:(?!\1)[^\n])*?)\1""")
_FOLLOWS = re.compile(
    r"""schemathesis|\[\s*["']paths["']\s*\]\s*\.items|Object\.(?:entries|keys)\(\w+\.paths|\.paths\b.*\.items\(\)|jest-openapi"""
)
_FILLED = re.compile(r"\$?\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|%[sd]")


def suites(root: Root, inventory: Inventory) -> Suites:
    """The kinds of every test file, and every address that one writes out."""
    files: dict[str, frozenset[str]] = {}
    addresses: set[str] = set()
    follows = None
    topics: dict[str, str] = {}
    listed = [
        one for one in inventory.files if one.role is Role.TEST and one.path.endswith(_SOURCE) and not one.symlink
    ]
    for file in listed[:MOST_FILES]:
        try:
            text = root.text(file.path, LARGEST).text
        except (Unreadable, Unavailable):
            continue
        addresses |= _addresses(text)
        if not _IS_TEST.search(text):
            continue
        kinds = {kind for kind, (path, inside) in _COMPILED.items() if path.search(file.path) or inside.search(text)}
        files[file.path] = frozenset(kinds if kinds & {"integration", "e2e"} else {*kinds, "unit"})
        for topic, asserted in _ASSERTED.items():
            if topic not in topics and asserted.search(text):
                topics[topic] = file.path
        if follows is None and _FOLLOWS.search(text):
            follows = file.path
    return Suites(files, frozenset(addresses), follows, topics, Counter(_elsewhere(inventory)))


def _elsewhere(inventory: Inventory) -> Iterator[str]:
    for one in inventory.files:
        ending = one.path[one.path.rfind(".") :]
        if one.role is Role.TEST and ending in _ELSEWHERE:
            yield ending


def _addresses(text: str) -> set[str]:
    found = set()
    for match in _ADDRESS.finditer(text):
        address = re.sub(r"^https?://[^/]+", "", match[2]).partition("?")[0]
        found.add(_FILLED.sub("{}", address).rstrip("/") or "/")
    return found
