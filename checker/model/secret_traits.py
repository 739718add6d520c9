"""The only place that measures a value that may be a secret: checksum, entropy, and what speaks against it."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import re
import string
import zlib

from checker.model.entropy import entropy
from checker.model.secrets import Traits

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECKED = re.compile(r"(?:gh[pousr]|npm)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})")
_MADE_UP = re.compile(
    r"example|change.?me|placeholder|\byour|your[_\-]|dummy|fake|redacted|replace|insert.|x{4}|\*{3}|\.{3}|(.)\1{5}|1234567|"
    r"abcdefg|abc.?123|deadbeef|lorem|foobar|sample|not.?a.?secret|\bmock",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"[<>{}$]|\$\(|%\(|%[sd]\b|process\.env|os\.environ|getenv|secrets?\.|vault:|arn:|ref\+|op://|!ref|=>|::|\\"
)
_CHOSEN = re.compile(
    r"(?:.*[_\-. ])?(?:test(?:s|ing|er|user)?|demo|dev(?:elopment)?|local(?:host|dev)?|unsafe|insecure|invalid|todo|"
    r"none|null|undefined|true|false|required|optional|default|secret|passwor[dt]|passwd|minioadmin)(?:[_\-.! 0-9].*)?",
    re.IGNORECASE,
)
_DEFAULT = frozenset(
    "postgres postgresql password pass passwd pw pwd root user username admin secret test guest mysql redis rabbitmq mongo "
    "minioadmin minio app api db database dev local default token changeme prefect sa clickhouse langfuse polar".split()
)
_PUBLIC_NAME = re.compile(
    r"public|keyword|(?:name|_id|Id|type|url|uri|path|file|dir|label|length|_len|title|text|hint|ref|arn|class|tokens|"
    r"secrets|passwords|credentials|prefix|header|field|key_?alg|count|version|status|message|error|model|scope|column|"
    r"expires?(?:_?(?:in|at))?|ttl|policy|scheme|method|endpoint|format|regex|pattern|placeholder|description|hash|"
    r"validator|schema|help|enum|action|event|icon|button|link|route|page|form|input|param|env|vars?)$|csrf|xsrf|tokeniz|"
    r"provider|manager|service$|store$|generator|helper|required$|enabled$|example|"
    r"max_|min_|num_|bypass|compass|passport|passthrough|passive|i18n|translation|sha\d|digest|checksum|fingerprint|"
    r"next_?page|page_?token|token_?(?:type|use|url|limit|budget)|cursor|^\$?ref|hashed|data-",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker\.internal$|(?:[\w\-]+\.)*(?:example(?:\.\w+)?|test|local|localhost|invalid)$"
    r"|host(?:name)?$|your|proxy|server$|hostname",
    re.IGNORECASE,
)
_WORDS = re.compile(r"_*[A-Za-z]+(?:[_\-./:@+ ][A-Za-z]+)*[!?.]?\d{0,2}")
_PARTS = re.compile(
    r"(?:[A-Z]?[a-z]+|[A-Z]+|[A-Za-z0-9]{1,3}|\d{1,4})(?:[_\-./ :](?:[A-Z]?[a-z]+|[A-Z]+|[A-Za-z0-9]{1,3}|\d{1,4})){2,}"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|$)", re.DOTALL)


def token_traits(value: str) -> Traits:
    """A token of a form that only such tokens have. Only what cannot be in a random one speaks against it."""
    bits = entropy(value)
    checksum = _checksum(value)
    return Traits(len(value), round(bits, 2), checksum, _token_doubt(value, bits))


def assigned_traits(value: str, name: str) -> Traits:
    """A value beside a name that says that it is secret."""
    return _traits(value, _name_doubt(name) or _assigned_doubt(value, name))


def connection_traits(password: str, user: str, host: str) -> Traits:
    """The password of a connection string."""
    return _traits(password, _connection_doubt(password, user, host))


def header_traits(value: str) -> Traits:
    """User and password as an Authorization header carries them (RFC 7617): base64 of both, with a colon between."""
    try:
        user, colon, password = (
            base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8").partition(":")
        )
    except (binascii.Error, ValueError):
        user = colon = password = ""
    if not colon or not password.isprintable():
        return Traits(len(value), 0.0, doubt="decodes to no user and password")
    return _traits(password, _connection_doubt(password, user, "a.host.of.somebody"))


def _traits(value: str, doubt: str) -> Traits:
    bits = entropy(value)
    generated = len(value) >= 16 and bits >= 3.5 and re.search(r"[a-z]{7}|[A-Z]{7}", value) is None
    return Traits(len(value), round(bits, 2), None, doubt, generated)


def _checksum(value: str) -> bool | None:
    """GitHub's and npm's tokens end in the CRC-32 of what precedes it, in base 62, six digits."""
    found = _CHECKED.fullmatch(value)
    if found is None:
        return None
    number, digits = zlib.crc32(found[1].encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits == found[2]


def _token_doubt(value: str, bits: float) -> str:
    pem = _PEM.search(value.replace("\\n", "\n"))
    if pem:
        return _pem_doubt(pem[1])
    if value.startswith("ey") and value.count(".") == 2:
        return _jwt_doubt(value)
    if _MADE_UP.search(value):
        return "a placeholder"
    return "too regular to be random" if bits < 2.8 else ""


def _pem_doubt(body: str) -> str:
    text = "".join(line.strip() for line in body.strip().splitlines() if ":" not in line)
    if _MADE_UP.search(text) and "..." in text:
        return "a placeholder"
    letters = re.sub(r"[^A-Za-z0-9+/=]", "", text)
    if len(letters) < 60 or entropy(letters) < 4:
        return "no key stands between the markers"
    return ""


def _jwt_doubt(value: str) -> str:
    header, payload = (_json(part) for part in value.split(".")[:2])
    if not isinstance(header, dict) or "alg" not in header or not isinstance(payload, dict):
        return "decodes to no token"
    if payload.get("role") == "anon":
        return "a key that is public by design"
    return (
        "an example token" if payload.get("sub") in ("1234567890", "test") or payload.get("name") == "John Doe" else ""
    )


def _json(part: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None


def _name_doubt(name: str) -> str:
    return "the name is not that of a secret" if _PUBLIC_NAME.search(name) else ""


def _assigned_doubt(value: str, name: str) -> str:
    if _MADE_UP.search(value) or _CHOSEN.fullmatch(value):
        return "a placeholder"
    if _REFERENCE.search(value) or re.match(r"(?:https?:|/|\./|\.\./|@|#|--|data:|file:|sqlite:|memory:)", value):
        return "a reference, not a value"
    if (inside := _printed(value)) and (
        _MADE_UP.search(inside) or _CHOSEN.fullmatch(inside) or _WORDS.fullmatch(inside)
    ):
        return "words in base64"
    if not value.isascii() or re.search(r"[()\[\]|;,`]", value):
        return "text or code, not a value"
    if re.fullmatch(r"[A-Za-z_]\w*(?:[.:/\-][A-Za-z_]\w*)+", value) and not re.search(r"\d.*[A-Za-z].*\d", value):
        return "code or a path, not a value"
    if (_WORDS.fullmatch(value) and not _random_letters(value)) or _PARTS.fullmatch(value):
        return "words"
    if re.fullmatch(r"[\^~>=v]*\d[\d.\-:/ ]*|\d+[a-z]{1,2}|.*:", value) or value.lower() in name.lower():
        return "a number, or the name again"
    return "too regular to be random" if entropy(value) < 2.5 else ""


def _printed(value: str) -> str:
    """The text that a value is the base64 of; empty where it is that of none, as what is random nearly always is."""
    if len(value) < 12 or not re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", value):
        return ""
    try:
        text = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_" if set("-_") & set(value) else None)
        return text.decode("ascii").strip() if text.decode("ascii").strip().isprintable() else ""
    except (binascii.Error, ValueError):
        return ""


def _random_letters(value: str) -> bool:
    """Whether letters change case more often than words do."""
    turns = sum(a.islower() != b.islower() for a, b in itertools.pairwise(value) if a.isalpha() and b.isalpha())
    return len(value) >= 12 and turns > len(value) / 3


def _connection_doubt(password: str, user: str, host: str) -> str:
    if _MADE_UP.search(password) or _REFERENCE.search(password) or re.search(r"[|()*\[\]`,;]", password):
        return "a placeholder"
    if password.lower() in _DEFAULT or password.lower() == user.lower() or _CHOSEN.fullmatch(password):
        return "a default word"
    if _LOCAL.match(host):
        return "a host of the developer's own machine"
    word = _WORDS.fullmatch(password) is not None and not _random_letters(password)
    chosen = word or ("." not in host and entropy(password) < 3.2)
    return "a word, or a host of the compose network" if chosen else ""
