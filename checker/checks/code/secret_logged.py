"""No log line holds a password, a token or a personal number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import assigned, bad, parameter_type, told, where, without_strings
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_MASKED = re.compile(
    r"(?i)\b\w*(?:mask|redact|hash|digest|obfuscat|anonymi|fingerprint|truncat|sanitiz|bool|len|type|isinstance|id)\w*\s*\("
    r"|!!|\*{3,}|\.length\b|\? *[\"']"
)
_SHOWS = re.compile(r"(?i)^(?:str|repr|dict|format|json\.dumps|JSON\.stringify|String|extra|.*\.(?:format|join|bind))$")
_PART = re.compile(r"\[\s*-?\d*\s*:\s*-?\d+\s*\]|\.(?:slice|substring|substr)\(")
_BY_HAND = re.compile(r"(?:print|console\.\w+)\(")  # in `main` of a script: shown to who runs it
_WEAK = re.compile(r"(?i)^(?:token|jwt|credentials?|secret)$")
_NO_SECRET = re.compile(
    r"(?i)(?:csrf|xsrf|next_?page|page|cursor|continuation|sync|cancel(?:lation)?|abort|device|design|reservation|parser?|lex\w*|syntax|"
    r"slot|max|min|num|count|total|input|output|prompt|completion|has|is|no|missing|invalid|reset_?password_?url|stop|eos|pad|special|line|prev|current|next)_?"
    r"(?:token|password|secret|key|credentials)s?$"
)
_SAYS_MASKED = re.compile(
    r"(?i)mask|redact|hidden|fingerprint|sanitiz|safe_|(?:hash|digest|encrypt)\w*$(?<!password)"
    r"|^(?:has|is|with|no)_|_(?:id|len|length|set)$|^(?:True|False|None)$"
)


def secret_logged(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each log call that writes a value named as a secret, and one for each file without."""
    yield from told(code, (one for match in code.of("secret-logged") if (one := _judged(match))))


def _judged(match: Match) -> Observation | None:
    if whole := match.names.get("WHOLE"):
        return _whole(match, whole)
    value = match.names.get("VALUE", "")
    name = _last_name(value)
    if not name or _NO_SECRET.search(name) or _SAYS_MASKED.search(name) or _is_masked(match, value):
        return None
    message = f"{where(match)} writes {value[:60]} to the log"
    shown = _BY_HAND.match(match.text) and match.symbol.rpartition(".")[2] == "main"
    confidence = Confidence.MEDIUM if shown or _WEAK.match(name) else None
    return bad(match, message, confidence, without_strings(" ".join(match.text.split()))[:160])


def _whole(match: Match, whole: str) -> Observation | None:
    """Everything a service was configured with, its secrets too; settings that are a user's come as a parameter or a local."""
    parameters = match.function.parameters if match.function else ""
    if whole == "settings" and (
        parameter_type("settings", parameters) is not None or assigned("settings", match.around) is not None
    ):
        return None
    environment = re.search(r"\benviron\b|process\.env", whole)
    confidence = None if environment else Confidence.MEDIUM
    return bad(match, f"{where(match)} writes the whole of {whole[:60]} to the log", confidence)


def _last_name(value: str) -> str:
    """`access_token` of `session["access_token"]`, of `user.access_token` and of itself."""
    key = re.search(r"""[\[(]\s*["']([\w-]+)["'][^"']*[\])]$""", value)
    if key:
        return key[1]
    value = value.removesuffix("()")
    return value.rpartition(".")[2].removesuffix("?")


_FILLED = re.compile(r"""(?<=[fF])("|')(?:(?!\1)[^\\\n]|\\.)*\1|`(?:[^`\\]|\\.)*`""")
_PROSE = re.compile(r"(?:^|(?<=\}))[^{}]+(?=\{|$)|^[^{}]*$")  # of a filled string, what stands outside its braces


def _without_prose(text: str, value: str) -> str:
    """The call with its plain literals blanked, since a message may speak of the value that follows."""
    plain = re.compile(r"""(?<![fF\w"'`])("|')(?:(?!\1)[^\\\n]|\\.)*\1""")
    blanked = plain.sub(lambda found: " " * len(found[0]), text)
    blanked = _FILLED.sub(lambda found: _PROSE.sub(lambda prose: " " * len(prose[0]), found[0]), blanked)
    return blanked if value in blanked else text


def _is_masked(match: Match, value: str) -> bool:
    """Whether what is logged is the value's hash, length, part or presence."""
    at = _without_prose(match.text, value).find(value)
    before = match.text[:at]
    opened = before.rpartition("(")[0]
    call = re.search(r"[\w.]+$", opened)
    wrapped = bool(call and at > 0 and _MASKED.search(f"{call[0]}("))
    after = match.text[at + len(value) :][:24]
    if call and before.count("(") - before.count(")") > 1 and not _SHOWS.search(call[0]):
        return True  # handed to another call, whose result is what is written
    inner = match.text[max(0, at - 3) : at]
    return (
        wrapped
        or bool(_PART.match(after))
        or "!!" in inner
        or bool(re.match(r"\s*(?:\?(?!\.)|is\s+(?:not\s+)?None|[!=]==?)", after))
    )
