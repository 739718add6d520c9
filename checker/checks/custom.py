"""What decides a custom rule: the places that its pattern matched, as observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from checker.model.custom import CustomMatches, CustomRule
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable


def check_of(rule: CustomRule) -> Callable[..., Iterator[Observation]]:
    """The check of one custom rule; each rule needs one of its own, because the engine asks a check for nothing but facts."""

    def custom(matches: CustomMatches) -> Iterator[Observation]:
        if rule.id in matches.missing:
            raise Unavailable(matches.missing[rule.id])
        found = matches.seen.get(rule.id, ())
        if not found:
            raise NotApplicable(f"no file is named {' or '.join(rule.check.files)}")
        for one in found:
            yield Observation(
                subject=" ".join(one.text.split()) or one.path,
                ok=one.ok,
                place=Place(one.path, (one.line, one.line) if one.line else None),
                message=rule.check.message or _message(rule, one.path),
                evidence=one.text or f"looked for {rule.check.require or ' or '.join(rule.check.files)}"[:160],
            )
        for reason in matches.unread:
            yield Observation(
                reason, False, Place("."), f"A file was not looked at: {reason}", confidence=Confidence.LOW
            )

    return custom


def _message(rule: CustomRule, path: str) -> str:
    if rule.check.present:
        return f"{rule.title}: there is no such file"
    return f"{rule.title}: {path}{'' if rule.check.forbid else ' lacks it'}"
