"""A contract for two apps: nothing lost, nothing twice, and what belongs together stays together."""

from __future__ import annotations

from typing import Any

import pytest

from checker.probe.stage.halves import halved


def document(*paths: str) -> dict[str, Any]:
    body: dict[str, Any] = {"requestBody": {}}
    return {"openapi": "3.1.0", "components": {}, "paths": {path: {"get": {}, "post": body} for path in paths}}


ORDERS = ("/v1/orders", "/v1/orders/{id}", "/v1/orders/{id}/items", "/v1/users", "/v1/users/{id}", "/me")


@pytest.mark.parametrize("prefix", ["", "/api", "/api/v2"])
def test_resources_stay_whole(prefix: str) -> None:
    whole = document(*(prefix + one for one in ORDERS))
    one, other = halved(whole)
    assert {**one["paths"], **other["paths"]} == whole["paths"]
    assert not one["paths"].keys() & other["paths"].keys()
    assert set(one["paths"]) == {prefix + path for path in ORDERS[:3]}
    assert one["components"] is other["components"] is whole["components"]


@pytest.mark.parametrize("paths", [ORDERS[:3], ("/a", "/b", "/c"), tuple(f"/orders/{{id}}/{n}" for n in range(9)), ()])
def test_what_is_small_or_about_one_thing_stays_whole(paths: tuple[str, ...]) -> None:
    whole = document(*paths)
    assert halved(whole) == (whole,)


def test_a_contract_that_is_none_stays_as_it_is() -> None:
    odds: tuple[dict[str, Any], ...] = ({}, {"paths": None}, {"paths": {"/a": None, "/b": []}})
    for odd in odds:
        assert halved(odd) == (odd,)
