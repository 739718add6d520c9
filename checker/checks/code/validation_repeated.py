"""What the specs define for validation is imported from there, and not written a second time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from checker.checks.code.judged import bad, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_SPECS = re.compile(r"(?:^|/)specs/(?:[\w-]+/)*[\w.-]+$|(?:^|/)schemas/(?:backend|shared)/")
_FIELD = re.compile(r"""(?m)^[^\S\n]*["']?(\w+)["']?\s*:\s*\S""")
_ENOUGH_FIELDS = 3


def validation_repeated(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each schema that stands in the specs already, and one for each file without."""
    declared = list(code.of("model-class"))
    specified = [one for one in declared if _SPECS.search(one.path)]
    if not specified:
        raise NotApplicable("no validation schemas under specs/ that code could import")
    by_name = {one.names.get("NAME", ""): one for one in specified}
    by_fields = {fields: one for one in specified if len(fields := _fields(one)) >= _ENOUGH_FIELDS}
    others = [one for one in declared if not _SPECS.search(one.path)]
    yield from told(code, _repeated(others, by_name, by_fields))


def _repeated(
    others: Sequence[Match], by_name: dict[str, Match], by_fields: dict[frozenset[str], Match]
) -> Iterator[Observation]:
    for one in others:
        named, alike = by_name.get(one.names.get("NAME", "")), by_fields.get(_fields(one))
        same = named or alike
        if same is None:
            continue
        surely = named is not None and bool(_fields(one) & _fields(named))
        message = f"{where(one)} defines what {same.names.get('NAME', '')} in {same.path} defines already; import it"
        found = bad(one, message, None if surely else Confidence.MEDIUM, ", ".join(sorted(_fields(one)))[:160])
        yield Observation(
            one.names.get("NAME", "") or found.subject,
            False,
            found.place,
            message,
            found.evidence,
            confidence=found.confidence,
            also=(Place(same.path, same.lines),),
        )


def _fields(match: Match) -> frozenset[str]:
    return frozenset(_FIELD.findall(match.text.partition("\n")[2] or match.text)) - {"class"}
