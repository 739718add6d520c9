"""What decides a custom rule: the places that its pattern matched, as observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import create_model

from checker.model.base import Frozen
from checker.model.custom import CustomMatches, CustomRule
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable


def check_of(rule: CustomRule) -> Callable[..., Iterator[Observation]]:
    """The check of one custom rule; each rule needs one of its own, because the engine asks a check for nothing but facts."""

    def custom(matches: CustomMatches, params: Frozen) -> Iterator[Observation]:
        check = rule.settled(params.model_dump())
        if rule.id in matches.missing:
            raise Unavailable(matches.missing[rule.id])
        found = matches.seen.get(rule.id, ())
        if not found:
            raise NotApplicable(f"no file is named {' or '.join(check.files)}")
        for one in found:
            yield Observation(
                subject=" ".join(one.text.split()) or one.path,
                ok=one.ok,
                place=Place(one.path, (one.line, one.line) if one.line else None),
                message=check.message or _message(rule, one.path),
                evidence=one.text or f"looked for {check.require or ' or '.join(check.files)}"[:160],
            )
        for reason in matches.unread:
            yield Observation(
                reason, False, Place("."), f"A file was not looked at: {reason}", confidence=Confidence.LOW
            )

    custom.__annotations__["params"] = _params(rule)
    return custom


def _params(rule: CustomRule) -> type[Frozen]:
    """The parameters of a rule as a model, each of the kind that its default is of."""
    kinds: dict[str, Any] = {
        name: (int if isinstance(value, int) else str if isinstance(value, str) else tuple[str, ...], value)
        for name, value in rule.params.items()
    }
    return create_model("Params", __base__=Frozen, **kinds)


def _message(rule: CustomRule, path: str) -> str:
    if rule.check.present:
        return f"{rule.title}: there is no such file"
    return f"{rule.title}: {path}{'' if rule.check.forbid else ' lacks it'}"
