"""Runs in the audited project's interpreter: imports the app, writes its routes as JSON, and may serve it from then on."""

import enum
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import re
import runpy
import sys
import traceback
from typing import Any, Dict, Iterator, List, Tuple

SERVERS = ("uvicorn", "hypercorn", "granian", "flask", "gunicorn")
FRAMEWORKS = ("fastapi", "starlette", "litestar")
DRIVERS = ("asyncpg", "psycopg", "psycopg2", "pg8000", "aiosqlite")


def main() -> None:
    """`routes.py OUTPUT ENTRY… [--then MODULE ARGUMENT…]`: as `python -m MODULE` afterwards, in the same process."""
    output, entries, then = sys.argv[1], sys.argv[2:], []
    if "--then" in entries:
        at = entries.index("--then")
        entries, then = entries[:at], entries[at + 1 :]
    sys.path[0] = os.getcwd()  # as for `python -m`; and no module of this folder stands in for one of theirs
    describe(output, entries)
    if then:
        sys.argv = then
        runpy.run_module(then[0], run_name="__main__", alter_sys=True)


def describe(output: str, entries: List[str]) -> None:
    answer: Dict[str, Any] = {"errors": [], "drivers": installed(DRIVERS), "versions": versions()}
    for entry in entries:
        try:
            app = load(entry)
            found = list(routes(app))
            if found or not answer.get("entry"):
                answer.update(entry=entry, kind=kind(app), routes=found, servers=installed(SERVERS))
            if found:
                break
        except BaseException:
            answer["errors"].append([entry, traceback.format_exc()[-4000:]])
    answer["settings"] = list(settings())
    with open(output + ".part", "w", encoding="utf-8") as file:
        json.dump(answer, file, default=str)
    os.replace(output + ".part", output)


def load(entry: str) -> Any:
    module, _, attribute = entry.partition(":")
    factory = attribute.endswith("()")
    attribute = attribute[:-2] if factory else attribute
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found() if factory else found


def installed(names: Tuple[str, ...]) -> List[str]:
    return [name for name in names if importlib.util.find_spec(name)]


def versions() -> Dict[str, str]:
    found = {"Python": sys.version.split()[0]}
    for name in (*FRAMEWORKS, *SERVERS):
        try:
            found[name] = importlib.metadata.version(name)
        except Exception:
            continue
    return found


def settings() -> Iterator[Dict[str, Any]]:
    """The fields of every settings class that has been defined by now, as environment variables."""
    seen = set()
    waiting = []
    for name in ("pydantic_settings", "pydantic", "pydantic.v1"):
        try:
            waiting.append(getattr(sys.modules[name], "BaseSettings"))
        except BaseException:
            continue
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one not in seen and not one.__module__.startswith("pydantic"):
            try:
                yield from fields(one)
            except Exception:
                pass
        seen.add(one)


def fields(one: Any) -> Iterator[Dict[str, Any]]:
    if hasattr(one, "model_fields"):
        config = one.model_config
        upper = not config.get("case_sensitive")
        yield from new_fields(one, one, config.get("env_prefix") or "", config.get("env_nested_delimiter"), upper, True)
        return
    for field in one.__fields__.values():
        names = sorted(field.field_info.extra.get("env_names") or {field.name})
        upper = not getattr(one.__config__, "case_sensitive", False)
        name = names[0].upper() if upper else names[0]
        yield setting(one, name, field.required, field.outer_type_, field.default)


def new_fields(
    of: Any, model: Any, prefix: str, delimiter: Any, upper: bool, outer: bool, depth: int = 0
) -> Iterator[Dict[str, Any]]:
    for name, field in model.model_fields.items():
        alias = field.validation_alias or field.alias
        choices = getattr(alias, "choices", None) or [alias]
        alias = next((choice for choice in choices if isinstance(choice, str)), None)
        env = alias if alias and not depth else prefix + (alias or name)
        required = outer and field.is_required()
        if delimiter and depth < 4 and hasattr(field.annotation, "model_fields"):
            yield from new_fields(of, field.annotation, env + delimiter, delimiter, upper, required, depth + 1)
            continue
        yield setting(of, env.upper() if upper else env, required, field.annotation, field.default)


def setting(of: Any, name: str, required: Any, annotation: Any, default: Any) -> Dict[str, Any]:
    values = getattr(annotation, "__args__", ()) if "Literal" in str(annotation) else ()
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        values = [one.value for one in annotation]
    return {
        "of": of.__name__,
        "env": name,
        "required": required is True,
        "type": getattr(annotation, "__name__", None) if inspect.isclass(annotation) else str(annotation),
        "choice": "=%s" % values[0] if values and isinstance(values[0], (str, int)) else "",
        "default": str(default) if isinstance(default, (str, int)) or "://" in str(default) else "",
    }


def kind(app: Any) -> str:
    return "flask" if hasattr(app, "url_map") and hasattr(app, "wsgi_app") else "asgi"


def routes(app: Any) -> Iterator[Dict[str, Any]]:
    if hasattr(app, "url_map"):
        yield from flask_routes(app)
        return
    for one in getattr(app, "routes", ()):
        yield from walk(one, "")


def flask_routes(app: Any) -> Iterator[Dict[str, Any]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        path = "".join("{%s}" % part if is_converter else part for is_converter, part in pieces(rule))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield row(method, path, view, rule.endpoint != "static")


def pieces(rule: Any) -> Iterator[Tuple[bool, str]]:
    for part in re.split(r"(<[^>]+>)", rule.rule):
        if part.startswith("<"):
            yield True, part[1:-1].rpartition(":")[2]
        elif part:
            yield False, part


def walk(route: Any, prefix: str, depth: int = 0) -> Iterator[Dict[str, Any]]:
    """A route, or whatever holds routes: a mount, an included router, a host."""
    if depth > 20:
        return
    path = getattr(route, "path", None)
    inner = getattr(route, "routes", None)
    endpoint = getattr(route, "endpoint", None)
    effective = getattr(route, "effective_route_contexts", None)
    if callable(effective):
        for one in effective():
            yield from leaf(one, prefix, one)
        return
    if inner and endpoint is None:
        for one in inner:
            yield from walk(one, prefix + (path or getattr(route, "prefix", "") or ""), depth + 1)
        return
    if hasattr(route, "route_handler_method_map") or hasattr(route, "route_handler_map"):
        yield from litestar_routes(route)
        return
    if path is not None:
        yield from leaf(route, prefix, route)


def litestar_routes(route: Any) -> Iterator[Dict[str, Any]]:
    known = getattr(route, "route_handler_method_map", None) or route.route_handler_map
    for method, pair in known.items():
        handler = pair[0] if isinstance(pair, tuple) else pair
        parts = [("{%s}" % part.name) if hasattr(part, "name") else part for part in route.path_components]
        function = getattr(handler.fn, "value", handler.fn)
        shown = getattr(handler, "resolve_include_in_schema", lambda: True)() is not False
        shown = shown and getattr(handler, "include_in_schema", True) is not False
        if str(method) not in ("HEAD", "OPTIONS"):
            yield row(str(method), "/" + "/".join(parts), function, shown)


def leaf(route: Any, prefix: str, source: Any) -> Iterator[Dict[str, Any]]:
    path = prefix + route.path
    listed = bool(getattr(route, "include_in_schema", True))
    for method in sorted((getattr(route, "methods", None) or set()) - {"HEAD", "OPTIONS"}):
        yield row(method, plain(path), getattr(source, "endpoint", None), listed)


def plain(path: str) -> str:
    """`/files/{name:path}` as a contract writes it."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def row(method: str, path: str, function: Any, listed: bool) -> Dict[str, Any]:
    function = inspect.unwrap(function) if callable(function) else function
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__call__", None), "__code__", None)
    return {
        "method": method,
        "path": path,
        "file": code.co_filename if code else "",
        "line": code.co_firstlineno if code else 0,
        "listed": listed,
    }


main()
