"""Who calls, and for whom, comes from the credentials, and not from what the request says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, first_line, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_COMPARED = re.compile(
    r"(?i)permission|authori[sz]e|can_|is_member|belongs|has_role|has_access|check_|require|\.tenant_id\s*[!=]=|forbidden|403|current_user|req\.user\b|request\.user\b|caller|principal"
)
_NO_AUTHORITY = re.compile(
    r"(?i)log|span|metric|trace|audit|search|filter|list|find|lookup|export|report|webhook|regist|sign_?up|invite|seed|admin"
)
_DECIDES = re.compile(r"(?i)\b(?:is_?admin|roles?|permissions?)\b")


def claimed_identity(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each identity that is taken from the request's own words, and one for each file without."""
    yield from told(code, (one for match in code.of("claimed-identity") if (one := _judged(match))))


def _judged(match: Match) -> Observation | None:
    decides = _DECIDES.search(match.text) and re.search(r"\bif\b|===?|\bin\b", first_line(match))
    checked = _COMPARED.search(match.around.replace(match.text, ""))
    if checked and not decides:
        return None
    doubtful = _NO_AUTHORITY.search(match.symbol) is not None
    confidence = Confidence.LOW if doubtful else None if not decides else Confidence.MEDIUM
    return bad(
        match,
        f"{where(match)} takes {match.text[:60]} from the request's own words",
        confidence,
        first_line(match)[:160],
    )
