"""The only place that validates contract documents as documents: readable, whole references, one key once, parameters that fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from checker.collect.api import contract
from checker.collect.contract_reach import beside_references, hiding
from checker.collect.metaschema import structure
from checker.model.contract import Contract, ContractDefects, ContractFiles, Defect, Node, Operation
from checker.model.observation import Place
from checker.model.overlay import path_item
from checker.model.unavailable import NotApplicable, Unavailable

MOST_OF_A_KIND = 200  # defects of one kind listed of one document; the rest is counted
_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_COUNTED = {
    "duplicate-key": "keys stand twice",
    "dangling-ref": "references point to nothing",
    "remote-ref": "references are URLs",
    "too-many-files": "references were not followed",
    "undeclared-parameter": "path parameters are not declared",
    "absent-parameter": "declared path parameters stand in no path",
}


def contract_defects(files: ContractFiles) -> ContractDefects:
    """Everything that is wrong with the documents themselves; NotApplicable where there is none.

    Unavailable when a document is there and the operating system refuses it.
    """
    if not files.openapi and not files.unreadable:
        raise NotApplicable("no OpenAPI or Swagger document in the repository")
    refused = next((defect for defect in files.unreadable if not defect.certain), None)
    if refused is not None:
        raise Unavailable(refused.detail)
    contracts = [contract(files.documents, path) for path in files.openapi]
    defects = [*files.unreadable, *_references(files, contracts), *_duplicates(files), *_streams(files)]
    for found in contracts:
        invalid = list(structure(found))
        defects += [*invalid, *_paths(found), *_repeated_parameters(found), *_unknown_schemes(found)]
        said = {
            defect.place for defect in invalid if defect.kind == "structure"
        }  # from 3.1 on the metaschema refuses some of them
        defects += [defect for defect in beside_references(found) if defect.place not in said]
    return ContractDefects(files.openapi, tuple(_capped(dict.fromkeys(defects))))


def _capped(defects: Iterable[Defect]) -> Iterator[Defect]:
    seen: Counter[tuple[str, str]] = Counter()
    for defect in sorted(defects, key=lambda one: not one.certain):  # what is certain is listed first
        key = defect.place.path, defect.kind
        seen[key] += 1
        if seen[key] <= MOST_OF_A_KIND or defect.kind not in _COUNTED:
            yield defect
    for (path, kind), count in seen.items():
        if count > MOST_OF_A_KIND and kind in _COUNTED:
            said = f"{count - MOST_OF_A_KIND} more {_COUNTED[kind]}; they are not listed"
            yield Defect("too-many-defects", Place(path, pointer=()), f"{path} more {kind}", said, kind != "remote-ref")


def _references(files: ContractFiles, contracts: Sequence[Contract]) -> Iterator[Defect]:
    """The references that were not followed: certain where operations, answers or bodies lie behind one, unseen."""
    hidden = {place: what for found in contracts for place, what in hiding(found).items()}
    for defect in files.broken_refs:
        kind, _ = hidden.pop(defect.place, ("", ""))
        unseen = f"; not looked at: the {kind} behind it"
        yield defect if defect.certain or not kind else replace(defect, detail=defect.detail + unseen, certain=True)
    for place, (kind, ref) in hidden.items():
        said = f"$ref {ref!r} is reached by way of an extension, where none is followed; not looked at: the {kind} behind it"
        yield Defect("unseen-ref", place, f"{place.path} $ref {ref}", said)


def _duplicates(files: ContractFiles) -> Iterator[Defect]:
    for path, pointers in sorted(files.duplicates.items()):
        for pointer in pointers:
            name = Node(files.documents, path, pointer, None).name
            detail = f"key {pointer[-1]!r} stands twice in one mapping; readers take the last and drop the others"
            yield Defect("duplicate-key", Place(path, pointer=pointer), f"{path} key {name}", detail)


def _streams(files: ContractFiles) -> Iterator[Defect]:
    for path, count in sorted(files.streams.items()):
        detail = f"the file holds {count} YAML documents; readers take the first and drop the others"
        yield Defect("many-documents", Place(path, pointer=()), f"{path} documents", detail)


def _paths(found: Contract) -> Iterator[Defect]:
    seen: dict[str, str] = {}
    paths = found.root.at("paths")
    for path in paths.value if paths and isinstance(paths.value, Mapping) else ():
        if not path.startswith("/"):
            continue
        place = Place(found.path, pointer=("paths", path))
        same = seen.setdefault(_TEMPLATE.sub("{}", path), path)
        if same != path:
            yield Defect("ambiguous-path", place, f"{found.path} {path}", f"{path} and {same} match the same requests")
        repeated = [name for name, count in Counter(_TEMPLATE.findall(path)).items() if count > 1]
        for name in repeated:
            yield Defect(
                "repeated-parameter", place, f"{path} {{{name}}}", f"{path} holds the parameter {name!r} twice"
            )
    for operation in found.operations:
        yield from _path_parameters(found, operation)


def _path_parameters(found: Contract, operation: Operation) -> Iterator[Defect]:
    declared = {one.name: one for one in operation.parameters if one.location == "path"}
    wanted = dict.fromkeys(_TEMPLATE.findall(operation.path))
    for name in wanted if _are_followed(found, operation) else ():
        if name not in declared:
            detail = f"{operation.name} does not declare the path parameter {name!r}"
            yield Defect("undeclared-parameter", operation.place, f"{operation.name} {{{name}}}", detail)
    for name in declared.keys() - wanted:
        if not _is_shared(found, operation, declared[name].node):
            detail = f"{operation.name} declares the path parameter {name!r}, which its path does not hold"
            yield Defect("absent-parameter", declared[name].node.place, f"{operation.name} extra {{{name}}}", detail)


def _are_followed(found: Contract, operation: Operation) -> bool:
    """Whether every parameter of an operation can be seen; of one behind a broken reference nobody knows the name."""
    item = path_item(found.root, operation.path)
    holders = [
        one for one in (item, operation.node) if one is not None and isinstance(one.get("parameters"), (list, dict))
    ]
    lists = [one.at("parameters") for one in holders]
    return all(one is not None and len(one.value) == len(list(one.members())) for one in lists)


def _is_shared(found: Contract, operation: Operation, parameter: Node) -> bool:
    """Whether another operation of the same path item gives the parameter too, and one defect is said already."""
    others = [one for one in found.operations if one.path == operation.path]
    first = next(one for one in others if any(its.node.place == parameter.place for its in one.parameters))
    return first is not operation


def _repeated_parameters(found: Contract) -> Iterator[Defect]:
    """One name and location twice in one list: OpenAPI forbids it, and which one counts is nobody's to say."""
    done: set[Place] = set()
    for operation in found.operations:
        item = path_item(found.root, operation.path)
        for holder in (item.at("parameters") if item else None, operation.node.at("parameters")):
            if holder is None or holder.place in done:
                continue
            done.add(holder.place)
            seen: set[tuple[object, object]] = set()
            for _, node in holder.members():
                key = node.get("name"), node.get("in")
                if key in seen and None not in key:
                    detail = f"{operation.name} declares the {key[1]} parameter {key[0]!r} twice"
                    yield Defect("repeated-parameter", holder.place, f"{operation.name} {key[1]} {key[0]}", detail)
                seen.add(key)


def _unknown_schemes(found: Contract) -> Iterator[Defect]:
    """Security requirements that name no scheme of the document (from 3.2 on they may be URIs, which are let be)."""
    holder = found.root.at("securityDefinitions") or found.root.at("components", "securitySchemes")
    known = set(holder.value) if holder and isinstance(holder.value, Mapping) else set()
    for node in (found.root, *(operation.node for operation in found.operations)):
        listed = node.get("security")
        for position, requirement in enumerate(listed if isinstance(listed, list) else ()):
            for name in requirement if isinstance(requirement, Mapping) else ():
                if name not in known and not ("/" in name or "#" in name):
                    place = Place(node.path, pointer=(*node.pointer, "security", str(position)))
                    detail = f"security names {name!r}, and the document defines no such scheme"
                    yield Defect("unknown-scheme", place, f"{node.path} security {name} at {node.name}", detail)
