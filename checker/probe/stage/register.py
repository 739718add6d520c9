"""The only place that finds out how a stranger becomes a user of the app: registration and log-in, as its contract has them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.stage_plan import Plan, UserPlan

NAME = "rehearsal"
EMAIL = "rehearsal@example.com"
PASSWORD = "Rehearsal-7-only"  # noqa: S105 - of a user in a database that is thrown away
_REGISTER = re.compile(r"(?i)^(?:register|registration|sign-?up)$")
_CREATE = re.compile(r"(?i)^(?:users?|accounts?|members?|customers?)$")
_LOGIN = re.compile(r"(?i)^(?:log-?in|sign-?in|sessions?|(?:access-?)?tokens?|auth|authenticate|jwt)$")
_PASSWORD = re.compile(r"(?i)passw|^pass$|^pwd$")
_EMAIL = re.compile(r"(?i)e-?mail")
_NAMED = re.compile(r"(?i)^(?:user_?name|user|login|handle|nick_?name|name|display_?name|full_?name)$")
_FORMATS = {"date": "2000-01-02", "date-time": "2000-01-02T03:04:05Z", "uri": "https://example.com/"}
_DEPTH = 6


def newcomer(plan: Plan, document: Mapping[str, Any]) -> UserPlan | None:
    """Who registers and logs in, where nobody is configured; None where the contract shows no way that is open to all."""
    if plan.users or plan.remote or not any(one.protected for one in plan.operations):
        return None
    found = list(_posts(document))
    open_to_all = [one for one in found if not one.is_secured and one.takes_password]
    register = next((one for wanted in (_REGISTER, _CREATE) for one in open_to_all if one.is_called(wanted)), None)
    login = next((one for one in found if one.is_called(_LOGIN) and (one.takes_password or one.is_basic)), None)
    if register is None or login is None:
        return None
    pair = base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
    return UserPlan(
        name=NAME,
        login=f"POST {login.path}",
        body=login.sample if login.takes_password else {},
        login_headers={"Authorization": f"Basic {pair}"} if login.is_basic and not login.takes_password else {},
        made_by=f"POST {register.path}",
        made_of=register.sample,
    )


@dataclass(frozen=True)
class _Post:
    path: str
    is_secured: bool
    is_basic: bool
    sample: Mapping[str, Any]

    @property
    def takes_password(self) -> bool:
        return PASSWORD in str(self.sample)

    def is_called(self, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.match(self.path.rstrip("/").rpartition("/")[2]))


def _posts(document: Mapping[str, Any]) -> Iterator[_Post]:
    everywhere = document.get("security")
    schemes = _at(document, "components", "securitySchemes")
    for path, holder in document.get("paths", {}).items():
        node = holder.get("post") if isinstance(holder, dict) and "{" not in path else None
        if not isinstance(node, dict):
            continue
        security = node.get("security", everywhere)
        names = [name for one in security or () if isinstance(one, dict) for name in one]
        basic = [name for name in names if str(_at(schemes, name).get("scheme", "")).lower() == "basic"]
        secured = isinstance(security, list) and bool(security) and all(security)
        yield _Post(path, secured, bool(basic), _sampled(document, node))


def _sampled(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = _at(_resolved(document, operation.get("requestBody")), "content")
    bodies = [one for kind, one in content.items() if "json" in kind or "form-urlencoded" in kind]
    schema = bodies[0].get("schema") if bodies and isinstance(bodies[0], dict) else None
    value = _value(document, schema, "", 0)
    return value if isinstance(value, dict) else {}


def _value(document: Mapping[str, Any], schema: Any, name: str, depth: int) -> Any:
    """Something that a schema allows, as far as a name, a type and bounds tell."""
    schema = _resolved(document, schema)
    for word in ("allOf", "anyOf", "oneOf"):
        parts = [part for one in schema.get(word) or () if (part := _resolved(document, one)).get("type") != "null"]
        for part in parts if word == "allOf" else parts[:1]:
            joined = {**_at(schema, "properties"), **_at(part, "properties")}
            needed = [*(schema.get("required") or ()), *(part.get("required") or ())]
            schema = {**schema, **part, **({"properties": joined, "required": needed} if joined else {})}
    if "properties" in schema and depth < _DEPTH:
        required = set(schema.get("required") or ())
        known = {key: _resolved(document, one) for key, one in schema["properties"].items()}
        asked = {key: one for key, one in known.items() if not one.get("readOnly")}
        wanted = {key: one for key, one in asked.items() if key in required or _is_identity(key, one)}
        return {key: _value(document, one, key, depth + 1) for key, one in wanted.items()}
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    if kind == "array":
        return [_value(document, schema.get("items"), name, depth + 1)] * int(schema.get("minItems") or 0)
    return {} if kind == "object" else _text(schema, name)


def _is_identity(name: str, schema: Mapping[str, Any]) -> bool:
    told = _PASSWORD.search(name) or _EMAIL.search(name) or re.match(r"(?i)^user_?name$", name)
    return bool(told) and schema.get("type", "string") not in ("boolean", "integer", "number", "array")


def _text(schema: Mapping[str, Any], name: str) -> str:
    if _PASSWORD.search(name):
        return PASSWORD
    if _EMAIL.search(name) or schema.get("format") == "email":
        return EMAIL
    if _NAMED.match(name):
        return NAME
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    least, most = int(schema.get("minLength") or 0), int(schema.get("maxLength") or 200)
    return (NAME * (least // len(NAME) + 1))[: max(least, min(len(NAME), most))]


def _resolved(document: Mapping[str, Any], node: Any) -> dict[str, Any]:
    for _ in range(_DEPTH):
        ref = node.get("$ref") if isinstance(node, dict) else None
        if not isinstance(ref, str) or not ref.startswith("#/"):
            break
        node = _at(document, *ref[2:].split("/"))
    return node if isinstance(node, dict) else {}


def _at(node: Any, *names: str) -> dict[str, Any]:
    for name in names:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}
