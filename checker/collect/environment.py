"""The only place that finds the environment variables of the source, and the documents that name them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.collect.env_files import is_env_file
from checker.collect.files import Root, Unreadable
from checker.model.environment import Environment, Variable
from checker.model.observation import Place
from checker.model.repo import File, Inventory, Role
from checker.model.unavailable import Unavailable

LARGEST = 2 << 20  # bytes
_SCRIPTED = (".ts", ".tsx", ".js", ".mjs", ".cjs", ".mts", ".cts")
_READS = re.compile(r"environ|getenv|BaseSettings|\bconfig\(|\benv[.(]|Env\(")
_NODE = re.compile(
    r"\bprocess\.env(?:\.([A-Z][A-Z0-9_]+)|\[\s*[\"'`]([A-Z][A-Z0-9_]+)[\"'`]\s*\])|\bDeno\.env\.get\(\s*[\"']([A-Z][A-Z0-9_]+)"
)
_ELSE = re.compile(r"\s*(?:\|\||\?\?|[!=]==?|\?)")  # another value, a comparison or a choice follows
_FRONTEND = re.compile(r"(?:^|/)(?:frontend|webapp|web-app|client|ui|static|mobile)/|\.(?:config|setup)\.[cm]?[jt]s$")
_NAME = re.compile(r"\b[A-Z][A-Z0-9_]{1,80}\b")
_EXAMPLE = re.compile(r"example|sample|template|dist$|default|schema", re.IGNORECASE)
_PROSE = (".md", ".mdx", ".rst", ".adoc", ".txt")
_DESCRIBES = re.compile(
    r"(?:.*/)?(?:app\.json|render\.ya?ml|values[\w.-]*\.ya?ml|Chart\.yaml|env[\w.-]*\.(?:ya?ml|json))", re.IGNORECASE
)
_CALLS = frozenset(
    "os.getenv getenv os.environ.get environ.get os.environ.setdefault os.environ.pop env config decouple.config env.str env.int"
    " env.bool env.list env.get env.float env.url env.db env.json environ.Env".split()
)


@dataclass(frozen=True, slots=True)
class _Read:
    """One place where a variable is read; `optional` when something stands beside it for where it is not set."""

    name: str
    line: int
    optional: bool = False
    setting: bool = False


def environment(root: Root, inventory: Inventory) -> Environment:
    """The variables that runtime source reads, and the names that documents and example files hold."""
    found: dict[str, list[tuple[Place, _Read]]] = {}
    documented: set[str] = set()
    examples, unread = [], []
    for file in inventory.files:
        try:
            if _is_source(file):
                for one in _read(file.path, root.text(file.path, LARGEST).text):
                    found.setdefault(one.name, []).append((Place(file.path, (one.line, one.line)), one))
            elif _documents(file):
                text = root.text(file.path, LARGEST).text
                documented.update(_NAME.findall(text if not is_env_file(file.path) else text.upper()))
                examples += [file.path] if is_env_file(file.path) else []
        except (Unreadable, Unavailable, SyntaxError, ValueError, RecursionError, MemoryError):
            unread.append(file.path)
    variables = tuple(
        Variable(
            name,
            places[0][0],
            tuple(dict.fromkeys(place for place, _ in places[1:6])),
            all(one.optional for _, one in places),
            all(one.setting for _, one in places),
        )
        for name, places in sorted(found.items())
    )
    return Environment(variables, frozenset(documented), tuple(examples), tuple(unread))


def _is_source(file: File) -> bool:
    settles = file.role is Role.RUNTIME or file.path.endswith("/env.py")  # of migrations, what each of their runs reads
    source = file.path.endswith((".py", *_SCRIPTED)) and settles and _FRONTEND.search(file.path) is None
    return source and not file.symlink and file.size <= LARGEST


def _documents(file: File) -> bool:
    if file.symlink or file.role in (Role.VENDORED, Role.GENERATED) or file.size > LARGEST:
        return False
    if is_env_file(file.path):
        return _EXAMPLE.search(file.path.rpartition("/")[2]) is not None
    return file.path.lower().endswith(_PROSE) or _DESCRIBES.fullmatch(file.path) is not None


def _read(path: str, text: str) -> Iterator[_Read]:
    if not path.endswith(".py"):
        for found in _NODE.finditer(text):
            optional = _ELSE.match(text, found.end()) or text[: found.start()].endswith("!")
            name = found[1] or found[2] or found[3]
            yield _Read(name, text.count("\n", 0, found.start()) + 1, bool(optional))
    elif _READS.search(text) and "down_revision" not in text:  # a migration reads what was set years ago
        tree = ast.parse(text)
        spared = {
            id(one.values[0]) for one in ast.walk(tree) if isinstance(one, ast.BoolOp) and isinstance(one.op, ast.Or)
        }
        for node in ast.walk(tree):
            yield from _named(node, spared=id(node) in spared)
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base).endswith("BaseSettings") for base in node.bases
            ):
                yield from _fields(node)


def _named(node: ast.AST, *, spared: bool) -> Iterator[_Read]:
    """The literal name of a variable that an expression reads. `spared`: an `or` follows with another value."""
    spared = spared or (isinstance(node, ast.Call) and (len(node.args) > 1 or any(map(_is_default, node.keywords))))
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value) in ("os.environ", "environ")
    ):
        name: ast.expr | None = node.slice
    elif (
        isinstance(node, ast.Call)
        and node.args
        and isinstance(node.func, (ast.Name, ast.Attribute))
        and ast.unparse(node.func) in _CALLS
    ):
        name = node.args[0]
    else:
        return
    if isinstance(name, ast.Constant) and isinstance(name.value, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", name.value):
        yield _Read(name.value, node.lineno, spared)


def _is_default(one: ast.keyword) -> bool:
    return one.arg == "default"


def _fields(node: ast.ClassDef) -> Iterator[_Read]:
    """The variables that the fields of a settings class stand for, with the prefix that the class gives them."""
    source = ast.unparse(node)
    prefix = re.search(r"env_prefix\s*=\s*['\"]([^'\"]*)['\"]|['\"]env_prefix['\"]:\s*['\"]([^'\"]*)['\"]", source)
    before = (prefix[1] or prefix[2] or "") if prefix else ""
    for one in node.body:
        if (
            isinstance(one, ast.AnnAssign)
            and isinstance(one.target, ast.Name)
            and not one.target.id.startswith(("_", "model_config"))
        ):
            told = ast.unparse(one.annotation)
            alias = re.search(
                r"(?:validation_)?alias=['\"]([^'\"]+)['\"]|\benv=['\"]([^'\"]+)['\"]",
                ast.unparse(one.value) if one.value else "",
            )
            if "ClassVar" not in told and "Settings" not in told and "exclude=True" not in source:
                name = (alias[1] or alias[2]) if alias else before + one.target.id
                yield _Read(name.upper(), one.lineno, one.value is not None, setting=True)
