"""A request sets the fields that are meant to be set: no body is poured into a record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import assigned, bad, parameter_type, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_RAW = re.compile(r"(?:await\s+)?(?:flask\.)?request\.(?:json|get_json|form|POST|data|values)\b")
_CHECKED = re.compile(
    r"(?i)\bvalidat|\bparse\(|schema|serializer|allow(?:ed)?_|permitted|whitelist|pick\(|fields\s*=|hasattr|safeParse|ALLOWED|EDITABLE"
)
_NO_RECORD = re.compile(
    r"(?i)^(?:\w+\.)*\w*(?:Form|Schema|Serializer|Request|Query|Event|Command|Dto|DTO|Input|Params|Payload|Response|Error|Error\w*|Date|URL|Map|Set)\("
)


def mass_assignment(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each record that takes whatever a request says, and one for each file without."""
    yield from told(code, (one for match in code.of("mass-assignment") if (one := _judged(match))))


def _judged(match: Match) -> Observation | None:
    if match.text.startswith("setattr"):
        return _by_name(match)
    if _NO_RECORD.match(match.text.removeprefix("new ")):
        return None
    checked = _CHECKED.search(match.around)
    return bad(match, f"{where(match)} pours a request's body into a record", Confidence.MEDIUM if checked else None)


def _by_name(match: Match) -> Observation | None:
    """`for name, value in data.items(): setattr(row, name, value)`, where nobody knows what `data` may hold."""
    iterated = match.names.get("ITER", "")
    name = re.match(r"\w+", iterated)
    if name is None or match.function is None or _CHECKED.search(match.around):
        return None
    given = assigned(name[0], match.around) or ""
    if _RAW.match(iterated) or _RAW.match(given):
        return bad(
            match, f"{where(match)} sets whatever fields a request names", evidence=f"for … in {iterated}: {match.text}"
        )
    kind = parameter_type(name[0], match.function.parameters)
    if kind is not None and re.match(r"(?:dict|Dict|Mapping|Any)\b", kind) and match.function.is_route:
        return bad(
            match, f"{where(match)} sets whatever fields a request names", evidence=f"for … in {iterated}: {match.text}"
        )
    return None
