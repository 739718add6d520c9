"""What a contract says about answers: which are errors, which body each promises, and where that body is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from checker.model.contract import Contract, Media, Node, Operation, Response
from checker.model.observation import Place, Pointer
from checker.model.purpose import is_probe
from checker.model.shape import Shape, shapes

_COMPONENT = {"components": 3, "definitions": 2, "responses": 2}  # how deep a document's shared parts lie
ANYTHING = "an object of anything"  # said so with `additionalProperties: true`
EMPTY = "an object without properties"  # said so with `properties: {}`, as generators write an empty class
BODILESS = frozenset({"204", "205", "304"})  # RFC 9110, 15.3.5, 15.3.6 and 15.4.5


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a defect of an answer is mended. `cause` is the name of the shared part, the same for every rule that
    looks at it, and `also` where that part is used; both empty for what is written in the operation itself."""

    cause: str
    place: Place
    also: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One documented response of one operation; `other` is the JSON body to look at where it is not the first one."""

    contract: Contract
    operation: Operation
    response: Response
    other: Media | None = None

    @property
    def json(self) -> Media | None:
        return self.other or self.response.json

    @property
    def subject(self) -> str:
        """`GET /orders 404`; with the media type behind it where it is not the first JSON body."""
        return " ".join((self.operation.name, self.response.status, *([self.other.type] if self.other else ())))

    @property
    def schema(self) -> Node | None:
        """The schema of the JSON body, where one is documented and can be followed."""
        return self.json.schema if self.json else None

    @property
    def lack(self) -> str:
        """Why nothing can be read off the JSON body; empty where its schema says something."""
        if self.schema is not None:
            return unsaid(self.schema)
        if self.dangles:
            return "the reference to the body's schema leads nowhere"
        if self.json is not None:
            return "a JSON body without a schema"
        kinds = ", ".join(media.type for media in self.response.media)
        return f"no JSON body documented ({kinds})" if kinds else "no body documented"

    @property
    def dangles(self) -> bool:
        """Whether a schema is named that cannot be reached, so that nothing can be told of it."""
        node = self.response.node
        held = [] if node.get("schema") else (node.at("content") or node).members()
        holders = [media for kind, media in held if self.json is None or kind == self.json.type] or [node]
        return self.schema is None and any(holder.get("schema") and holder.at("schema") is None for holder in holders)

    @property
    def examples(self) -> Iterator[object]:
        """The JSON bodies that stand as examples beside the schema, in OpenAPI 3 and in Swagger 2."""
        node, kind = self.response.node, self.json.type if self.json else ""
        media, old = node.at("content", kind), node.at("examples", kind)
        several = media.at("examples") if media else None
        if old is not None:
            yield old.value
        if media is not None and media.get("example") is not None:
            yield media.get("example")
        for _, one in several.members() if several else ():
            yield one.get("value")

    @property
    def spot(self) -> Spot:
        """Where the body is written, or where its absence is."""
        return self.around(self.schema or self.response.node)

    def around(self, node: Node) -> Spot:
        """Where a part of this answer is to be mended."""
        return spot(self.contract, self.operation, node, self.response.node.place, self._pointer)

    @property
    def _pointer(self) -> Pointer:
        documented = self.operation.node.get("responses")
        names = documented if isinstance(documented, Mapping) else ()
        written = next((name for name in names if name.upper() == self.response.status.upper()), self.response.status)
        return *self.operation.node.pointer, "responses", written


def spot(contract: Contract, operation: Operation, node: Node, own: Place, use: Pointer) -> Spot:
    """Where a part of an operation is to be mended: at `own`, or in the shared part that it lies in, used at `use`."""
    here = operation.node
    if node.path == here.path and node.pointer[: len(here.pointer)] == here.pointer:
        return Spot("", own, ())
    shared = _component(node)
    name = shared.name if shared.path == contract.path else f"{shared.path}{shared.name}"
    return Spot(name, shared.place, (Place(here.path, pointer=use),))


def answers(contract: Contract) -> Iterator[Answer]:
    """Every documented response, in the order of the document."""
    for operation in contract.operations:
        for response in operation.responses:
            yield Answer(contract, operation, response)


def by_body(answer: Answer) -> Iterator[Answer]:
    """The answer once for each JSON body that it may carry; a media type that repeats an earlier body is left out."""
    yield answer
    known = [answer.schema]
    for media in answer.response.json_bodies[1:]:
        if not any(_is_same(media.schema, one) for one in known):
            known.append(media.schema)
            yield replace(answer, other=media)


def _is_same(one: Node | None, other: Node | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.path == other.path and one.value == other.value


def error_answers(contract: Contract) -> Iterator[Answer]:
    """Every JSON body of every 4xx and 5xx that may carry one, and of `default` where a success is documented beside it.

    Left out: HEAD, which has no body (RFC 9110, 9.3.2), a health probe that reports that it is down, and the error page
    of an operation that answers in HTML alone.
    """
    for answer in answers(contract):
        if answer.operation.method != "HEAD" and _is_error(answer) and not (_is_report(answer) or _is_page(answer)):
            yield from by_body(answer)


def unsaid(schema: Node) -> str:
    """How little a schema says, where no alternative of it says more than 'anything'; empty where one does."""
    said = [_unsaid(one) for one in shapes(schema)]
    return said[0] if said and all(said) else ""


def _unsaid(shape: Shape) -> str:
    value = shape.node.value
    if shape.is_array:
        inner = "of anything" if shape.items is None else unsaid(shape.items)
        return f"array: {inner}" if inner else ""
    if shape.properties or shape.types - {"object"} or shape.keywords.keys() & {"enum", "const"}:
        return ""
    if not isinstance(value, Mapping):
        return "a schema that allows anything"
    if not shape.types:
        return (
            ""
            if value.keys() & {"additionalProperties", "patternProperties", "not", "if"}
            else "a schema without a type"
        )
    if "patternProperties" in value:
        return ""
    rest = value.get("additionalProperties")
    if "additionalProperties" not in value:
        return EMPTY if "properties" in value else "a free-form object"
    return ANYTHING if rest in (True, {}) else ""


def _component(node: Node) -> Node:
    """The component around a response's inline schema; a schema that is one itself stays."""
    depth = _COMPONENT.get(node.pointer[0], 0) if node.pointer else 0
    if "responses" not in node.pointer[:2] or not depth:
        return node
    return Node(node.documents, node.path, (), node.documents.values[node.path]).at(*node.pointer[:depth]) or node


def _is_error(answer: Answer) -> bool:
    if answer.response.is_error:
        return True
    others = {one.status[:1] for one in answer.operation.responses if one is not answer.response}
    return answer.response.status == "default" and not others.isdisjoint("123")


def _is_report(answer: Answer) -> bool:
    return is_probe(answer.operation) and not answer.response.status.startswith("4")


def _is_page(answer: Answer) -> bool:
    media = [one for response in answer.operation.responses if response.is_success for one in response.media]
    kinds = {one.type.partition(";")[0].strip() for one in (*media, *answer.response.media)}
    return bool(media) and bool(answer.response.media) and kinds == {"text/html"}
