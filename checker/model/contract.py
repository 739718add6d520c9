"""Facts about an API's contract: OpenAPI or Swagger documents as operations, with the place of every value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import unquote

from checker.model.observation import Place, Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH"})  # IANA method registry
Made = TypeVar("Made")


@dataclass(frozen=True)
class Documents:
    """Every file that a contract reaches inside the repository, parsed, by path; and a memory for derived values."""

    values: Mapping[str, Any]
    memory: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def find(self, path: str, ref: str) -> tuple[str, Pointer, Any] | None:
        """What a `$ref` written in `path` names: file, pointer and value; None where it dangles or leaves the tree."""
        return self.recall(("ref", path, ref), lambda: self._find(path, ref))

    def recall(self, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        """A value derived from the documents, made once. The first part of `key` names the sort, so one sort is one type."""
        if key not in self.memory:
            self.memory[key] = make()
        return cast("Made", self.memory[key])

    def _find(self, path: str, ref: str) -> tuple[str, Pointer, Any] | None:
        target, pointer = split_ref(path, ref)
        if target not in self.values or is_anchor(ref):
            return None
        value = self.values[target]
        for key in pointer:
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return target, pointer, value


@lru_cache(maxsize=16_384)
def split_ref(path: str, ref: str) -> tuple[str, Pointer]:
    """The file and pointer (RFC 6901) that a `$ref` written in `path` names; the file may lie anywhere."""
    file, _, fragment = ref.partition("#")
    pointer = tuple(part.replace("~1", "/").replace("~0", "~") for part in unquote(fragment).split("/")[1:])
    return (joined(path, unquote(file)) if file else path), pointer


def is_anchor(ref: str) -> bool:
    """Whether a `$ref` ends in a name (`#Order`) and not in a pointer: JSON Schema 2020-12 8.2.2, which is not followed."""
    fragment = ref.partition("#")[2]
    return bool(fragment) and not fragment.startswith("/")


def joined(path: str, relative: str) -> str:
    """A path written relative to the folder of `path`, normalised; one that climbs out keeps its leading `..`."""
    parts: list[str] = []
    for part in (*path.split("/")[:-1], *relative.split("/")):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class Node(NamedTuple):  # a large contract makes a hundred thousand: half the price of a frozen dataclass
    """A value of a contract with its place. Children are reached through their `$ref`."""

    documents: Documents
    path: str
    pointer: Pointer
    value: Any

    @property
    def place(self) -> Place:
        return Place(self.path, pointer=self.pointer)

    @property
    def name(self) -> str:
        """The place as a stable name: `#/components/schemas/Error`."""
        return "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in self.pointer)

    def at(self, *keys: str) -> Node | None:
        """The descendant below some keys, following references; None where a key is absent or a reference dangles."""
        node: Node | None = self
        for key in keys:
            node = node._child(key) if node else None
        return node

    def members(self) -> Iterator[tuple[str, Node]]:
        """The members of a mapping, or the items of a list under their index; dangling references are left out."""
        keys: Iterable[str] = self.value if isinstance(self.value, dict) else ()
        if isinstance(self.value, list):
            keys = map(str, range(len(self.value)))
        for key in keys:
            child = self._child(key)
            if child is not None:
                yield key, child

    def get(self, key: str) -> Any:
        """The plain value of a member, or None."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def _child(self, key: str) -> Node | None:
        value = self.value
        if isinstance(value, dict) and key in value:
            return Node(self.documents, self.path, (*self.pointer, key), value[key]).target()
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            return Node(self.documents, self.path, (*self.pointer, key), value[int(key)]).target()
        return None

    def target(self) -> Node | None:
        """This node, or what it refers to; None for a reference that dangles or runs in a circle."""
        node, seen = self, 0
        while isinstance(node.value, dict) and isinstance(ref := node.value.get("$ref"), str):
            found = self.documents.find(node.path, ref)
            seen += 1
            if found is None or seen > 50:
                return None
            node = Node(self.documents, *found)
        return node


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; `location` is query, header, path or cookie."""

    name: str
    location: str
    required: bool
    schema: Node | None
    node: Node


@dataclass(frozen=True, slots=True)
class Media:
    """One media type of a body, with the schema where one is documented."""

    type: str
    schema: Node | None

    @property
    def is_json(self) -> bool:
        return _is_json(self.type)


@lru_cache(maxsize=1024)
def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind.endswith(("/json", "+json")) or kind in ("*/*", "application/*")


def _is_no_plain_json(media: Media) -> bool:
    return media.type.partition(";")[0].strip().lower() != "application/json"


@dataclass(frozen=True, slots=True)
class Response:
    """One documented response; `status` is `404`, `4XX` or `default`."""

    status: str
    node: Node
    media: tuple[Media, ...]
    headers: tuple[str, ...]

    @property
    def is_error(self) -> bool:
        """A 4xx or 5xx. `default` is counted apart, because it may stand for success."""
        return self.status[:1] in ("4", "5")

    @property
    def is_success(self) -> bool:
        return self.status[:1] == "2"

    @property
    def json(self) -> Media | None:
        """The JSON body, where one is documented: `application/json` before other kinds of JSON."""
        return next(iter(self.json_bodies), None)

    @property
    def json_bodies(self) -> tuple[Media, ...]:
        """Every JSON body that a caller may get, `application/json` first."""
        found = tuple(media for media in self.media if media.is_json)
        return found if len(found) < 2 else tuple(sorted(found, key=_is_no_plain_json))


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with what the path item and the document give to it."""

    method: str
    path: str
    node: Node
    parameters: tuple[Parameter, ...]
    request: tuple[Media, ...]
    request_node: Node | None
    responses: tuple[Response, ...]
    security: tuple[Mapping[str, Any], ...] | None  # effective; None where nothing is declared at all
    operation_id: str | None
    is_open: bool  # whether a caller without credentials is certainly let in; why: checker.model.access.flaw

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def place(self) -> Place:
        return self.node.place

    @property
    def mutates(self) -> bool:
        """Whether the method may change something: every one that is not known to be safe (RFC 9110 section 9.2.1)."""
        return self.method not in SAFE

    @property
    def header_names(self) -> frozenset[str]:
        """Names of declared request headers, in lower case."""
        return frozenset(one.name.lower() for one in self.parameters if one.location == "header")

    @property
    def query(self) -> dict[str, Parameter]:
        return {one.name: one for one in self.parameters if one.location == "query"}


@dataclass(frozen=True)
class Contract:
    """One OpenAPI or Swagger document, with everything that it refers to."""

    path: str
    version: str  # as written: 3.1.0, 3.0.3, 2.0
    root: Node
    operations: tuple[Operation, ...]
    base_paths: tuple[str, ...]

    @cached_property
    def by_name(self) -> dict[str, Operation]:
        return {operation.name: operation for operation in self.operations}


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that makes a contract not say what it seems to say. `kind` names the sort, `detail` what was seen.

    Defects with one `cause` are one mistake made in many places.
    """

    kind: str
    place: Place
    subject: str
    detail: str
    certain: bool = True
    cause: str = ""


@dataclass(frozen=True)
class ContractFiles:
    """The contract documents that the repository holds, whether or not they can be read."""

    openapi: tuple[str, ...]
    graphql: tuple[str, ...]
    missing: tuple[str, ...]  # named by the configuration and absent
    unreadable: tuple[Defect, ...]
    broken_refs: tuple[Defect, ...]
    duplicates: Mapping[str, tuple[Pointer, ...]]  # keys that stand twice in one mapping, by file
    copies: Mapping[str, str]  # a file with the same content as another, and that other
    documents: Documents
    streams: Mapping[str, int] = field(default_factory=dict)  # files that hold several YAML documents, and how many
    passed_over: tuple[str, ...] = ()  # files that look like contracts and are not judged


@dataclass(frozen=True)
class Api:
    """The contract as the head states it."""

    contracts: tuple[Contract, ...]

    def operations(self) -> Iterator[tuple[Contract, Operation]]:
        for contract in self.contracts:
            for operation in contract.operations:
                yield contract, operation


@dataclass(frozen=True)
class BaseApi:
    """The contract as the base revision states it. `moved` maps a head's path to its path at the base."""

    contracts: tuple[Contract, ...]
    moved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ContractDefects:
    """What is wrong with the documents as such: structure, references, duplicate keys, undeclared path parameters."""

    checked: tuple[str, ...]
    defects: tuple[Defect, ...]


@dataclass(frozen=True)
class SecondOpinion:
    """What another validator says of the documents and ours does not; `left` are those it was not asked about, with why."""

    checked: tuple[str, ...]
    left: Mapping[str, str]
    defects: tuple[Defect, ...]
