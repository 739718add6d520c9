"""Runs in the audited project's interpreter: imports the app and writes its routes as JSON."""

import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
import traceback
from typing import Any, Dict, Iterator, List, Tuple


def main() -> None:
    output, entries = sys.argv[1], sys.argv[2:]
    sys.path.insert(0, os.getcwd())
    answer: Dict[str, Any] = {"errors": []}
    for entry in entries:
        try:
            app = load(entry)
            found = list(routes(app))
            if found or not answer.get("entry"):
                answer.update(entry=entry, kind=kind(app), routes=found, document=document(app), servers=servers())
            if found:
                break
        except BaseException:
            answer["errors"].append([entry, traceback.format_exc()[-4000:]])
    with open(output, "w", encoding="utf-8") as file:
        json.dump(answer, file, default=str)


def load(entry: str) -> Any:
    module, _, attribute = entry.partition(":")
    factory = attribute.endswith("()")
    attribute = attribute[:-2] if factory else attribute
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found() if factory else found


def servers() -> List[str]:
    found = []
    for name in ("uvicorn", "hypercorn", "granian", "flask", "gunicorn"):
        if importlib.util.find_spec(name):
            found.append(name)
    return found


def kind(app: Any) -> str:
    return "flask" if hasattr(app, "url_map") and hasattr(app, "wsgi_app") else "asgi"


def document(app: Any) -> Any:
    try:
        return app.openapi() if callable(getattr(app, "openapi", None)) else None
    except BaseException:
        return None


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
    if hasattr(route, "route_handler_method_map"):
        yield from litestar_routes(route)
        return
    if path is not None:
        yield from leaf(route, prefix, route)


def litestar_routes(route: Any) -> Iterator[Dict[str, Any]]:
    for method, pair in route.route_handler_method_map.items():
        handler = pair[0] if isinstance(pair, tuple) else pair
        parts = [("{%s}" % part.name) if hasattr(part, "name") else part for part in route.path_components]
        function = getattr(handler.fn, "value", handler.fn)
        shown = getattr(handler, "resolve_include_in_schema", lambda: True)()
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
