"""What the stage works with, part by part: crafted tokens, spilled secrets, smaller requests, progress, and an early end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from checker.model.rehearsal import Exchange, Rehearsal
from checker.model.stage_plan import ListPlan, Plan, UserPlan
from checker.model.unavailable import Unavailable
from checker.probe.stage.crafted import expired
from checker.probe.stage.progress import Progress
from checker.probe.stage.replay import _without_a_part, worst
from checker.probe.stage.served import operations_of
from checker.probe.stage.spills import secrets, spills
from checker.probe.underway import Underway

KEY = "for-tests-only-for-tests-only"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2lnbmVk"


def coded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(text: str) -> str:
    made = hmac.new(KEY.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def token() -> str:
    return signed(f"{coded({'alg': 'HS256'})}.{coded({'sub': 'ada', 'exp': 9_999_999_999})}")


def asked(answer: str = "", *, body: str | None = None, status: int = 200, url: str = "/a") -> Exchange:
    return Exchange(operation="GET /a", method="GET", url=url, body=body, status=status, answer=answer)


class TestExpired:
    def test_the_same_claims_with_an_end_that_has_passed(self) -> None:
        old = expired(f"Bearer {token()}", ["something else", KEY])
        assert old is not None
        header, claims, _ = old.split(".")
        assert signed(f"{header}.{claims}") == old, "signed with the app's own secret"
        read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        assert read["sub"] == "ada"
        assert read["exp"] < time.time()

    @pytest.mark.parametrize("credentials", ["Bearer opaque", "Bearer a.b.c", token()])
    def test_none_where_no_setting_is_the_secret(self, credentials: str) -> None:
        assert expired(credentials, ["another secret"]) is None


class TestSpills:
    plan = Plan(
        root="/r",
        scratch="/s",
        profile="agent",
        interpreters=("python",),
        users=(UserPlan(name="ada", login="POST /login", body={"password": "correct horse battery"}),),
    )

    def test_what_is_looked_for(self) -> None:
        found = secrets(
            self.plan, {"APP_SECRET": KEY, "PORT": "8000", "API_KEY": "short"}, {"ada": {"A": f"Bearer {TOKEN}"}}
        )
        assert {one.name for one in found} == {"the setting APP_SECRET", "the password of ada", "the token of ada"}

    def test_a_setting_in_an_answer_and_a_token_in_the_log(self) -> None:
        hidden = secrets(self.plan, {"APP_SECRET": KEY}, {"ada": {"A": f"Bearer {TOKEN}"}})
        seen = list(
            spills(hidden, [asked(f'{{"key": "{KEY}"}}'), asked(TOKEN)], f"before\nopened with {TOKEN} now\nafter")
        )
        assert [(one.what, one.where) for one in seen] == [
            ("the setting APP_SECRET", "answer"),
            ("the token of ada", "log"),
        ]
        assert seen[1].shown == "opened with <the token of ada> now"
        assert all(KEY not in one.shown and TOKEN not in one.shown for one in seen)

    def test_what_the_request_itself_sent_is_no_find(self) -> None:
        hidden = secrets(self.plan, {}, {})
        password = "correct horse battery"
        assert list(spills(hidden, [asked(f"not a number: {password}", body=json.dumps(password))], "")) == []


class TestSmaller:
    def test_every_part_is_left_out_once(self) -> None:
        one = asked(body='{"a": 1, "b": [{"c": 2}, 3]}', url="/a?x=1&y=2")
        changes = list(_without_a_part(one))
        assert [change["url"] for change in changes if "url" in change] == ["/a?y=2", "/a?x=1"]
        bodies = [json.loads(change["body"]) for change in changes if "body" in change]
        assert bodies == [
            {"b": [{"c": 2}, 3]},
            {"a": 1},
            {"a": 1, "b": [3]},
            {"a": 1, "b": [{"c": 2}]},
            {"a": 1, "b": [{}, 3]},
        ]

    def test_the_smallest_failure_of_each_operation(self) -> None:
        seen = [asked(status=500, body="long body"), asked(status=500, body="s"), asked(status=404)]
        assert [one.body for one in worst(seen)] == ["s"]


def test_progress_is_plain_where_there_is_no_terminal() -> None:
    reader, writer = os.pipe()
    one = Progress(writer)
    one.say("the app is started")
    one.close()
    os.close(writer)
    with os.fdopen(reader) as file:
        assert file.read() == "rehearsal, 0.0 s: the app is started\n"
    Progress(-1).say("nobody listens")


def test_progress_rewrites_its_line_on_a_terminal_unless_lines_are_asked_for() -> None:
    for plain in (False, True):
        master, terminal = os.openpty()
        Progress(terminal, plain=plain).say("the app is started")
        assert (b"\x1b[" in os.read(master, 200)) is not plain
        os.close(terminal)
        os.close(master)


def test_what_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    began = tmp_path / "began"

    over = Event()

    def work(_: Callable[[Rehearsal], None]) -> None:
        began.touch()
        over.wait()
        raise Unavailable("ended")

    one = Underway(work, over.set)
    while not began.exists():
        time.sleep(0.01)
    one.close()
    with pytest.raises(Unavailable, match="ended"):
        one.result()


@pytest.mark.parametrize(
    ("parameters", "plan"),
    [
        (
            [{"name": "limit", "in": "query", "schema": {"maximum": 50}}, {"name": "cursor", "in": "query"}],
            ListPlan(size="limit", cursor="cursor", largest=50),
        ),
        (
            [{"name": "page", "in": "query"}, {"$ref": "#/components/parameters/Size"}],
            ListPlan(size="pageSize", offset="page"),
        ),
        ([{"name": "limit", "in": "header"}, {"name": "q", "in": "query"}], None),
        ([{"$ref": "#/components/parameters/None"}, None], None),
    ],
)
def test_a_served_contract_tells_how_its_lists_are_paged(parameters: list[Any], plan: ListPlan | None) -> None:
    document = {
        "paths": {"/a": {"get": {"parameters": parameters}, "post": {"parameters": parameters}}},
        "components": {"parameters": {"Size": {"name": "pageSize", "in": "query"}}},
    }
    found = {one.name: one.listing for one in operations_of(document, ())}
    assert found == {"GET /a": plan, "POST /a": None}
