"""SDL as it is found in repositories: many files, extensions, queries of clients, and files made to harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.collect import graphql as collector
from checker.collect.contract_files import contract_files
from checker.collect.files import Root
from checker.collect.inventory import inventory
from checker.model.graphql import GraphqlApi
from checker.model.settings import Description, Layout
from checker.model.unavailable import NotApplicable


def schema(folder: Path, files: dict[str, str], *named: str) -> GraphqlApi:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    description = Description(layout=Layout(graphql=named))
    root = Root(folder)
    found = contract_files(root, inventory(root, NotApplicable("no git"), description), description)
    return collector.graphql_api(root, found, description)


MERGED = {
    "a.graphql": """schema { query: Reads }
type Reads { a: A }
type A implements Node { id: ID! }
interface Node { id: ID! }""",
    "b.graphqls": """extend type Reads {
  "Many of them."
  many(first: Int = 3): [A!]!
    @deprecated
}
union U = A
extend union U = B
type B { x: Int }""",
}


def test_files_and_extensions_are_merged(tmp_path: Path) -> None:
    api = schema(tmp_path, MERGED)
    assert api.roots == {"query": "Reads"}
    assert [one.name for one in api.root_fields("query")] == ["a", "many"]
    many = api.types["Reads"].fields["many"]
    assert (many.type, many.named, many.is_list, many.deprecated) == ("[A!]!", "A", True, True)
    assert many.arguments == {"first": "Int"}
    assert (many.place.path, many.place.lines) == ("b.graphqls", (3, 4))
    assert api.types["U"].members == ("A", "B")
    assert [one.name for one in api.implementations("Node")] == ["A"]


def test_queries_of_a_client_are_no_schema(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable):
        schema(tmp_path, {"q.graphql": "query Q {\n  type\n  input\n}\nfragment F on A { id }"})


def test_a_schema_behind_a_long_comment_is_found(tmp_path: Path) -> None:
    api = schema(tmp_path, {"s.graphql": "# generated\n" * 1000 + "type Query { a: Int }"})
    assert api.files == ("s.graphql",)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("type Query {\n  a: Int\n  b: \n}", 4, "not SDL: line 4"),
        ("type Query { a: " + "[" * 5000 + "Int" + "]" * 5000 + "}", 1, "nested too deep"),
        ("type Query { a: Int }\n{" + "a{" * 5000, 2, "nested too deep"),
    ],
)
def test_what_is_no_sdl_is_a_defect_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    (found,) = schema(tmp_path, {"s.graphql": text}).defects
    assert found.place.lines in ((line, line), None)
    assert said in found.detail


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_TOKENS", 10)
    (found,) = schema(tmp_path, {"s.graphql": "type Query { a: Int b: Int c: Int d: Int }"}).defects
    assert "tokens" in found.detail
    monkeypatch.setattr(collector, "LARGEST_SDL", 10)
    (found,) = schema(tmp_path, {"s.graphql": "type Query { a: Int }"}).defects
    assert found.kind == "unreadable"


def test_a_named_file_that_is_absent_or_broken(tmp_path: Path) -> None:
    api = schema(tmp_path, {"web.graphql": "{ a "}, "web.graphql", "gone.graphql")
    assert [one.place.path for one in api.defects] == ["web.graphql"]
