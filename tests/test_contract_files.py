"""Which files are the contract: those that are named, else those that show themselves, and none that only poses."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.collect.contract_files import contract_files
from checker.collect.files import Root
from checker.collect.inventory import inventory
from checker.model.contract import ContractFiles
from checker.model.settings import Description, Layout
from checker.model.unavailable import NotApplicable
from tests.backend import BAD


def found(top: Path, *named: str, **files: str | bytes) -> ContractFiles:
    """What a tree of these files holds; `__` in a keyword stands for a folder, the last `_` for the dot."""
    for name, content in files.items():
        path = top / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    description = Description(layout=Layout(openapi=named))
    return contract_files(Root(top), inventory(Root(top), NotApplicable(""), description), description)


OTHER = BAD.replace("orders", "shops")


def test_every_contract_that_shows_itself_is_one(tmp_path: Path) -> None:
    seen = found(
        tmp_path, openapi_yaml=BAD, easy_yaml=OTHER, sub__api_json='{"openapi": "3.0.0"}', config_yaml="a: 1\n"
    )
    assert seen.openapi == ("easy.yaml", "openapi.yaml", "sub/api.json")


def test_encodings_hide_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, api_yaml=OTHER.encode("utf-16"), b_yaml=BAD.encode("utf-8-sig")).openapi == (
        "api.yaml",
        "b.yaml",
    )


def test_an_anchor_or_a_tag_hides_nothing(tmp_path: Path) -> None:
    anchored, tagged = (BAD.replace("3.1.0", f"{mark} 3.1.0") for mark in ("&v", "!!str"))
    assert found(tmp_path, a_yaml=anchored, b_yaml=tagged.replace("orders", "shops")).openapi == ("a.yaml", "b.yaml")


def test_a_copy_is_judged_once(tmp_path: Path) -> None:
    seen = found(tmp_path, a_yaml=BAD, b_yaml="# other words\n" + BAD)
    assert (seen.openapi, seen.copies) == (("a.yaml",), {"b.yaml": "a.yaml"})


@pytest.mark.parametrize("named", ["specs/api.yaml", "./specs/api.yaml", "specs//api.yaml", "/specs/api.yaml"])
def test_what_is_named_is_the_contract_however_it_is_spelled(tmp_path: Path, named: str) -> None:
    seen = found(tmp_path, named, specs__api_yaml=BAD, openapi_yaml=OTHER)
    assert (seen.openapi, seen.missing) == (("specs/api.yaml",), ())


def test_what_is_named_and_absent_is_missed_and_the_others_are_looked_at(tmp_path: Path) -> None:
    seen = found(
        tmp_path,
        "specs/gone.yaml",
        openapi_yaml=BAD,
        notes_yaml="x: 1\nswagger: 2.0-alpha\n",
        docs__swagger_yaml="ui: true\n",
    )
    assert seen.missing == ("specs/gone.yaml",)
    assert "docs/swagger.yaml" not in seen.openapi
    assert "openapi.yaml" in seen.openapi


@pytest.mark.parametrize(
    "content", ["[1]", "text", "paths: {}\n", '{"components": {}}', "openapi: {a: 1}\npaths: {}\n"]
)
def test_a_contracts_name_without_a_contract_is_a_defect(tmp_path: Path, content: str) -> None:
    seen = found(tmp_path, openapi_yaml=content)
    assert seen.openapi == ()
    assert [(one.kind, one.subject, one.certain) for one in seen.unreadable] == [("malformed", "openapi.yaml", True)]


@pytest.mark.parametrize("content", ["generate: {models: true}\npackage: api\n", "urls: [a]\n"])
def test_the_configuration_of_a_tool_may_bear_the_name(tmp_path: Path, content: str) -> None:
    seen = found(tmp_path, openapi_yaml=content)
    assert (seen.openapi, seen.unreadable) == ((), ())


def test_another_file_that_is_none_is_nobodys_defect(tmp_path: Path) -> None:
    seen = found(tmp_path, paths_yaml="paths: {}\n", openapi_draft_yaml="paths: {}\n")
    assert (seen.openapi, seen.unreadable) == ((), ())


@pytest.mark.parametrize(
    "content",
    [
        "# " + "words " * 2000 + "\n" + OTHER,
        '{"components": {"x": "' + "y" * 9000 + '"}, "openapi": "3.0.0", "paths": {}}',
        OTHER.replace("openapi: ", "openapi: !!str ", 1),
        OTHER.replace("openapi: ", "openapi: &version ", 1),
        "openapi: >-\n  3.0.3\npaths: {}\n",
        '{"\\u006fpenapi": "3.0.0", "paths": {}}',
    ],
    ids=["late", "sorted-keys", "tagged", "anchored", "folded", "escaped"],
)
def test_no_spelling_hides_a_second_contract(content: str, tmp_path: Path) -> None:
    seen = found(tmp_path, openapi_yaml=BAD, **{f"easy_{'json' if content.startswith('{') else 'yaml'}": content})
    assert len(seen.openapi) == 2


def test_what_looks_like_a_contract_and_is_not_judged_is_named(tmp_path: Path) -> None:
    seen = found(tmp_path, "openapi.yaml", openapi_yaml=BAD, easy_yaml=OTHER, tests__openapi_yaml=OTHER)
    assert seen.openapi == ("openapi.yaml",)
    assert seen.passed_over == ("easy.yaml", "tests/openapi.yaml")


def test_a_template_that_is_no_document_yet_is_no_defect(tmp_path: Path) -> None:
    assert found(tmp_path, **{"{{x}}__openapi_yaml": "{% if a %}\nopenapi: 3.0.0\n"}).unreadable == ()
    assert found(tmp_path, **{"{{x}}__openapi_yaml": BAD}).openapi == ("{{x}}/openapi.yaml",)
