"""Defects of contract documents that no fixture can hold: sizes, refusals, floods, and what another validator may reach."""

from __future__ import annotations

import json
import socket
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from checker.collect.api import api
from checker.collect.contract_defects import contract_defects
from checker.collect.contract_files import contract_files
from checker.collect.files import LARGEST_TEXT, Root
from checker.collect.inventory import inventory
from checker.collect.second_opinion import second_opinion
from checker.model.contract import ContractDefects, ContractFiles, Defect, Documents, SecondOpinion
from checker.model.observation import Place
from checker.model.repo import Inventory
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable


def looked_at(folder: Path) -> tuple[Inventory, ContractFiles]:
    listed = inventory(Root(folder), NotApplicable("no git"), Description())
    return listed, contract_files(Root(folder), listed, Description())


def defects(folder: Path) -> ContractDefects:
    return contract_defects(looked_at(folder)[1])


def opinion(folder: Path) -> SecondOpinion:
    listed, files = looked_at(folder)
    return second_opinion(files, listed, contract_defects(files))


def write(folder: Path, paths: Any, name: str = "openapi.json", **more: Any) -> None:
    value = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths, **more}
    (folder / name).write_text(json.dumps(value), "utf-8")


def test_a_document_larger_than_is_read_is_a_defect(tmp_path: Path) -> None:
    with (tmp_path / "openapi.yaml").open("wb") as file:
        file.write(b"openapi: 3.0.3\n")
        file.truncate(LARGEST_TEXT + 1)
    (found,) = defects(tmp_path).defects
    assert (found.kind, found.certain) == ("unreadable", True)
    assert "larger than 50 MiB" in found.detail


def test_a_document_that_the_system_refuses_is_unavailable() -> None:
    refused = Defect(
        "unreadable", Place("openapi.yaml"), "openapi.yaml", "openapi.yaml: Permission denied", certain=False
    )
    files = ContractFiles(("a.yaml",), (), (), (refused,), (), {}, {}, Documents({"a.yaml": {}}))
    with pytest.raises(Unavailable, match="Permission denied"):
        contract_defects(files)


def test_every_document_that_cannot_be_read_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text("openapi: [")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/openapi.json").write_text('{"openapi": ')
    with pytest.raises(Unavailable, match=r"openapi\.yaml \(.*; sub/openapi\.json \("):
        api(looked_at(tmp_path)[1])


def test_no_document_at_all_is_not_applicable(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("#\n")
    with pytest.raises(NotApplicable):
        defects(tmp_path)


def test_structural_defects_are_capped_and_the_rest_is_counted(tmp_path: Path) -> None:
    write(tmp_path, {f"/{number}": {"get": {"responses": {"200": {}}}} for number in range(250)})
    found = defects(tmp_path).defects
    assert len(found) == 201
    assert found[-1].detail == "50 more structural defects are not listed"


def test_dangling_references_are_capped_and_the_rest_is_counted(tmp_path: Path) -> None:
    answers = {str(200 + number): {"$ref": f"#/components/responses/R{number}"} for number in range(99)}
    write(tmp_path, {f"/{number}": {"get": {"responses": answers}} for number in range(3)})
    found = defects(tmp_path).defects
    assert [one.detail for one in found if one.kind == "too-many-defects"] == [
        "97 more references point to nothing; they are not listed"
    ]
    assert len([one for one in found if one.kind == "dangling-ref"]) == 200


def test_what_hides_an_operation_is_listed_before_what_hides_a_property(tmp_path: Path) -> None:
    paths = {"/orders": {"$ref": "https://example.com/orders.json"}}
    properties = {f"p{number}": {"$ref": f"https://example.com/{number}.json"} for number in range(250)}
    write(tmp_path, paths, components={"schemas": {"Order": {"properties": properties}}})
    found = [one for one in defects(tmp_path).defects if one.kind == "remote-ref"]
    assert (len(found), [one.place.pointer for one in found if one.certain]) == (200, [("paths", "/orders")])


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"additionalOperations": {"PURGE": {"$ref": "https://example.com/a"}}}, ["remote-ref"]),
        ({"query": {"$ref": "#Query"}}, ["anchor-ref"]),
        ({"$ref": "#/components/pathItems/A", "query": {}}, ["beside-ref"]),
        ({"additionalOperations": {"PURGE": {"$ref": "#/paths/~1b/get", "security": []}}}, ["beside-ref"]),
        ({"get": {"$ref": "#/paths/~1b/get", "summary": "x", "x-y": 1}}, []),
    ],
)
def test_references_of_the_newer_operations(tmp_path: Path, item: Any, said: list[str]) -> None:
    paths = {"/a": item, "/b": {"get": {"responses": {"204": {"description": "x"}}}}}
    write(tmp_path, paths, openapi="3.2.0", components={"pathItems": {"A": {}}})
    kinds = {one.kind for one in defects(tmp_path).defects if one.certain}
    assert sorted(kinds - {"structure"}) == said


def test_the_branch_that_was_meant_is_told(tmp_path: Path) -> None:
    """A path parameter without `required` fails four branches; three of them wanted another `in`."""
    parameter = {"name": "id", "in": "path", "schema": {"type": "string"}}
    write(tmp_path, {"/{id}": {"get": {"parameters": [parameter], "responses": {"200": {"description": "x"}}}}})
    (found,) = defects(tmp_path).defects
    assert found.detail == "'required' is missing"
    assert found.place.pointer == ("paths", "/{id}", "get", "parameters", "0")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "ref",
    [
        "https://example.com/a.json",
        "http://127.0.0.1:9/a",
        "file:///etc/hostname",
        "gopher://x/y",
        "//example.com/a",
        "../a.json",
    ],
)
def test_the_second_validator_reaches_nothing_outside(tmp_path: Path, ref: str) -> None:
    body = {"description": "x", "content": {"application/json": {"schema": {"$ref": ref}}}}
    write(tmp_path, {"/a": {"get": {"responses": {"200": body}}}})
    found = opinion(tmp_path)
    assert found.checked == ()
    assert found.left["openapi.json"].startswith("openapi-spec-validator stopped: ")


def test_the_second_validator_that_stops_is_contained_and_cut_short(tmp_path: Path) -> None:
    body = {
        "description": "x" * 100_000,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Nope"}}},
    }
    write(tmp_path, {"/a": {"get": {"responses": {"200": body}}}})
    found = opinion(tmp_path)
    assert len(found.left["openapi.json"]) < 300


def test_documents_beyond_the_limit_are_not_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("checker.collect.second_opinion"), "LARGEST", 400)
    write(tmp_path, {}, description="x" * 500)
    with pytest.raises(Unavailable, match="--skip spec-second-opinion"):
        opinion(tmp_path)
    write(tmp_path, {}, "docs.openapi.json")
    found = opinion(tmp_path)
    assert found.checked == ("docs.openapi.json",)
    assert list(found.left) == ["openapi.json"]


def test_what_ours_says_is_not_said_twice(tmp_path: Path) -> None:
    operation = {"operationId": "a", "responses": {"200": {"description": "x"}}}
    write(tmp_path, {"/{id}": {"get": operation, "put": operation}})
    assert opinion(tmp_path).defects == ()
