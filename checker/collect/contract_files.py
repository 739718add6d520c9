"""The only place that decides which files are the API's contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from checker.collect.documents import Loaded, Read, follow, read_value
from checker.collect.files import Root, Unreadable
from checker.model.contract import ContractFiles, Defect
from checker.model.observation import Place
from checker.model.repo import File, Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import Unavailable

SEARCHED = frozenset({Role.RUNTIME, Role.DOCS, Role.GENERATED, Role.SCRIPT})
DATA = (".yaml", ".yml", ".json")
SDL = (".graphql", ".gql", ".graphqls")
_NAME = re.compile(r"(?i)openapi|swagger")
_EXACT = re.compile(r"(?i)^(openapi|swagger)\.(ya?ml|json)$")
_ANYWHERE = re.compile(rb"""["']?(?:openapi|swagger)["']?\s*:\s*(?:[&!]\S*\s+)*["']?[23]\.""")
_KEY = re.compile(  # the field that makes a contract, at the top of YAML or anywhere in JSON, or a letter of it escaped
    rb"""(?m)^["']?(?:openapi|swagger)["']?[ \t]*:|["'](?:openapi|swagger)["']\s*:|\\u00[4-7]"""
)
_TYPES = re.compile(  # `type Order`, never the field `type` of a client's query
    rb"(?m)^[ \t]*(?:extend[ \t]+)?(?:type|interface|input|enum|union|scalar)[ \t]+\w"
    rb"|^(?:extend[ \t]+)?schema\b[^\n:(]*[{@]|^directive[ \t]+@"
)
_BYTE_ORDER = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)")
_NO_VERSION = "it is no contract: a mapping with the field `openapi` (or `swagger`) that names the version"
_SEARCHED_WHOLE = 8 * 1024 * 1024  # bytes; of a larger file, that many are searched for what may give it away


def contract_files(root: Root, inventory: Inventory, description: Description) -> ContractFiles:
    """The contracts that the configuration names; without one, those that show themselves by content or name."""
    named = description.layout.openapi
    missing = tuple(path for path in (*named, *description.layout.graphql) if path not in inventory.by_path)
    present = [path for path in named if path not in missing]
    shown = list(_candidates(root, inventory))
    loaded = Loaded()
    found = load_contracts(present or shown, root.text, inventory, loaded, keep_all=bool(present))
    copies = dict(_copies(found, loaded))
    return ContractFiles(
        openapi=tuple(path for path in found if path not in copies),
        graphql=tuple(description.layout.graphql or _schemas(root, inventory)),
        missing=missing,
        unreadable=tuple(loaded.unreadable),
        broken_refs=tuple(loaded.broken_refs),
        duplicates=loaded.duplicates,
        copies=copies,
        documents=loaded.documents,
        streams=loaded.streams,
        passed_over=tuple(_passed_over(inventory, shown if present else (), (*found, *copies, *missing))),
    )


def _passed_over(inventory: Inventory, shown: Iterable[str], judged: tuple[str, ...]) -> Iterator[str]:
    """Files that look like contracts and are not judged: the configuration names others, or they are not runtime files."""
    called = (file.path for file in inventory.files if file.role not in SEARCHED and _EXACT.match(_own_name(file.path)))
    yield from sorted({*shown, *called} - {*judged})


def _own_name(path: str) -> str:
    return path.rpartition("/")[2]


def load_contracts(
    candidates: Iterable[str], read: Read, inventory: Inventory, loaded: Loaded, *, keep_all: bool
) -> list[str]:
    """Read candidates and all that they refer to; the paths that are contracts (all of them with `keep_all`)."""
    found = []
    for path in candidates:
        if path in loaded.values or _read(path, read, loaded):
            if keep_all or _is_contract(loaded.values[path]):
                found.append(path)
            else:
                if _poses(path, loaded.values[path]):
                    loaded.unreadable.append(Defect("malformed", Place(path), path, _NO_VERSION))
                loaded.forget(path)
    follow(found, read, lambda path: path in inventory.by_path, loaded)
    return found


def _read(path: str, read: Read, loaded: Loaded) -> bool:
    """Read a candidate. One that a template engine has yet to fill is no document, and that is no defect."""
    before = len(loaded.unreadable)
    is_read = read_value(path, read, loaded)
    if not is_read and ("{{" in path or not is_called_contract(path)):
        del loaded.unreadable[before:]
    return is_read


def _is_contract(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("openapi", value.get("swagger")), (str, int, float))


def _poses(path: str, value: object) -> bool:
    """Whether a file that bears a contract's name, and is none, must have been meant as one."""
    is_called_so = _EXACT.match(_own_name(path)) is not None
    return is_called_so and (not isinstance(value, dict) or bool({"paths", "components", "definitions"} & value.keys()))


def is_called_contract(path: str) -> bool:
    """Whether a file's own name says that it is a contract."""
    return _NAME.search(_own_name(path)) is not None


def may_be_contract(data: bytes) -> bool:
    """Whether a file's content lets it pass for a contract at all; its reader decides."""
    return _ANYWHERE.search(_bare(data)) is not None


def _candidates(root: Root, inventory: Inventory) -> Iterator[str]:
    """Data files that may be contracts by name or by content; reading them whole decides."""
    for file in inventory.files:
        if file.role in SEARCHED and file.path.lower().endswith(DATA):
            name = _own_name(file.path)
            if _EXACT.match(name) or _shows(root, file, _ANYWHERE if _NAME.search(name) else _KEY):
                yield file.path


def _shows(root: Root, file: File, mark: re.Pattern[bytes]) -> bool:
    """Whether a file holds the mark; what cannot be opened shows nothing."""
    if file.symlink or file.size == 0:
        return False
    try:
        data = root.head(file.path, _SEARCHED_WHOLE)
    except (Unavailable, Unreadable):
        return False
    return mark.search(_bare(data)) is not None


def _bare(data: bytes) -> bytes:
    """Bytes as a mark can be searched in them, whatever Unicode encoding they are in."""
    return _BYTE_ORDER.sub(b"", data.replace(b"\0", b""))


def _schemas(root: Root, inventory: Inventory) -> Iterator[str]:
    """SDL files that define types; documents that only hold a client's queries are not schemas."""
    for file in inventory.files:
        if file.role in SEARCHED and file.path.lower().endswith(SDL) and _shows(root, file, _TYPES):
            yield file.path


def _copies(found: list[str], loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Each contract that says word for word what an earlier one says, with that one."""
    for position, path in enumerate(found):
        same = next((other for other in found[:position] if loaded.values[other] == loaded.values[path]), None)
        if same is not None:
            yield path, same
