"""The readers of what repositories, hosts and engines say, on any text and any value: read, or refused in their own words."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checker import settings as configuration
from checker import toml_source
from checker.collect import dependencies, graphql, prisma_schema
from checker.collect.code.module import module_facts
from checker.collect.code.traits import traits
from checker.collect.data_text import parse
from checker.collect.declared_schema import read as declared
from checker.collect.documents import Loaded, read_value, references
from checker.collect.files import Unreadable
from checker.collect.outputs import transcripts
from checker.custom import load as custom_rules
from checker.model.change.settings_of_gates import flat
from checker.model.git import TrackedEntry
from checker.model.pipelines import lost_in, steps_of
from checker.model.quoted import holds_secret, without_secrets
from checker.model.repo import Role, Text
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe import git_output
from checker.probe.ast_grep import _hit as match_of_ast_grep
from checker.probe.git_dir import GitUnusable
from checker.probe.ruff import _hit as match_of_ruff
from checker.proofs import anchors, imports, source_traits, tests_there
from checker.proofs.runner_settings import configured
from checker.toml_source import ConfigurationError
from tests.test_properties import PROPERTY as THOROUGH
from tests.test_properties import all_of, texts, values

PROPERTY = settings(THOROUGH, max_examples=int(os.environ.get("EXAMPLES", "25")))
WORDS = (
    'type Query { a(first: Int!): [B!]! }|extend type A|union U = |scalar|"""|#|enum E {A}|model A {|id String @id|}|@@map('
    "|datasource db {|provider = \"x\"|url = env(|//|async def a():|@app.get('/a')|from . import x|import x from 'y'|class A(B):"
    "|export default|`${|(=>|yield|match a:|if|:=|\\|lambda|f'{|standards = [|[params.x]|[[waivers]]|rule = 'pagination'"
    "|expires = 2027-01-31|paths = ['**']|'|]|=|{}|true|[tool.checker]|max_page_size = -1|jobs:|  steps:|- run: pytest"
    '|continue-on-error: true|pytest || true|set +e| | tee x|image: postgres:16|services:|FROM python:3.13|a==1.0|"a": "^1"'
    "|dependencies|<<: *a|&a|*a|!!python/object|\u202e|\x00|\ud800|\ufeff|\r"
).split("|")
code = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=30).flatmap(
    lambda parts: st.sampled_from(["", " ", "\n"]).map(lambda between: between.join(parts))
)
NAMES = (
    "type role content payload message tool_calls function arguments id parts text jobs steps run uses name tables columns "
    "foreign_keys scripts test dependencies $ref properties"
).split()
nested = st.recursive(
    values | st.sampled_from(WORDS) | st.just("response_item") | st.just("tool"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=15,
)


def _sdl(one: str) -> Any:
    return graphql._merged(["a.graphql"], lambda _: Text("a.graphql", one, "utf-8"), ["a.graphql"])


def _prisma(one: str) -> Any:
    found: tuple[list[Any], list[Any]] = ([], [])
    prisma_schema._read("schema.prisma", one, *found)
    return found


def _declared(path: str) -> Callable[[str], Any]:
    def read(one: str) -> Any:
        return dependencies._declared([(path, Role.RUNTIME)], lambda _: one, {})

    return read


def _document(one: str) -> Any:
    loaded = Loaded()
    if read_value("a.yaml", lambda path: Text(path, one, "utf-8"), loaded):
        return all_of(references(loaded.values["a.yaml"]))
    return loaded.unreadable


def _settings(one: str) -> Any:
    return configuration.load({"checker.toml": one}.get, None, None, _catalog(), _today())


def _custom(one: str) -> Any:
    return custom_rules(["rules"], lambda _: ["rules/a.toml"], lambda _: one, _catalog())


def _imports(one: str) -> Any:
    data = one.encode("utf-8", "replace")
    return imports.broken({"a/__init__.py": b"", "a/b.py": data, "c.py": data}, ["a/b.py", "c.py"])


def _catalog() -> Any:
    from checker import catalog

    return catalog.load()


def _today() -> Any:
    from datetime import date

    return date(2026, 11, 21)


def of_bytes(read: Callable[[bytes], Any]) -> Callable[[str], Any]:
    return lambda one: read(one.encode("utf-8", "surrogatepass"))


REFUSALS: Sequence[type[Exception]] = (ConfigurationError, Unavailable, NotApplicable, Unreadable, GitUnusable)
READERS: Mapping[str, Callable[[str], Any]] = {
    "GraphQL": _sdl,
    "Prisma": _prisma,
    "document": _document,
    "requirements": _declared("requirements.txt"),
    "package.json": _declared("package.json"),
    "pyproject.toml": _declared("pyproject.toml"),
    "compose file": _declared("docker-compose.yml"),
    "shell of a pipeline": lost_in,
    "module of Python": of_bytes(lambda data: module_facts("a.py", data)),
    "module of TypeScript": of_bytes(lambda data: module_facts("a.ts", data)),
    "module of JSX": of_bytes(lambda data: module_facts("a.tsx", data)),
    "traits": of_bytes(lambda data: (traits("a.py", data), traits("a.ts", data))),
    "traits of tests": of_bytes(source_traits.traits),
    "tests": of_bytes(lambda data: tests_there.module("tests/test_a.py", data)),
    "imports": _imports,
    "settings of runners": lambda one: configured(lambda path: one.encode("utf-8", "surrogatepass")),
    "anchors": lambda one: _refusing(anchors.NotAnAnchor, lambda: anchors.parsed(one)),
    "configuration": _settings,
    "custom rule": _custom,
    "quotation": lambda one: (without_secrets(one), holds_secret(one)),
}


def _refusing(kind: type[Exception], call: Callable[[], Any]) -> Any:
    with contextlib.suppress(kind):
        return call()


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_survives_any_text(name: str) -> None:
    @PROPERTY
    @given(code | texts | st.text(max_size=60))
    @example("")
    def survives(one: str) -> None:
        with contextlib.suppress(*REFUSALS):
            READERS[name](one)

    survives()


VALUES: Mapping[str, Callable[[Any], Any]] = {
    "transcript": lambda one: (transcripts.steps(one), all_of(transcripts.results(one))),
    "pipelines": lambda one: [
        all_of(steps_of(path, one))
        for path in (".github/workflows/a.yml", ".gitlab-ci.yml", ".circleci/config.yml", "package.json")
    ],
    "database-schema.json": lambda one: declared("database-schema.json", one),
    "settings of gates": lambda one: all_of(flat(one)),
    "references": lambda one: all_of(references(one)),
}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_reader_survives_any_value(name: str) -> None:
    @PROPERTY
    @given(nested)
    def survives(one: Any) -> None:
        with contextlib.suppress(*REFUSALS, ValueError):
            VALUES[name](one)

    survives()


@PROPERTY
@given(nested)
def test_what_is_written_as_json_is_read_as_it_is(value: Any) -> None:
    """A value that JSON and YAML agree on comes back whole, whichever of the two readers has it."""
    text = json.dumps(value, allow_nan=False) if _plain(value) else "null"
    assert parse(text).value == json.loads(text)


def _plain(value: Any) -> bool:
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return "\\ud8" not in text and "\\u" not in text


tracked = st.builds(
    TrackedEntry,
    path=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12),
    mode=st.sampled_from(["100644", "100755", "120000", "160000"]),
    blob=st.text("0123456789abcdef", min_size=40, max_size=40),
)


@PROPERTY
@given(st.lists(tracked, max_size=5))
def test_whatever_paths_are_called_gits_listing_is_read_back(entries: list[Any]) -> None:
    listed = b"".join(f"{one.mode} {one.blob} 0\t".encode() + git_output.raw(one.path) + b"\0" for one in entries)
    assert git_output.index_entries(listed) == entries
    whole = b"".join(f"{one.mode} blob {one.blob}\t".encode() + git_output.raw(one.path) + b"\0" for one in entries)
    assert git_output.tree_entries(whole) == entries


@PROPERTY
@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 9)), max_size=4), st.text("+-@ a\\\n", max_size=30))
def test_no_content_of_a_patch_is_taken_for_its_headers(hunks: list[tuple[int, int]], content: str) -> None:
    """Added lines may say `@@ -1 +1 @@` or `diff --git`; each of them begins with a plus in the patch."""
    added = "".join(f"+{line}\n" for line in ("diff --git a/x b/x", "@@ -1 +1,500 @@", *content.split("\n")))
    patch = "diff --git a/a b/a\n" + "".join(f"@@ -0,0 +{first},{count} @@\n{added}" for first, count in hunks)
    raw = b":100644 100644 " + b"0" * 40 + b" " + b"1" * 40 + b" M\0a\0\0" + patch.encode()
    (change,) = git_output.changes(raw)
    assert change.added == tuple((first, first + count - 1) for first, count in hunks if count)


@PROPERTY
@given(st.binary(max_size=80))
def test_what_git_prints_otherwise_is_refused_as_such(output: bytes) -> None:
    for read in (git_output.changes, lambda data: git_output.commits(data, "")):
        with contextlib.suppress(GitUnusable, ValueError, IndexError):
            read(output)


@PROPERTY
@given(nested)
def test_a_line_of_an_engine_that_is_none_of_its_own_is_an_error_of_value_or_key(value: Any) -> None:
    for read in (lambda one: match_of_ruff(json.dumps(one).encode()), match_of_ast_grep):
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError, OSError):
            read(value)


@PROPERTY
@given(code)
def test_toml_is_read_or_refused_with_its_line(one: str) -> None:
    said = _refused(lambda: toml_source.parse("checker.toml", one))
    assert not said or (said.startswith("checker.toml:") and "\n" not in said)


def _refused(call: Callable[[], Any]) -> str:
    try:
        call()
    except ConfigurationError as refused:
        return str(refused)
    return ""
