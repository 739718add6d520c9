"""The only place that says what stands between a caller and a route, along the whole chain of includes."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from checker.collect.code.program import Key, Program
from checker.model.modules import Guard

_DEEPEST = 8
_AUTH = re.compile(
    r"(?i)current_?(?:active_?)?(?:super_?)?(?:user|account|admin|member|tenant|principal|customer)|authenticat|authori[sz]|is_?auth|with_?auth"
    r"|requires?_?(?:auth|user|login|role|perm|admin|scope|token|api_?key|session)|verify_?(?:token|jwt|api_?key|signature|user|access|session|auth|webhook|bot|cron|caller|client|service|\w*bot\b)"
    r"|check_?(?:auth|perm|token|access|role|api_?key|scope)|validate_?(?:token|jwt|api_?key|session)|login_?required|jwt_?required|permission|principal"
    r"|super_?user|is_?admin|admin_?(?:required|only)|auth_?(?:user|required|guard|dep|bearer|middleware|handler|subject|context)|(?:^|[_.])auth(?:$|[_.])|^auth[A-Z(]"
    r"|api_?key|HTTPBearer|OAuth2|HTTPBasic|protect(?:ed)?(?:Route)?$|ensure_?(?:auth|logged|user|admin)|logged_?in|guard|passport|\bjwt|session_?user|user_?session"
    r"|roles?_?(?:required|allowed)|\bRoles?$|rbac|signature|token_?required|bearer|caller"
)
_NO_AUTH = re.compile(r"(?i)optional|^(?:no|skip|without|disable|public)|throttl|rate_?limit|\.optional$")
_DEPENDS = re.compile(r"\b(?:Depends|Security)\(\s*([\w.]+)?")
_WORD = re.compile(r"[A-Za-z_][\w.]*")


class Guards:
    """What guards each route of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._parents: dict[Key, list[tuple[Key, str, str]]] = defaultdict(list)
        self._own: dict[Key, list[str]] = defaultdict(list)  # middlewares of a router or app
        self._unfollowed = False
        self._lost = False  # some include leads to what is no router that we know
        self._everywhere: list[str] = []
        self._chained: dict[Key, str] = {}
        self._asked: dict[tuple[str, str], str] = {}
        for path, facts in program.modules.items():
            self._includes(path, facts["includes"])
            for name, (_, text) in ((name, found) for name, found in facts["names"].items() if len(found) == 2):
                if re.match(r"add_middleware \d", name):
                    self._everywhere.append(self._by_words(path, text, 0))

    def of(self, path: str, route: list[Any]) -> tuple[Guard, str, str]:
        """The guard of a route, what it is, and the path with the prefixes of the chain."""
        owner, _, own_path, symbol, _, _, asks, decorator, decorators, text, _ = route
        key = self._program.resolve(path, owner)
        whole = self._prefix(key, 0) + str(own_path) if key else str(own_path)
        by = self._direct(path, str(symbol), str(asks), str(decorator), decorators, str(text))
        by = by or (self._chain(key) if key else "")
        if by:
            return Guard.GUARDED, by, whole
        outer = next((one for one in self._everywhere if one), "")
        if outer:
            return Guard.UNKNOWN, f"{outer} may ask for it before the route", whole
        if self._unfollowed and (key is None or not self._parents.get(key)):
            return Guard.UNKNOWN, "its router is included where it could not be followed", whole
        if key and self._is_left_out(key):
            return Guard.UNKNOWN, "its router is included nowhere, so that nothing leads to it", whole
        return Guard.OPEN, "", whole

    def _is_left_out(self, key: Key) -> bool:
        """Whether other routers are included, each by a name that could be followed, and this one is not."""
        made = self._program.modules[key[0]]["routers"].get(key[1]) if key[0] in self._program.modules else None
        part = made is not None and str(made[0]).endswith(("APIRouter", "Blueprint"))
        return part and bool(self._parents) and not self._lost and not self._parents.get(key)

    def _direct(self, path: str, symbol: str, asks: str, decorator: str, decorators: list[str], text: str) -> str:
        if path.endswith(".py"):
            found = self._by_dependencies(path, f"{decorator} {asks}", 0) or self._by_annotations(path, asks)
            found = found or next(
                (by for one in decorators if one != decorator and (by := self._by_words(path, one, 0))), ""
            )
        else:
            found = (
                ""
                if re.search(r"(?i)@(?:public|skipAuth|allowAnonymous|noAuth)\b", decorator)
                else self._by_words(path, decorator, 0)
            )
        if not found and _refuses(text):
            found = "the handler itself"
        holder = symbol.rpartition(".")[0].rpartition(".")[2]
        if not found and holder and path.endswith(".py"):
            found = self._by_name(path, holder, 0)
        if not found and not path.endswith(".py") and re.fullmatch(r"[\w.]+", asks or ""):
            found = self._by_name(path, asks, 0)
        return found

    def _by_dependencies(self, path: str, text: str, depth: int) -> str:
        """What `Depends(…)` and `Security(…)` in a text lead to, where it asks who calls."""
        for found in _DEPENDS.finditer(text):
            name = found[1] or ""
            if found[0].startswith("Security"):
                return name or "Security"
            if name and (by := self._by_name(path, name, depth)):
                return by
        return ""

    def _by_annotations(self, path: str, asks: str, depth: int = 0) -> str:
        words: list[str] = _WORD.findall(asks)
        for one in words:
            if one[:1].isupper() or "." in one:
                key = self._program.resolve(path, one)
                found = self._program.text(key) if key and key[1] else None
                if (
                    found
                    and key
                    and re.search(r"Depends|Security", found[1])
                    and (by := self._by_name(path, one, depth))
                ):
                    return by
                if key is None and re.match(r"Current[A-Z]\w*|\w*(?:Principal|AuthSubject|AuthContext)$", one):
                    return one
        return ""

    def _by_words(self, path: str, text: str, depth: int) -> str:
        """Any name in a text that says it asks who calls, or that leads to one that does."""
        for one in _WORD.findall(re.sub(r"""(["'`])(?:(?!\1).)*\1""", "", text)):
            if by := self._by_name(path, one, depth):
                return by
        return ""

    def _by_name(self, path: str, name: str, depth: int) -> str:
        last = name.rpartition(".")[2]
        if _NO_AUTH.search(name):
            return ""
        if _AUTH.search(name) or _AUTH.search(last):
            return name
        if depth >= _DEEPEST:
            return ""
        if (path, name) not in self._asked:
            self._asked[path, name] = ""  # a circle asks nothing
            self._asked[path, name] = self._by_declaration(path, name, depth)
        return self._asked[path, name]

    def _by_declaration(self, path: str, name: str, depth: int) -> str:
        key = self._program.resolve(path, name)
        found = self._program.text(key) if key else None
        if not key or not found:
            return ""
        kind, text = found
        if text.endswith(" refuses"):
            return name
        by = self._by_dependencies(key[0], text, depth + 1)
        if not by and kind == "function" and key[0].endswith(".py"):
            by = self._by_annotations(key[0], text, depth + 1)
        if not by and kind == "class":
            bases = re.match(r"\(([^)]*)\)", text)
            by = self._by_words(key[0], bases[1] if bases else "", depth + 1)
            by = by or self._by_annotations(key[0], text, depth + 1)
        if not by and kind == "value" and not key[0].endswith(".py"):
            by = self._by_words(key[0], text[:300], depth + 3)
        elif not by and kind == "value" and (made := re.match(r"[\w.]+(?=\()", text)):
            by = self._by_name(key[0], made[0], depth + 1)
        return by

    def _includes(self, path: str, includes: list[list[str]]) -> None:
        for one in includes:
            parent, child, prefix, text, *verb = one
            to = self._program.resolve(path, parent) or (path, parent)
            if verb and verb[0].startswith("before_"):
                self._own[to].append(self._by_words(path, child, 0))
                continue
            what = self._program.resolve(path, re.split(r"[.(]", child)[0] if verb else child)
            is_router = (
                what is not None and what[1] in self._program.modules[what[0]]["routers"] if what and what[1] else False
            )
            if is_router and what is not None:
                self._parents[what].append((to, prefix, text))
            elif verb:
                self._own[to].append(self._by_words(path, f"{text} {child}", 0))
            else:
                self._lost = self._lost or "StaticFiles" not in child
                self._unfollowed = self._unfollowed or "Depends" in text or "Security" in text

    def _chain(self, key: Key) -> str:
        """What guards a router itself, or every way by which it is included; each router is looked at once."""
        if key not in self._chained:
            self._chained[key] = ""  # a circle of includes guards nothing
            self._chained[key] = self._of_router(key) or self._of_ways(key)
        return self._chained[key]

    def _of_router(self, key: Key) -> str:
        made = self._program.modules[key[0]]["routers"].get(key[1]) if key[0] in self._program.modules else None
        by = ""
        if made:
            by = self._by_dependencies(key[0], str(made[2]), 0) or self._by_name(key[0], str(made[0]), 0)
        return by or next((one for one in self._own.get(key, ()) if one), "")

    def _of_ways(self, key: Key) -> str:
        ways = [self._way(parent, text) for parent, _, text in self._parents.get(key, ())]
        return ways[0] if ways and all(ways) else ""

    def _way(self, parent: Key, text: str) -> str:
        python = parent[0].endswith(".py")
        by = self._by_dependencies(parent[0], text, 0) if python else self._by_words(parent[0], text, 0)
        return by or self._chain(parent)

    def _prefix(self, key: Key, depth: int) -> str:
        made = self._program.modules[key[0]]["routers"].get(key[1]) if key[0] in self._program.modules else None
        own = str(made[1]) if made else ""
        parents = self._parents.get(key, ())
        if depth > _DEEPEST or not parents:
            return own
        parent, prefix, _ = parents[0]
        return f"{self._prefix(parent, depth + 1)}{prefix}{own}"


_REFUSES = re.compile(
    r"\b40[13]\b|HTTP_40[13]|Unauthori[sz]ed|Unauthenticated|Forbidden|PermissionDenied|NotPermitted|AccessDenied|UNAUTHORIZED|FORBIDDEN"
    r"|(?i:authorization)[\"']|verify_jwt_in_request|current_user\b|getServerSession|compare_digest|timingSafeEqual|construct_event|constructEvent"
    r"|req(?:uest)?\.(?:user|auth)\b|auth_user|authenticate\("
)


def _refuses(text: str) -> bool:
    """Whether the body of a handler asks who calls by itself."""
    return _REFUSES.search(text) is not None
