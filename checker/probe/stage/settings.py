"""The only place that gives the app values for the settings that it requires and nobody has given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checker.model.database_names import part_of

_ABSENT = (
    re.compile(r"(?m)^(\w+)\n\s+(?:Field required \[type=missing|field required \(type=value_error\.missing)"),
    re.compile(r"KeyError: '([A-Z][A-Z0-9_]+)'"),
    re.compile(
        r"(?i:environment variable|env var|setting|config) [`'\"]?([A-Z][A-Z0-9_]+)[`'\"]? (?:is )?(?:not set|required|missing)"
    ),
    re.compile(r"[`'\"]?\b([A-Z][A-Z0-9_]{3,})[`'\"]? (?:is not set|is required|must be set|environment variable)"),
    re.compile(r"Config '([A-Z][A-Z0-9_]+)' is missing"),  # starlette.config
    re.compile(r"UndefinedValueError: ([A-Z][A-Z0-9_]+) not found"),  # python-decouple
    re.compile(r'(?:EnvError|EnvValidationError|ImproperlyConfigured): .*?"?([A-Z][A-Z0-9_]{3,})"?'),
    re.compile(r"Missing (?:required )?(?:environment variable|env var)s?:? [`'\"]?([A-Z][A-Z0-9_]+)"),
)
_UNMET = re.compile(r"\d+ validation errors? for (\w+)")
_WRONG_DRIVER = re.compile(
    r"asyncio extension requires an async driver|invalid DSN|scheme is expected to be either|"
    r"Can't load plugin: sqlalchemy\.dialects|No module named '(?:psycopg2?|asyncpg|aiosqlite|pg8000|MySQLdb)'|"
    r"MissingGreenlet|greenlet_spawn has not been called|Invalid or unsupported (?:URL )?scheme|"
    r"invalid connection option|missing \"=\" after"
)
_PLACEHOLDER = re.compile(r"[<>]|(?i:change.?me|your[_-])")
_BY_NAME = (
    (re.compile(r"REDIS.*(?:URL|URI|DSN)|(?:CELERY|BROKER|CACHE).*(?:URL|URI)"), "redis://127.0.0.1:9/0"),
    (re.compile(r"AMQP|RABBIT.*(?:URL|URI)"), "amqp://127.0.0.1:9/"),
    (re.compile(r"URL|URI|ENDPOINT|DSN|ISSUER|ORIGIN"), "http://127.0.0.1:9/"),
    (re.compile(r"HOST(?:NAME)?$|SERVER$"), "127.0.0.1"),
    (re.compile(r"PORT$"), "9"),
    (re.compile(r"SECONDS|SECS|MINUTES|HOURS|TTL|TIMEOUT|LIMIT|SIZE|COUNT|DAYS|EXPIR|NUM_"), "60"),
    (re.compile(r"EMAIL|MAIL_FROM|MAIL_SENDER"), "nobody@example.com"),
    (re.compile(r"ALGORITHM$"), "HS256"),
    (re.compile(r"(?:^|_)(?:ENABLED?|DEBUG|USE|IS)(?:_|$)"), "false"),
)
_BY_TYPE = (
    (re.compile(r"Postgres\w*Dsn"), ""),
    (re.compile(r"RedisDsn"), "redis://127.0.0.1:9/0"),
    (re.compile(r"AmqpDsn"), "amqp://127.0.0.1:9/"),
    (re.compile(r"EmailStr|NameEmail"), "nobody@example.com"),
    (re.compile(r"(?:Any|Http)\w*Url"), "http://127.0.0.1:9/"),
    (re.compile(r"\b[Bb]ool\b"), "false"),
    (re.compile(r"\b(?:int|float|Decimal|PositiveInt|timedelta)\b"), "60"),
    (re.compile(r"(?i)^(?:typing\.)?(?:list|set|tuple|sequence|frozenset)\b"), "[]"),
    (re.compile(r"(?i)^(?:typing\.)?(?:dict|mapping)\b"), "{}"),
)
_SCHEMES = {
    "postgresql": (
        "postgresql",
        "postgresql+asyncpg",
        "postgresql+psycopg",
        "postgresql+psycopg2",
        "postgresql+pg8000",
    ),
    "sqlite": ("sqlite", "sqlite+aiosqlite"),
}


def missing(said: str, described: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The settings that the app says it misses, each with the type that its project declares, as far as either is told.

    `described` are the fields of the project's settings classes as its own interpreter has them.
    """
    unmet = set(_UNMET.findall(said))
    for row in described:
        if row.get("required") and row.get("of") in unmet:
            yield str(row["env"]), str(row.get("choice") or row.get("type") or "")
    if not any(row.get("of") in unmet for row in described):
        yield from ((found.upper(), "") for found in _ABSENT[0].findall(said))
    named = dict.fromkeys(found for pattern in _ABSENT[1:] for found in pattern.findall(said))
    yield from ((found, "") for found in named)


def dummy(name: str, examples: Mapping[str, str], kind: str = "") -> str:
    """A value for a required setting: the project's own example, else one that fits name and type and leads nowhere."""
    given = examples.get(name, "") or examples.get(name.upper(), "")
    if given and not _PLACEHOLDER.search(given):
        return given
    if kind.startswith("="):
        return kind[1:]
    for pattern, value in _BY_TYPE:
        if kind and value and pattern.search(kind):
            return value
    for pattern, value in _BY_NAME:
        if pattern.search(name.upper()):
            return value
    return f"dummy-{name.lower()}-for-the-rehearsal-only-0123456789"


def described_names(described: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Of a project's settings those that are about a database, with the URL that is their default."""
    found = {}
    for row in described:
        default = str(row.get("default") or "")
        if part_of(str(row["env"])) or "Postgres" in str(row.get("type")):
            found[str(row["env"])] = default if "://" in default else ""
    return found


def schemes(engine: str, shown: Sequence[str], drivers: Sequence[str]) -> list[str]:
    """The schemes of URL to try, the ones that the project shows first, and none whose driver is not installed."""
    family = "postgres" if engine == "postgresql" else "sqlite"
    known = [one.lower() for one in shown if one.lower().startswith(family)]
    tried = dict.fromkeys((*known, *_SCHEMES[engine]))
    kept = [one for one in tried if "+" not in one or not drivers or one.partition("+")[2] in drivers]
    return kept or list(tried)


def wants_another_driver(said: str) -> bool:
    """Whether the app could not do with the scheme of the database's URL."""
    return _WRONG_DRIVER.search(said) is not None
