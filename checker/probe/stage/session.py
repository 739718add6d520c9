"""The only place that gets a user into the running app: by a token, by a cookie, and past a guard against forged requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlencode

from checker.model.rehearsal import Exchange
from checker.model.stage_plan import UserPlan
from checker.probe.stage.client import Client, NoAnswer, decoded

_TOKENS = ("access_token", "accessToken", "token", "id_token", "idToken", "jwt", "auth_token", "key")
_OTHER_FORM = (400, 415, 422)
_GUARDED = (400, 403, 419)
_GUARD = re.compile(r"(?i)[cx]srf")
_ECHOED = ("X-CSRFToken", "X-CSRF-Token", "X-XSRF-TOKEN")  # of Django, of most others, of Angular
_SHOWN_AT = ("/csrf", "/csrf-token", "/api/csrf", "/api/csrf-token", "/")


class Refused(Exception):
    """The user did not get in; the message says what was answered."""


def logged_in(client: Client, user: UserPlan, extra: Mapping[str, str], token: str = "") -> dict[str, str]:
    """The headers that a user sends from now on. Raises Refused, and NoAnswer.

    `extra` are headers of the log-in request; `token` is a dotted path or pointer to the token in its answer.
    """
    method, _, path = user.login.partition(" ")

    def ask(more: Mapping[str, str]) -> Exchange:
        answer = client.ask(method, path, body=dict(user.body), headers={**extra, **more}, operation=user.login)
        if answer.status in _OTHER_FORM and token_in(decoded(answer), token) is None:
            form = {**extra, **more, "Content-Type": "application/x-www-form-urlencoded"}  # RFC 6749, 4.3.2
            filled = client.ask(method, path, body=urlencode(user.body), headers=form, operation=user.login)
            answer = filled if 200 <= filled.status < 400 else answer
        return answer

    jar: dict[str, str] = {}
    answer = ask({})
    if answer.status in _GUARDED and _GUARD.search(answer.answer):
        jar = guard(client, {}, (path, *_SHOWN_AT))
        answer = ask(sent(jar)) if jar else answer
    found = token_in(decoded(answer), token)
    jar = {**jar, **cookies(answer)}
    sets = any(not _GUARD.search(name) for name in cookies(answer))
    if not (200 <= answer.status < 300 and (found or sets)) and not (300 <= answer.status < 400 and sets):
        raise Refused(f"{user.login} answered {answer.status} {answer.answer[:160]}".replace("\n", " ").strip())
    if found:
        return {"Authorization": f"Bearer {found}", **(sent(jar) if any(map(_GUARD.search, jar)) else {})}
    return sent({**jar, **guard(client, sent(jar), (path, "/"))})


def guard(client: Client, headers: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """The cookies with which a guard against forged requests lets through what carries their value; none where it shows none."""
    for path in dict.fromkeys(paths):
        try:
            answer = client.ask("GET", path, headers=headers, operation=f"GET {path}")
        except NoAnswer:
            continue
        jar = cookies(answer)
        if any(map(_GUARD.search, jar)):
            return jar
        if shown := _named(decoded(answer)):
            return {**jar, "csrftoken": shown}
    return {}


def sent(jar: Mapping[str, str]) -> dict[str, str]:
    """The request headers that carry cookies, and beside them what a guard wants to see echoed."""
    if not jar:
        return {}
    echoed = next((unquote(value) for name, value in jar.items() if _GUARD.search(name)), None)
    whole = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
    return {**whole, **dict.fromkeys(_ECHOED, echoed)} if echoed else whole


def cookies(answer: Exchange) -> dict[str, str]:
    """Names and values of the cookies that an answer sets, without those that it takes away."""
    return dict(_cookies(answer.headers.get("set-cookie", "")))


def _cookies(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        pair, _, attributes = line.partition(";")
        name, _, value = pair.strip().partition("=")
        if name and value.strip('"') and "max-age=0" not in attributes.lower().replace(" ", ""):
            yield name, value


def _named(value: Any) -> str | None:
    """A token that a body shows under a name of its kind."""
    if not isinstance(value, Mapping):
        return None
    return next((one for name, one in value.items() if _GUARD.search(str(name)) and isinstance(one, str)), None)


def at(value: Any, path: str) -> Any:
    """The value under a dotted path or a JSON pointer; None where there is none."""
    for part in re.split(r"[./]", path.strip("/.")) if path else ():
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def token_in(value: Any, pointer: str) -> str | None:
    """The token that a log-in answered with: where the configuration says, else under a usual name."""
    if pointer:
        found = at(value, pointer)
        return found if isinstance(found, str) else None
    if not isinstance(value, Mapping):
        return None
    for name in _TOKENS:
        if isinstance(value.get(name), str):
            return str(value[name])
    return next((found for one in value.values() if (found := token_in(one, ""))), None)
