"""The only place that looks for what is secret in answers and in the log; the secrets themselves do not leave it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checker.model.rehearsal import Exchange
from checker.model.spill import Spill
from checker.model.stage_plan import Plan

LEAST = 10  # characters; shorter ones may be words
SHOWN = 80  # characters around a secret
_SECRET = re.compile(r"(?i)secret|token|passw|private|credential|api_?key|signing|salt|pepper")
_PASSWORD = re.compile(r"(?i)pass|secret|pin")
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


@dataclass(frozen=True)
class Secret:
    """What must not be seen. A token is the caller's own in answers; `operation` is where it came from or goes to."""

    name: str
    value: str
    operation: str = ""
    is_token: bool = False


def secrets(plan: Plan, settings: Mapping[str, str], credentials: Mapping[str, Mapping[str, str]]) -> list[Secret]:
    """Settings of the app with a secret's name, passwords of the configured users, and the tokens that they were given."""
    found = [Secret(f"the setting {name}", value) for name, value in settings.items() if _SECRET.search(name)]
    for user in plan.users:
        for name, value in user.body.items():
            if _PASSWORD.search(name) and isinstance(value, str):
                found.append(Secret(f"the password of {user.name}", value, user.login))
        tokens = [one.removeprefix("Bearer ") for one in credentials.get(user.name, {}).values()] if user.login else []
        found += [Secret(f"the token of {user.name}", one, user.login, is_token=True) for one in tokens]
    return sorted((one for one in found if len(one.value) >= LEAST), key=lambda one: (-len(one.value), one.name))


def spills(known: Iterable[Secret], answers: Iterable[Exchange], log: str) -> Iterator[Spill]:
    """Each secret at most once in an operation's answers and once in the log; what the request itself sent is no find."""
    known = list(known)
    seen: set[tuple[str, str]] = set()
    for one in answers:
        for secret in known:
            key = (secret.name, one.operation)
            sent = f"{one.body or ''} {one.url} {' '.join(one.sent.values())}"
            if secret.is_token or key in seen or secret.value not in one.answer or secret.value in sent:
                continue
            seen.add(key)
            yield Spill(
                what=secret.name, where="answer", operation=one.operation, shown=_around(one.answer, secret, known)
            )
    rest = log
    for secret in known:
        if secret.value in rest:
            yield Spill(what=secret.name, where="log", operation=secret.operation, shown=_around(rest, secret, known))
            rest = rest.replace(secret.value, "")  # a shorter one inside of it is not another find


def _around(text: str, secret: Secret, known: Iterable[Secret]) -> str:
    """The words before and after, with every secret replaced by its name."""
    at = text.index(secret.value)
    start = text.rfind("\n", 0, at) + 1
    line = text[max(start, at - SHOWN) : at] + secret.value + text[at + len(secret.value) :].partition("\n")[0][:SHOWN]
    for one in known:
        line = line.replace(one.value, f"<{one.name}>")
    return _TOKEN.sub("<a token>", line)
