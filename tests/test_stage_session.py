"""Users get in by a token, by a cookie, by a form, and past a guard against forged requests; who does not is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from checker.model.rehearsal import Exchange
from checker.model.stage_plan import UserPlan
from checker.probe.stage.client import Client
from checker.probe.stage.session import Refused, cookies, guard, logged_in, sent

USER = UserPlan(name="ada", login="POST /login", body={"email": "ada@example.com", "password": "for-tests-only"})
Answer = tuple[int, Any, str]


class Site(Client):
    """Answers as it was told; with a guard, POST wants the cookie's value in a header."""

    def __init__(self, *, guarded: bool = False, login: Answer = (200, {}, "sid=1; HttpOnly")) -> None:
        super().__init__(0)
        self.guarded, self.login = guarded, login
        self.asked: list[str] = []

    def ask(self, method: str, path: str, **how: Any) -> Exchange:
        headers: Mapping[str, str] = how.get("headers") or {}
        self.asked.append(f"{method} {path}")
        if method == "GET":
            return self._told(200 if path == "/" else 404, {}, "csrftoken=a%3Db; Path=/" if self.guarded else "")
        if self.guarded and headers.get("X-CSRFToken") != "a=b":
            return self._told(403, {"detail": "CSRF Failed: CSRF cookie not set."}, "")
        return self._told(*self.login)

    def _told(self, status: int, body: Any, cookie: str) -> Exchange:
        text = json.dumps(body)
        headers = {"set-cookie": cookie} if cookie else {}
        return Exchange(operation="x", method="GET", url="/", status=status, answer=text, headers=headers)


def test_by_a_token() -> None:
    site = Site(login=(200, {"data": {"access_token": "t"}}, ""))
    assert logged_in(site, USER, {}) == {"Authorization": "Bearer t"}
    assert site.asked == ["POST /login"]


def test_by_a_cookie() -> None:
    assert logged_in(Site(), USER, {}) == {"Cookie": "sid=1"}
    assert logged_in(Site(login=(302, "", "sid=2")), USER, {}) == {"Cookie": "sid=2"}


def test_past_a_guard() -> None:
    headers = logged_in(Site(guarded=True), USER, {})
    assert headers["Cookie"] == "csrftoken=a%3Db; sid=1"
    assert {headers[name] for name in ("X-CSRFToken", "X-CSRF-Token", "X-XSRF-TOKEN")} == {"a=b"}


def test_a_token_and_a_guard() -> None:
    headers = logged_in(Site(guarded=True, login=(200, {"token": "t"}, "")), USER, {})
    assert headers["Authorization"] == "Bearer t"
    assert headers["X-CSRFToken"] == "a=b"


@pytest.mark.parametrize(
    "login", [(401, {"error": "no"}, ""), (200, {}, ""), (200, {}, "sid=; Max-Age=0"), (302, "", "")]
)
def test_who_does_not_get_in_is_told(login: Answer) -> None:
    with pytest.raises(Refused, match=f"POST /login answered {login[0]}"):
        logged_in(Site(login=login), USER, {})


def test_nobody_is_let_through_a_guard_too() -> None:
    assert sent(guard(Site(guarded=True), {}, ("/",)))["X-CSRFToken"] == "a=b"
    assert sent(guard(Site(), {}, ("/",))) == {}


def test_cookies_that_are_taken_away_are_none() -> None:
    answer = Exchange(
        operation="x",
        method="GET",
        url="/",
        status=200,
        headers={"set-cookie": 'a=1; Path=/\nb=""; Path=/\nc=3; Max-Age = 0\nd=4=4'},
    )
    assert cookies(answer) == {"a": "1", "d": "4=4"}
