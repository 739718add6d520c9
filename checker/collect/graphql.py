"""The only place that reads GraphQL SDL."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from checker.collect.contract_files import SDL, SEARCHED
from checker.collect.files import Root, Unreadable, decoded
from checker.collect.roles import roles_of
from checker.model.contract import ContractFiles, Defect
from checker.model.graphql import ROOTS, BaseGraphqlApi, GraphqlApi, GraphqlField, GraphqlType
from checker.model.observation import Place
from checker.model.repo import Changes, Text
from checker.model.settings import Description, DescriptionChange, Layout
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST_SDL = 10 * 1024 * 1024  # bytes of one file
MOST_TOKENS = 2_000_000  # of one file; GitHub's public schema has 180,000
_DEFINES = re.compile(r"(?m)^(?:extend\s+)?(?:type|interface|input|enum|union|scalar|schema)\b[^\n]*[{=@]?")
_KINDS = {
    "object_type": "object",
    "interface_type": "interface",
    "input_object_type": "input",
    "enum_type": "enum",
    "union_type": "union",
    "scalar_type": "scalar",
}


@dataclass
class _Building:
    """One type while its definition and extensions are gathered from all files."""

    kind: str
    place: Place
    fields: dict[str, GraphqlField] = field(default_factory=dict)
    members: dict[str, None] = field(default_factory=dict)
    interfaces: dict[str, None] = field(default_factory=dict)
    values: dict[str, None] = field(default_factory=dict)


def graphql_api(root: Root, files: ContractFiles, description: Description) -> GraphqlApi:
    """The schema of the repository, merged from all its SDL files; documents that hold only queries are left out.

    NotApplicable where there is none; Unavailable when the operating system refuses a file.
    """
    paths = [path for path in files.graphql if path not in files.missing]
    return _merged(paths, lambda path: root.text(path, LARGEST_SDL), description.layout.graphql)


def base_graphql_api(
    git: Git,
    changes: Changes,
    head: GraphqlApi | NotApplicable,
    described: DescriptionChange | NotApplicable | Unavailable,
) -> BaseGraphqlApi:
    """The schema of all SDL files of the base; the head's own where the change touches none.

    NotApplicable without a base or without a schema there; Unavailable where a file of it cannot be read.
    """
    layout = described.base.layout if isinstance(described, DescriptionChange) else Layout()
    touched = {path for change in changes.files for path in (change.path, change.old_path) if path}
    own = {*layout.graphql, *(head.files if isinstance(head, GraphqlApi) else ())}
    if not any(path.lower().endswith(SDL) or path in own for path in touched):
        if isinstance(head, NotApplicable):
            raise head
        return BaseGraphqlApi(head)
    role = roles_of(layout)
    listed = [entry.path for entry in git.ls_tree(changes.base)]
    found = [path for path in listed if path.lower().endswith(SDL) and role(path) in SEARCHED]

    def read(path: str) -> Text:
        data = git.show(changes.base, path, LARGEST_SDL)
        if data is None:
            raise Unreadable(f"{path} at the base revision is too large, or is gone")
        return decoded(path, data)

    schema = _merged([one for one in layout.graphql or found if one in listed], read, layout.graphql)
    broken = next((one for one in schema.defects if one.kind == "unreadable"), None)
    if broken is not None:
        raise Unavailable(f"{broken.subject} cannot be read at the base revision: {broken.detail}")
    return BaseGraphqlApi(schema)


def _merged(paths: Iterable[str], read_text: Callable[[str], Text], named: Collection[str]) -> GraphqlApi:
    """The schema of some SDL files; NotApplicable where none of them defines a type. `named` are schemas by word of their owner."""
    types: dict[str, _Building] = {}
    roots: dict[str, str] = {}
    read, defects = [], []
    for path in paths:
        found = _parsed(read_text, path, path in named)
        if isinstance(found, Defect):
            defects.append(found)
        elif found is not None and _gather(path, found, types, roots):
            read.append(path)
    if not read and not defects:
        raise NotApplicable("no GraphQL schema in the repository")
    return GraphqlApi(
        files=tuple(read),
        types={name: _built(name, one) for name, one in types.items()},
        roots={**{key: name for key, name in ROOTS.items() if name in types}, **roots},
        defects=tuple(defects),
    )


def _parsed(read_text: Callable[[str], Text], path: str, named: bool) -> Any:
    """A file as graphql-core's document; a Defect for what is no SDL, None for what never claimed to be a schema."""
    from graphql import GraphQLSyntaxError, Source, parse

    try:
        text = read_text(path).text
        return parse(Source(text, path), max_tokens=MOST_TOKENS)
    except Unreadable as wrong:
        return Defect("unreadable", Place(path), path, str(wrong))
    except RecursionError:
        return Defect("malformed", Place(path), path, "the SDL is nested too deeply to be read")
    except GraphQLSyntaxError as wrong:
        if not named and not _DEFINES.search(text):
            return None
        line = wrong.locations[0].line if wrong.locations else 1
        said = wrong.message.removeprefix("Syntax Error: ").rstrip(".")
        return Defect("malformed", Place(path, (line, line)), path, f"not SDL: line {line}: {said[:160]}")


def _gather(path: str, document: Any, types: dict[str, _Building], roots: dict[str, str]) -> bool:
    """Add a document's definitions; whether it holds any definition of a type system at all."""
    defines = False
    for node in document.definitions:
        kind, _, sort = node.kind.rpartition("_")
        if sort not in ("definition", "extension") or kind in ("operation", "fragment"):
            continue
        defines = True
        if kind == "schema":
            roots.update({one.operation.value: one.type.name.value for one in node.operation_types or ()})
        elif kind in _KINDS:
            one = types.setdefault(node.name.value, _Building(_KINDS[kind], _place(path, node)))
            for its in _fields(path, node):
                one.fields.setdefault(its.name, its)
            one.members |= {its.name.value: None for its in getattr(node, "types", None) or ()}
            one.values |= {its.name.value: None for its in getattr(node, "values", None) or ()}
            one.interfaces |= {its.name.value: None for its in getattr(node, "interfaces", None) or ()}
    return defines


def _fields(path: str, node: Any) -> Iterator[GraphqlField]:
    for one in getattr(node, "fields", None) or ():
        written = _written(one.type)
        yield GraphqlField(
            name=one.name.value,
            type=written,
            named=written.strip("[]!"),
            is_list="[" in written,
            arguments={its.name.value: _written(its.type) for its in getattr(one, "arguments", None) or ()},
            place=_place(path, one),
            deprecated=any(its.name.value == "deprecated" for its in one.directives or ()),
            defaulted=frozenset(
                its.name.value
                for its in (one, *(getattr(one, "arguments", None) or ()))
                if getattr(its, "default_value", None) is not None
            ),
        )


def _written(node: Any) -> str:
    """A type as SDL writes it; the parser bounds how deep it nests."""
    if node.kind == "named_type":
        return str(node.name.value)
    inner = _written(node.type)
    return f"[{inner}]" if node.kind == "list_type" else f"{inner}!"


def _place(path: str, node: Any) -> Place:
    """From the line of the name (not of the description above it) to the last line."""
    return Place(path, (node.name.loc.start_token.line, node.loc.end_token.line))


def _built(name: str, one: _Building) -> GraphqlType:
    return GraphqlType(
        name, one.kind, one.fields, tuple(one.members), one.place, tuple(one.interfaces), tuple(one.values)
    )
