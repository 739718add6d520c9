"""Finds its way in a running app: who can log in, which rows exist, and what a real request of each operation looks like."""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from checker.model.rehearsal import Exchange
from checker.model.stage_plan import OperationPlan, Plan, UserPlan
from checker.probe.stage.client import Client, NoAnswer, decoded
from checker.probe.stage.session import Refused, at, guard, logged_in, sent, token_in

_ROWS = ("data", "items", "results", "values", "records", "rows", "list", "content", "entries", "_embedded")
_PARAMETER = re.compile(r"\{([^{}]+)\}")
MOST_ROWS = 20


class Explorer:
    """What is known of one running app, seen by its first user."""

    def __init__(self, plan: Plan, client: Client) -> None:
        self.plan = plan
        self.client = client
        self.notes: list[str] = []
        self.credentials: dict[str, dict[str, str]] = {}
        self._rows: dict[str, list[str]] = {}
        self._anonymous: dict[str, str] = {}
        for user in plan.users:
            self._log_in(user)
        if not self.credentials:
            self._anonymous = sent(guard(client, {}, (plan.ready or "/",)))

    @property
    def headers(self) -> dict[str, str]:
        """Of the first user who could log in; where nobody could, what a guard against forged requests wants to see."""
        return next(iter(self.credentials.values()), self._anonymous)

    @property
    def known_by(self) -> tuple[str, ...]:
        """The headers by which the app knows who asks."""
        return tuple(self.headers) if self.credentials else ("Authorization",)

    def _log_in(self, user: UserPlan) -> None:
        if user.headers:
            self.credentials[user.name] = dict(user.headers)
            return
        try:
            came = self._registered(user) if user.made_by else {}
            extra = {**self.key(user.login), **user.login_headers}
            headers = came or logged_in(self.client, user, extra, user.token)
            self.credentials[user.name] = self._taken(headers) if user.made_by else headers
        except (NoAnswer, Refused) as refused:
            self.notes.append(f"user {user.name} could not log in: {refused}")

    def _registered(self, user: UserPlan) -> dict[str, str]:
        """Make the user; the headers of one who is in by that alone. Raises Refused, and NoAnswer."""
        method, _, path = user.made_by.partition(" ")
        body = dict(user.made_of)
        answer = self.client.ask(method, path, body=body, headers=self.key(user.made_by), operation=user.made_by)
        if not 200 <= answer.status < 300:
            raise Refused(f"{user.made_by} answered {answer.status} {answer.answer[:160]}".replace("\n", " "))
        self.notes.append(f"user {user.name} was made by {user.made_by}, because nobody is named under [[app.users]]")
        token = token_in(decoded(answer), user.token)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _taken(self, headers: dict[str, str]) -> dict[str, str]:
        """The same headers, in the words that the app takes a token in."""
        plain = [one for one in self.plan.operations if one.protected and one.method == "GET" and "{" not in one.path]
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        for word in ("Bearer", "Token", "JWT") if token and plain else ():
            tried = {**headers, "Authorization": f"{word} {token}"}
            if self.client.ask("GET", plain[0].path, headers=tried, operation=plain[0].name).status not in (401, 403):
                return tried
        return headers

    def key(self, operation: str) -> dict[str, str]:
        """A fresh Idempotency-Key for an operation that takes one."""
        header = next((one.idempotency_header for one in self.plan.operations if one.name == operation), "")
        return {header: f"rehearsal-{uuid.uuid4()}"} if header else {}

    def url(self, path: str, row: int = 0) -> str | None:
        """A path with its parameters replaced by identifiers that exist; None where one cannot be found."""
        done = ""
        for part in path.split("/")[1:]:
            if not _PARAMETER.search(part):
                done += f"/{part}"
                continue
            if _PARAMETER.fullmatch(part) is None:
                return None
            found = self.rows(done)
            if not found:
                return None
            done += f"/{found[row if row >= 0 else max(len(found) + row, 0)] if row < len(found) else found[0]}"
        return done

    def rows(self, collection: str) -> list[str]:
        """The identifiers of the first rows of a collection; none of a user who is logged in here."""
        if collection not in self._rows:
            self._rows[collection] = []
            try:
                answer = self.client.ask("GET", collection, headers=self.headers)
            except NoAnswer:
                return []
            if 200 <= answer.status < 300:
                self._rows[collection] = list(self._identifiers(rows_in(decoded(answer)) or []))
        return self._rows[collection]

    def forget(self) -> None:
        """Look for rows afresh: what was there may have been changed or deleted since."""
        self._rows.clear()

    def note_created(self, collection: str, answer: Any) -> None:
        """Remember what a POST to a collection has made."""
        found = list(self._identifiers([unwrapped(answer)]))
        self._rows[collection] = [*self.rows(collection), *found][:MOST_ROWS]

    def _identifiers(self, rows: Sequence[Any]) -> Iterator[str]:
        ours = {value for user in self.plan.users for value in user.body.values() if isinstance(value, str)}
        for row in rows[:MOST_ROWS]:
            found = identifier(row)
            if found is not None and not (isinstance(row, Mapping) and ours & set(map(str, row.values()))):
                yield found

    def known(self) -> dict[str, list[str]]:
        """Every identifier found, by a collection path in which identifiers are replaced by their position."""
        placed = {found: f"<{at}>" for some in self._rows.values() for at, found in enumerate(some)}
        return {"/".join(placed.get(part, part) for part in path.split("/")): some for path, some in self._rows.items()}


def translated(text: str, before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> str:
    """A request of one app in the identifiers of another."""
    for collection, old in before.items():
        for one, other in zip(old, after.get(collection, ()), strict=False):
            text = text.replace(one, other)
    return text


def rows_in(value: Any, depth: int = 3) -> list[Any] | None:
    """The list that a body is about; None where there is none."""
    if isinstance(value, list):
        return value
    if not isinstance(value, Mapping) or not depth:
        return None
    named = [value[name] for name in _ROWS if name in value]
    lists = [one for one in value.values() if isinstance(one, list)]
    for one in named:
        found = rows_in(one, depth - 1)
        if found is not None:
            return found
    return lists[0] if len(lists) == 1 else None


def unwrapped(value: Any) -> Any:
    """The resource inside an envelope."""
    while isinstance(value, Mapping) and identifier(value) is None and isinstance(value.get("data"), Mapping):
        value = value["data"]
    return value


def identifier(row: Any) -> str | None:
    """What names a row: `id`, or the only property that ends in `id`."""
    if not isinstance(row, Mapping):
        return None
    for name in ("id", "uuid", "slug", "_id", "key"):
        if isinstance(row.get(name), (str, int)) and not isinstance(row.get(name), bool):
            return str(row[name])
    named = [value for name, value in row.items() if name.lower().endswith("id") and isinstance(value, (str, int))]
    return str(named[0]) if len(named) == 1 else None


def with_examples(
    document: Mapping[str, Any], explorer: Explorer, operations: Iterable[OperationPlan]
) -> dict[str, Any]:
    """A copy of a contract whose path parameters name rows that exist, so that more than a 404 is reached.

    A DELETE gets the last row that was found, all else the first: what one takes away the others still need.
    """
    copied = copy.deepcopy(dict(document))
    for operation in operations:
        holder = copied.get("paths", {}).get(operation.path)
        node = holder.get(operation.method.lower()) if isinstance(holder, dict) else None
        url = explorer.url(operation.path, -1 if operation.method == "DELETE" else 0) if "{" in operation.path else None
        if url is None or not isinstance(node, dict):
            continue
        values = dict(zip(_PARAMETER.findall(operation.path), _values(operation.path, url), strict=False))
        shared = holder.get("parameters") if isinstance(holder.get("parameters"), list) else []
        parameters = [*(node.get("parameters") or []), *(shared or [])]
        node["parameters"] = [_filled(copied, one, values) for one in parameters]
    return copied


def _values(path: str, url: str) -> list[str]:
    pairs = zip(path.split("/"), url.split("/"), strict=True)
    return [value for part, value in pairs if _PARAMETER.search(part)]


def _filled(document: Mapping[str, Any], parameter: Any, values: Mapping[str, str]) -> Any:
    target = parameter
    if isinstance(parameter, Mapping) and isinstance(parameter.get("$ref"), str) and parameter["$ref"].startswith("#/"):
        target = at(document, parameter["$ref"][2:])
    if not isinstance(target, Mapping) or target.get("in") != "path" or target.get("name") not in values:
        return parameter
    value: Any = values[str(target["name"])]
    schema = target.get("schema")
    number = isinstance(schema, Mapping) and schema.get("type") == "integer"
    return {**target, "example": int(value) if number and value.isdigit() else value}


def template(exchanges: Sequence[Exchange], operation: str, *, success: bool = True) -> list[Exchange]:
    """Requests of an operation that were meant to be valid, the ones that were taken first."""
    mine = [one for one in exchanges if one.operation == operation and one.mode == "positive"]
    good = [one for one in mine if 200 <= one.status < 300]
    other = [] if success else [one for one in mine if one.status in (404, 409)]
    return sorted(good, key=lambda one: len(one.body or "")) + other
