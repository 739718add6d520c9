"""The only place that asks openapi-spec-validator what it thinks of a contract, and lets it reach nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

from checker.model.contract import ContractDefects, ContractFiles, Defect, Documents, Node, SecondOpinion
from checker.model.observation import Place, Pointer
from checker.model.repo import Inventory
from checker.model.unavailable import NotApplicable, Unavailable

LARGEST = 5 * 1024 * 1024  # bytes; the validator takes a second for 3 MB
MOST_ERRORS = 50
_HERE = "https://repository.invalid/"  # relative references resolve against it, and no such host can exist (RFC 2606)
_SAID_ELSEWHERE = frozenset({"DuplicateOperationIDError", "UnresolvableParameterError", "ParameterDuplicateError"})
_BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


class _Closed(Mapping[str, Callable[[str], Any]]):
    """A handler for every scheme there is: an unknown one would make the library fetch the URL itself."""

    def __init__(self, handler: Callable[[str], Any]) -> None:
        self.handler = handler

    def __getitem__(self, scheme: str) -> Callable[[str], Any]:
        return self.handler

    def __contains__(self, scheme: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(("https",))

    def __len__(self) -> int:
        return 1


def second_opinion(files: ContractFiles, inventory: Inventory, defects: ContractDefects) -> SecondOpinion:
    """The validator's errors that `defects` does not hold, at most MOST_ERRORS of a document.

    NotApplicable without a document; Unavailable when each is too large. Where the validator itself breaks (it does, on a
    dangling reference: its issue 511), the document is left, with the reason.
    """
    if not files.openapi:
        raise NotApplicable("no OpenAPI or Swagger document in the repository")
    left = {path: why for path in files.openapi if (why := _too_large(path, inventory))}
    asked = [path for path in files.openapi if path not in left]
    if not asked:
        raise Unavailable(f"{'; '.join(left.values())}; leave the rule out with --skip spec-second-opinion")
    checked: list[str] = []
    found: list[Defect] = []
    for path in asked:
        known = [defect for defect in defects.defects if defect.place.path == path]
        told, broken = _asked(path, files.documents)
        found.extend(one for one in told if not _is_known(one, known))
        if broken:
            left[path] = broken
        else:
            checked.append(path)
    return SecondOpinion(tuple(checked), left, tuple(found))


def _too_large(path: str, inventory: Inventory) -> str:
    size = inventory.by_path[path].size if path in inventory.by_path else 0
    if size <= LARGEST:
        return ""
    return f"{path} has {size / 1024 / 1024:.1f} MiB, more than the {LARGEST // 1024 // 1024} that are looked at twice"


def _asked(path: str, documents: Documents) -> tuple[list[Defect], str]:
    """What the validator says of one document, and why it stopped where it did."""
    from referencing.exceptions import Unresolvable

    said: list[Defect] = []
    try:
        validator = _validator(path, documents)
        if validator is None:
            return [], "its version is unknown to openapi-spec-validator"
        # Its first half is the metaschema, the same resource by the same engine as ours: only the second half is news.
        errors = islice(validator.root_validator(validator.schema_path), MOST_ERRORS)
        # One by one, so that what was said before the validator stopped is kept.
        said.extend(_defect(path, documents, one) for one in errors if _counts(one))
    except (*_BROKEN, Unresolvable) as broken:
        return said, f"openapi-spec-validator stopped: {type(broken).__name__}: {_short(str(broken))}"
    return said, ""


def _counts(error: Any) -> bool:
    """Whether an error is news, and none of the library's own: it refuses Swagger 2's `type: file` for an answer."""
    return type(error).__name__ not in _SAID_ELSEWHERE and error.instance != "file"


def _validator(path: str, documents: Documents) -> Any:
    """The validator of the document's version, over values that are read already; no file and no URL is opened."""
    import openapi_spec_validator as library

    def given(uri: str) -> Any:
        file = unquote(uri.removeprefix(_HERE).partition("#")[0])
        if not uri.startswith(_HERE) or file not in documents.values:
            raise LookupError(f"{uri[:80]} is not part of the contract")
        return documents.values[file]

    value = documents.values[path]
    version = str(value.get("openapi") or value.get("swagger") or "")
    kinds = {
        "2.0": library.OpenAPIV2SpecValidator,
        "3.0": library.OpenAPIV30SpecValidator,
        "3.1": library.OpenAPIV31SpecValidator,
    }
    if hasattr(library, "OpenAPIV32SpecValidator"):
        kinds["3.2"] = library.OpenAPIV32SpecValidator
    kind = next((known for prefix, known in kinds.items() if version.startswith(prefix)), None)
    if kind is None:
        return None
    closed = type(kind.__name__, (kind,), {"resolver_handlers": _Closed(given)})
    return closed(value, base_uri=_HERE + quote(path))


def _defect(path: str, documents: Documents, error: Any) -> Defect:
    pointer = _pointer(documents.values[path], error)
    name = Node(documents, path, pointer, None).name if pointer else "as a whole"
    message = _short(str(error.message))
    return Defect(
        "second-opinion", Place(path, pointer=pointer or None), f"{path} {name}: {message[:60]}", message, certain=False
    )


def _pointer(root: Any, error: Any) -> Pointer:
    """Where an error sits: at the very schema, or the very value, of the document that it speaks of."""
    for value in (error.schema, error.instance):
        found = _place_of(root, value) if isinstance(value, (Mapping, list)) else ()
        if found:
            return found
    return ()


def _place_of(root: Any, wanted: Any) -> Pointer:
    stack: list[tuple[Any, Pointer]] = [(root, ())]
    while stack:
        value, pointer = stack.pop()
        if value is wanted:
            return pointer
        members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        stack.extend((child, (*pointer, str(key))) for key, child in members if isinstance(child, (Mapping, list)))
    return ()


def _is_known(one: Defect, known: list[Defect]) -> bool:
    """Whether our own validator has a defect at the place, above it or below it: two voices, one defect."""
    mine = one.place.pointer or ()
    for defect in known:
        theirs = defect.place.pointer
        if theirs is not None and mine and theirs and (theirs[: len(mine)] == mine or mine[: len(theirs)] == theirs):
            return True
    return False


def _short(text: str) -> str:
    """One line; messages of this library may embed the whole document."""
    line = " ".join(text[:2_000].split())
    return line if len(line) <= 200 else f"{line[:197]}…"
