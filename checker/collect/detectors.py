"""The only place that calls the secret detectors: in our process, offline, and nothing but the detecting half of their library."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Protocol

import tomli

from checker import resources
from checker.model import secret_traits
from checker.model.redaction import mark, shown
from checker.model.repo import Role
from checker.model.secret_traits import assigned_traits, connection_traits, header_traits, token_traits
from checker.model.secrets import Tier, Token, Traits
from checker.model.unavailable import GAVE_UP, Unavailable

LONGEST_SCAN = 60.0  # seconds for one content
MOST_MEMBERS = 10_000
MOST_UNPACKED = 64 << 20  # bytes
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".gz", ".whl", ".jar")
_OWN = "checker"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_BESIDE_A_NAME = re.compile(r"\[ ?\\t\\w\.-\]\{0,|\(\?:\[\\w\.-\]\{0,\d+\?\}|\.\|\[\\n\\r\]")
_CONFIGURATION = re.compile(
    r"(?:.*/)?(?:\.env[\w.\-]*|[^/]*\.env|dockerfile[\w.\-]*|\.npmrc|\.netrc|\.pypirc|"
    r"[^/]+\.(?:ya?ml|ini|properties|toml|cfg|conf|sh|bash|tf|tfvars|service|envrc|config))",
    re.IGNORECASE,
)


class Found(Protocol):
    """What the library says of one match."""

    @property
    def rule_id(self) -> str: ...
    @property
    def secret(self) -> str: ...
    @property
    def visible(self) -> bool: ...
    @property
    def location(self) -> dict[str, int]: ...
    @property
    def captures(self) -> dict[str, str]: ...


class Engine(Protocol):
    """The part of the library's scanner that is used."""

    def scan(self, data: bytes, *, timeout: float | None = None) -> Iterable[Found]: ...


@dataclass(frozen=True)
class Judging:
    """How `rules/secrets/judging.toml` sorts the detectors' kinds."""

    public: tuple[str, ...]
    superseded: tuple[str, ...]
    secret: tuple[str, ...]
    weak: tuple[str, ...]
    documented: frozenset[str]

    def ignores(self, kind: str) -> bool:
        """Whether a kind is no secret, or is detected by us as well."""
        return not _any(self.secret, kind) and _any((*self.public, *self.superseded), kind)

    def is_weak(self, kind: str) -> bool:
        return _any(self.weak, kind)

    def is_documented(self, value: str) -> bool:
        """Whether a provider prints the value in its own documentation."""
        return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest() in self.documented


class Detectors:
    """The built-in detectors and ours, compiled."""

    def __init__(self, engine: Engine, forms: Mapping[str, Tier], judging: Judging) -> None:
        self._engine = engine
        self._tiers = forms
        self.judging = judging

    def tokens(self, path: str, role: Role, data: bytes, where: str = "") -> Iterator[Token]:
        """What stands in one content, each stretch of it named once, by its surest detector. Unavailable: it took too long."""
        if data.startswith(_WIDE) and b"\0" not in data:
            data = b"  " + data[2:]  # a mark of UTF-16 before what is none would hide all of it
        try:
            matches = [one for one in self._engine.scan(data, timeout=LONGEST_SCAN) if one.visible]
        except (TimeoutError, RuntimeError):
            raise Unavailable(f"{path} could not be scanned within {LONGEST_SCAN:g} seconds: {GAVE_UP}") from None
        taken: list[tuple[int, int]] = []
        for found in sorted(matches, key=self._surest_first):
            start, end = found.location["start_offset"], found.location["end_offset"]
            if any(start < last and first < end for first, last in taken):
                continue
            token = self._token(found, path, role, where)
            if token is not None and not (token.tier is Tier.STRUCTURED and _inside_a_word(data, start)):
                taken.append((start, end))
                yield token

    def stretches(self, path: str, data: bytes) -> Iterator[tuple[int, int, str]]:
        """Whatever may be a secret, for taking it out of a text: first byte, the byte after the last, and the value.

        Judged less finely than `tokens`, identifiers included: a doubt keeps a value only where a bare name alone speaks for it.
        Unavailable: it took too long.
        """
        try:
            matches = list(self._engine.scan(data, timeout=LONGEST_SCAN))
        except (TimeoutError, RuntimeError):
            raise Unavailable(f"{path} could not be scanned within {LONGEST_SCAN:g} seconds: {GAVE_UP}") from None
        for found in matches:
            kind, tier = found.rule_id.partition(".")[2], self._tiers[found.rule_id]
            bare = kind in ("assigned-bare", "assigned-instruction", "assigned-registry")
            if bare and (not is_configuration(path) or self._traits(kind, tier, found.secret, found.captures).doubt):
                continue
            yield found.location["start_offset"], found.location["end_offset"], found.secret

    def _surest_first(self, found: Found) -> tuple[int, bool, int, str]:
        weak = self.judging.is_weak(found.rule_id.partition(".")[2])  # a token in a header is the token, not the header
        return list(Tier).index(self._tiers[found.rule_id]), weak, found.location["start_offset"], found.rule_id

    def _token(self, found: Found, path: str, role: Role, where: str) -> Token | None:
        kind, tier = found.rule_id.partition(".")[2], self._tiers[found.rule_id]
        bare = kind in ("assigned-bare", "assigned-instruction", "assigned-registry")
        if (bare and not is_configuration(path)) or self.judging.ignores(kind):
            return None
        value, name = found.secret, found.captures.get("NAME", "")
        traits = self._traits(kind, tier, value, found.captures)
        structured = tier is not Tier.CONTEXTUAL
        return Token(
            kind=kind,
            tier=tier,
            path=path,
            line=max(1, found.location["line"]),
            role=role,
            name=name,
            shown=shown(value, public_start=4 if tier is Tier.STRUCTURED and not value.startswith("--") else 0),
            mark=mark(value, kind, name, path, random=structured),
            traits=traits,
            weak=self.judging.is_weak(kind) or value.startswith(("sk_test_", "rk_test_")),
            where=where,
        )

    def _traits(self, kind: str, tier: Tier, value: str, captures: Mapping[str, str]) -> Traits:
        if self.judging.is_documented(value):
            return Traits(len(value), 0.0, doubt="printed in its provider's documentation")
        if kind == "connection-string":
            return connection_traits(value, captures.get("USER", ""), captures.get("HOST", ""))
        if kind == "connection-keys":
            return connection_traits(value, "", captures.get("HOST", "").partition(",")[0])
        if kind == "header-basic":
            return header_traits(value)
        return token_traits(value) if tier is not Tier.CONTEXTUAL else assigned_traits(value, captures.get("NAME", ""))


def is_configuration(path: str) -> bool:
    """Whether a bare value beside a name counts as set in this file (or member of an archive)."""
    return _CONFIGURATION.fullmatch(path.rpartition("!")[2]) is not None


def identity() -> str:
    """What the detectors find depends on, for the key of a cache: the library, our rules, and how we judge."""
    digest = hashlib.sha256(version("kingfisher-secret-scanner").encode())
    for name in ("contextual.yml", "judging.toml"):
        digest.update(resources.text("rules", "secrets", name).encode())
    for source in (Path(__file__), Path(secret_traits.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


_BEGUN: list[Thread] = []
_MADE: list[Detectors] = []


def begin() -> None:
    """Compile them in a thread of their own, while others read: the library lets go of the interpreter meanwhile."""

    def compiled() -> None:
        with suppress(Exception):  # who asks for them is told
            _MADE.append(_compiled())

    if not _BEGUN:
        _BEGUN.append(Thread(target=compiled))
        _BEGUN[0].start()


@cache
def detectors() -> Detectors:
    """The detectors, compiled once (and kept compiled between runs, in the library's own cache of rules)."""
    for thread in _BEGUN:
        thread.join()
    return _MADE.pop() if _MADE else _compiled()


def _compiled() -> Detectors:
    from kingfisher_sdk import DetectionPolicy, Rules, Scanner

    own = Path(str(resources.tree("rules") / "secrets" / "contextual.yml"))
    rules = Rules([own], confidence="low")
    policy = DetectionPolicy(inline_ignores=False, markup_context=False)  # no comment of the audited code silences us
    tiers = {one["id"]: _tier(one["id"], rules.detail(one["id"])["pattern"]) for one in rules.metadata()}
    return Detectors(Scanner(rules, policy=policy), tiers, _judging())


def unpacked(path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of an archive by `archive!member`. Unavailable: damaged, or larger than is unpacked."""
    from kingfisher_sdk import ScanInput, expand_archives

    try:
        for one in expand_archives(
            [ScanInput(data=data, path=path)], max_bytes=MOST_UNPACKED, max_entries=MOST_MEMBERS
        ):
            if one.path != path and one.data is not None:
                yield one.path, one.data
    except (RuntimeError, TimeoutError, ValueError, OSError):
        raise Unavailable(f"{path} could not be unpacked; it is damaged, or larger than is unpacked") from None


def _inside_a_word(data: bytes, start: int) -> bool:
    """Whether a match is a stretch of something longer, such as encoded content; an escape (`\\n`) before it is none."""
    before = data[max(0, start - 2) : start]
    return before[-1:].isalnum() and data[start : start + 1].isalnum() and before[:1] != b"\\"


def _tier(kind: str, pattern: str) -> Tier:
    if kind.startswith(_OWN + "."):
        return Tier.STRUCTURED if kind.startswith(f"{_OWN}.token-") else Tier.CONTEXTUAL
    return Tier.KEYWORD if _BESIDE_A_NAME.search(pattern) else Tier.STRUCTURED


def _judging() -> Judging:
    table = tomli.loads(resources.text("rules", "secrets", "judging.toml"))
    documented = frozenset(table.pop("documented"))
    return Judging(**{name: tuple(globs) for name, globs in table.items()}, documented=documented)


def _any(globs: Iterable[str], kind: str) -> bool:
    return any(fnmatchcase(kind, glob) for glob in globs)
