"""What a careful app takes from nobody is sent to apps that take it, and to such as do not."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from checker.model.rehearsal import Exchange
from checker.model.stage_plan import ListPlan, OperationPlan, Plan
from checker.probe.stage.client import Client
from checker.probe.stage.explore import Explorer
from checker.probe.stage.injected import BAD_SCHEME, Injections
from checker.probe.stage.walk import Growths

MADE = {"id": "0192f0c4-6c1e-7b1a-9a52-7d1f0e5a4b3c", "name": "a", "role": "member", "is_admin": False}
POST = OperationPlan(method="POST", path="/users")
PLAN = Plan(root="", scratch="", profile="agent", interpreters=(), operations=(POST,))


def exchange(body: Mapping[str, Any], answer: Mapping[str, Any], status: int = 201, mode: str = "positive") -> Exchange:
    return Exchange(
        operation=POST.name,
        method="POST",
        url="/users",
        body=json.dumps(body),
        status=status,
        answer=json.dumps(answer),
        mode=mode,
    )


def injected(
    answers: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], first: Mapping[str, Any], made: Mapping[str, Any]
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    def ask(_: OperationPlan, __: str, *, body: dict[str, Any], **___: Any) -> Exchange:
        status, answer = answers(body)
        return exchange(body, answer, status, "probe")

    found = Injections(ask, Explorer(PLAN, Client(1)), [exchange(first, made)]).of(POST)
    return {one.kind: (one.fields, one.taken) for one in found or ()}


def test_what_is_copied_into_the_row_is_taken() -> None:
    seen = injected(lambda body: (201, {**MADE, **body}), {"name": "a"}, MADE)
    assert seen == {"extra": (("id", "is_admin", "role"), ("id", "is_admin", "role"))}


def test_what_is_ignored_or_refused_is_not_taken() -> None:
    assert injected(lambda _: (201, {**MADE, "id": "b"}), {"name": "a"}, MADE)["extra"][1] == ()
    assert injected(lambda _: (422, {}), {"name": "a"}, MADE)["extra"][1] == ()


def test_a_refusal_of_another_kind_tells_nothing() -> None:
    assert injected(lambda _: (409, {}), {"name": "a"}, MADE) == {}


def test_what_requests_name_is_the_callers_to_set() -> None:
    seen = injected(lambda body: (201, {**MADE, **body}), {"name": "a", "role": "member", "is_admin": False}, MADE)
    assert seen == {"extra": (("id",), ("id",))}


@pytest.mark.parametrize("field", ["url", "callback_url", "avatarUrl", "website", "Uri"])
def test_an_address_is_tried_with_another_scheme_and_with_this_machine(field: str) -> None:
    def careless(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body[field].startswith("http://127.0.0.1"):
            with pytest.raises(OSError):
                urllib.request.urlopen(body[field], timeout=0.2)
        return 201, {}

    seen = injected(careless, {field: "https://example.com/"}, {})
    assert seen == {"scheme": ((field,), (field,)), "address": ((field,), (field,))}


def test_a_careful_app_takes_no_other_scheme_and_calls_nobody() -> None:
    def careful(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return (422, {}) if body["url"] == BAD_SCHEME else (201, {})

    assert injected(careful, {"url": "https://example.com/"}, {}) == {
        "scheme": (("url",), ()),
        "address": (("url",), ()),
    }


@pytest.mark.parametrize("field", ["curled", "hurly", "name", "note"])
def test_what_is_no_address_is_left_alone(field: str) -> None:
    assert injected(lambda _: (201, {}), {field: "a"}, {}) == {}


class TestGrowths:
    LIST = OperationPlan(method="GET", path="/orders", listing=ListPlan(size="limit"))

    def grown(self, rows: int, once_a_row: bool) -> tuple[int, int, int, int] | None:
        asked = [0]

        def ask(_: OperationPlan, __: str, *, query: Mapping[str, int]) -> Exchange:
            there = min(query["limit"], rows)
            asked[0] += 2 + there * once_a_row
            return exchange({}, {"data": [{"id": number} for number in range(there)]}, 200)

        one = Growths(ask, Explorer(PLAN, Client(1)), lambda: asked[0]).of(self.LIST)
        return (one.few_rows, one.few, one.many_rows, one.many) if one else None

    def test_statements_are_counted_for_a_small_and_a_large_page(self) -> None:
        assert self.grown(30, once_a_row=False) == (1, 2, 10, 2)
        assert self.grown(30, once_a_row=True) == (1, 3, 10, 12)
        assert self.grown(4, once_a_row=True) == (1, 3, 4, 6)

    def test_a_list_with_few_rows_tells_nothing(self) -> None:
        assert self.grown(3, once_a_row=True) is None
        assert self.grown(0, once_a_row=True) is None
