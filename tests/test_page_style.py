"""Which sentences of a contract decide for numbered pages, and which only speak of them."""

from __future__ import annotations

from typing import Any

import pytest

from checker.collect.api import contract
from checker.model.contract import Documents
from checker.model.page_style import gives_no_reason, says_offset


def decided(operation: dict[str, Any] | None = None, path: str = "/orders", **document: Any) -> tuple[bool, bool]:
    """Whether the contract of one GET says offset, and whether it does so without a reason."""
    whole = {"openapi": "3.1.0", **document, "paths": {path: {"get": operation or {}}}}
    read = contract(Documents({"openapi.yaml": whole}), "openapi.yaml")
    return says_offset(read, read.operations[0]), gives_no_reason(read, read.operations[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lists use offset pagination.", True),
        ("Offset-based pagination, since tables are small.", True),
        ("All lists are paginated by page number.", True),
        ("Pagination uses `offset` and `limit`.", True),
        ("Limit/offset pagination instead of cursors.", True),
        ("We use page-based pagination, not cursor-based pagination.", True),
        ("Orders.\n\n- Numbered page pagination\n- Something else", True),
        ("Offset pagination is deprecated.", False),
        ("Offset pagination is no longer supported.", False),
        ("Use cursors instead of offset pagination.", False),
        ("Never use offset pagination.", False),
        ("Cursors replace offset pagination.", False),
        ("Supports pagination.", False),
        ("The offset of the time zone.", False),
        ("", False),
    ],
)
def test_sentences(text: str, expected: bool) -> None:
    assert decided({"description": text})[0] == expected
    assert decided(info={"description": text})[0] == expected


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ({"x-pagination": {"style": "offset", "reason": "small tables"}}, (True, False)),
        ({"x-pagination": "Offset", "x-pagination-reason": "small tables"}, (True, False)),
        ({"x-pagination": "offset"}, (False, True)),
        ({"x-pagination": {"style": "offset", "reason": "  "}}, (False, True)),
        ({"x-pagination": {"style": "cursor", "reason": "large tables"}}, (False, False)),
        ({"x-pagination": "cursor"}, (False, False)),
        ({"x-pagination": None}, (False, False)),
        ({}, (False, False)),
    ],
)
def test_marks(mark: dict[str, Any], expected: tuple[bool, bool]) -> None:
    assert decided(mark) == expected
    assert decided(**mark) == expected
    assert decided(info=mark) == expected


def test_scim_decides_by_itself() -> None:
    assert decided(path="/scim/v2/Users")[0]
    assert not decided(path="/scimitars")[0]
