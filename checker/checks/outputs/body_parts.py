"""The parts of a pull request's body that have their heading and hold nothing a reviewer can use."""

from __future__ import annotations

import re

from checker.model.outputs.fields import is_blank
from checker.model.outputs.results import without_earlier

_RESULT = re.compile(
    r"(?i)\b(pass(?:ed|es|ing)?|fail(?:ed|s|ing)?|green|red|\d+ (?:tests?|passed)|exit (?:code )?\d|✅|\[x\])"
)
_LINK = re.compile(r"https?://[^\s)>\]]+|(?<!\w)[\w.-]+/[\w.-]+#\d+|(?<!\w)[#!]\d+\b")
_NO_LINK = re.compile(
    r"(?i)\bx{2,}\b|\btbd\b|\btodo\b|\?\?|/(?:pulls?|merge_requests)(?:/?$|/(?!\d))|[<{\[](?:pr|url|link|number|your)|#0+\b|\bNNN?\b"
)
_NO_PARTNER = re.compile(
    r"(?i)\b(no|without|not needed|none|n/?a)\b.{0,40}(?:frontend|fe\b|ui|pr|change|coordination)?"
)
_NUMBERED = re.compile(r"[#!]\d+$|/[\w-]*\d[\w-]*(?:[/?#]|$)")
_NOT_RUN = re.compile(
    r"(?i)\bnot (?:yet )?(?:been )?(?:run|executed|tested)\b|\buntested\b|\b(?:will|should|is expected to|are expected to) pass\b"
    r"|\bto be (?:run|tested)\b"
)
_STEP_RED = re.compile(
    r"(?i)\b(?:lint|tests?|build|type[- ]?check|ci|suite)\b[\s`*:=|(—–-]{1,6}"
    r"(?:fail(?:ed|ing|ure)?|fails(?=\W*$)|red|broken|errors?(?=\W*$|[,.;])|❌)(?! (?:first|before|until|when|if)\b)(?![\w-])"
    r"|\b[1-9]\d* (?:tests? )?(?:failed|failing)\b(?! (?!in\b|out\b|of\b|and\b|on\b)\w)"
)
_CALL = re.compile(
    r"(?i)\bcurl(?:\.exe)?\s+(?:\\\s*)?(?:-|['\"$<{]|https?:|localhost|[\w.-]*(?::\d+)?/|[\w-]+\.[\w.-]+)"
)
_NO_HOST = re.compile(r"(?i)(?:https?://)?<(?:api|base|host|url|server|your|domain)[\w .-]*>(?::\d+)?/")
_NO_WAY_BACK = re.compile(
    r"(?i)\W*(?:(?:is |a rollback is )?(?:not|un)[- ]?(?:possible|needed|necessary|required|applicable)"
    r"|none|no rollback|n/?a|nothing|impossible)\b"
)
_WAY_BACK = re.compile(r"(?i)\brevert|\brestor|\bdrop\b|\bdowngrade|\bredeploy|\bgit\b|\bdisabl|\bdown migration")
_MIGRATES = re.compile(
    r"(?i)\b(?:add|drop|alter|rename)(?:s|ed|ing)? (?:the |a |an )?(?:new )?(?:nullable )?(?:column|table|index|constraint)\b"
    r"|\b(?:create|alter|drop)s? (?:table|(?:unique )?index)\b"
)


def hollow(name: str, body: str) -> str:
    """What a part lacks that has its heading; an empty text where it says something."""
    sections = [
        (head.lower(), text) for head, text in re.findall(r"(?m)^#{1,6}\s*(.+)\n((?:(?!#{1,6}\s).*\n?)*)", body)
    ]
    mine = [text for head, text in sections if any(word in head for word in name.split()[:1])]
    if mine and all(is_blank(text) for text in mine):
        return "is left empty"
    said = "\n".join(mine) or body
    return _PARTS[name](said, body) if name in _PARTS else ""


def _testing(said: str, body: str) -> str:
    ran = "\n".join(one for one in re.split(r"\n+|[.;](?:\s|$)", said) if not _NOT_RUN.search(one))
    if not _RESULT.search(ran):
        return (
            "says that nothing was run"
            if _NOT_RUN.search(said)
            else "gives no result"
            if not _RESULT.search(body)
            else ""
        )
    red = next((line for line in ran.split("\n") if _STEP_RED.search(without_earlier(line))), "")
    return f"reports checks that failed ({red.strip(' -*')[:80]!r})" if red else ""


def _curl(said: str, body: str) -> str:
    if not _CALL.search(said) and not _CALL.search(body):
        return "shows no call"
    return "calls a placeholder for the address" if _NO_HOST.search(said) else ""


def _rollback(said: str, body: str) -> str:
    none = _NO_WAY_BACK.match(said.strip()) and not _WAY_BACK.search(said)
    return "says there is none, beside a migration" if none and _MIGRATES.search(body) else ""


def _coordination(said: str, _body: str) -> str:
    links = _LINK.findall(said)
    if any(not _NO_LINK.search(link) and _NUMBERED.search(link) for link in links):
        return ""
    if any(_NO_LINK.search(link) for link in links):
        return "links a placeholder"
    return "" if _NO_PARTNER.search(said) else "links no frontend pull request"


_PARTS = {"testing": _testing, "manual QA with curl": _curl, "rollback": _rollback, "coordination": _coordination}
