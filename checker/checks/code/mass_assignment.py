"""A request sets the fields that are meant to be set: no body is poured into a record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import assigned, bad, parameter_type, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_RAW = re.compile(r"(?:await\s+)?(?:flask\.)?request\.(?:json|get_json|form|POST|data|values)\b")
_WHOLLY_RAW = re.compile(
    r"(?:await\s+)?(?:(?:flask\.)?request\.(?:json|get_json|form|POST|data|values)(?:\([^()]*\))?(?:\.(?:to_dict|dict)\(\))?(?:\s+or\s+\{\})?"
    r"|(?:req|request|ctx\.request)\.(?:body|query)(?:\s+as\s+[^;]+)?;?)(?:\s*(?:#|//).*)?"
)
# `const { id, ...rest } = req.body`: all that the caller sends but what is named.
_REST = (
    r"\{{[^{{}}]*\.\.\.\s*{name}\s*\}}\s*(?::[^=;]+)?=\s*(?:await\s+)?(?:req|request|ctx\.request)\.(?:body|query)\b"
)
_CHECKED = re.compile(
    r"(?i)\bvalidat|\bparse\(|schema|serializer|allow(?:ed)?_|permitted|whitelist|pick\(|fields\s*=|hasattr|safeParse|ALLOWED|EDITABLE"
)
_NO_RECORD = re.compile(
    r"^(?:\w+\.)*(?=[A-Z])\w*(?i:Form|Schema|Serializer|Request|Query|Event|Command|Dto|DTO|Input|Params|Payload|Response|Error|Error\w*|Date|URL|Map|Set)\("
)
_NO_RECORD_BY_NAME = re.compile(
    r"^(?:\w+\.)*(?=[A-Z])\w*(?:In|Create|Update|Patch|Body|Args|Options|Config|Settings|Filter|Message|Login|Validator|Data|Buffer|Array|SearchParams)\("
)
_A_DICTIONARY = re.compile(
    r"(?i)^(?:\w*_)?(?:data|dict|params|values|payload|body|config|kwargs|fields|result)\.update\("
)
_KEPT = re.compile(r"\.add(?:_all)?\(|\b(?:save|insert|create|persist|commit|bulk_create)\w*\(")
_SCHEMA_CLASS = re.compile(r"\((?:[^)]*\b)?(?:BaseModel|RootModel|TypedDict|StrictModel|\w*Schema)\b")


def mass_assignment(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each record that takes whatever a request says, and one for each file without."""
    schemas = {one.names.get("NAME", "") for one in code.of("model-class") if _SCHEMA_CLASS.search(one.text[:300])}
    yield from told(code, (one for match in code.of("mass-assignment") if (one := _judged(match, schemas))))


def _judged(match: Match, schemas: set[str]) -> Observation | None:
    if match.text.startswith("setattr"):
        return _by_name(match)
    made = match.text.removeprefix("new ")
    if _NO_RECORD.match(made) or _A_DICTIONARY.match(made) or made.partition("(")[0].rpartition(".")[2] in schemas:
        return None
    merged = re.match(r"\w+\.update\((?!\*\*)", made) is not None and match.language == "python"
    checked = merged or _CHECKED.search(match.around) is not None
    if name := match.names.get("POURED"):
        if _NO_RECORD_BY_NAME.match(made) or not _is_raw(name, match):
            return None
        checked = checked or _is_in_doubt(name, made, match)
    return bad(match, f"{where(match)} pours a request's body into a record", Confidence.MEDIUM if checked else None)


def _is_raw(name: str, match: Match) -> bool:
    """Whether a name is the whole body as it came: given it in this function, or by a route's parameter without a shape."""
    if re.search(_REST.format(name=name), match.around):
        return True
    given = assigned(name, match.around)
    if given is not None:
        return _WHOLLY_RAW.fullmatch(given) is not None
    kind = parameter_type(name, match.function.parameters) if match.function else None
    return bool(kind and match.function and match.function.is_route and re.match(r"(?:dict|Dict|Mapping|Any)\b", kind))


def _is_in_doubt(name: str, made: str, match: Match) -> bool:
    """Whether some fields are taken out before, or what is made may be no record since nothing here keeps it."""
    cut = re.search(rf"{_REST.format(name=name)}|\b{name}\.pop\(|\bdel {name}\[|\bdelete {name}[.\[]", match.around)
    constructed = re.match(r"(?:\w+\.)*[A-Z]\w*\(", made)
    return cut is not None or (constructed is not None and not _KEPT.search(match.around))


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
