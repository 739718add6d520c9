"""The only place that follows lists from page to page, and once more while a row is added to them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from checker.model.rehearsal import Exchange, Growth, Walk
from checker.model.stage_plan import ListPlan, OperationPlan, Plan
from checker.probe.stage.client import decoded
from checker.probe.stage.crafted import name_of, next_token
from checker.probe.stage.explore import Explorer, rows_in, template
from checker.probe.stage.session import at

PAGE = 3  # rows a page, small so that few rows make several pages
MOST_PAGES = 120
LARGE_PAGE = 100


@dataclass
class Walker:
    """Walks lists as the first user. `ask` remembers every answer."""

    ask: Callable[..., Exchange]
    explorer: Explorer
    plan: Plan
    fuzzed: Sequence[Exchange]

    def walk(self, operation: OperationPlan) -> Walk | None:
        """One list from its first page to its last; None where it is not paged or cannot be reached."""
        url, plan = self.explorer.url(operation.path), operation.listing
        if url is None or plan is None or not (plan.cursor or plan.offset or plan.next_link):
            return None
        first = self._first(operation, url, plan)
        if not 200 <= first.status < 300 or rows_in(decoded(first)) is None:
            note = f"answered {first.status} without a list"
            return Walk(operation=operation.name, pages=0, rows=0, exchange=first, note=note)
        return self._walked(operation, url, plan, first)

    def _first(self, operation: OperationPlan, url: str, plan: ListPlan) -> Exchange:
        return self.ask(operation, url, query={plan.size: PAGE} if plan.size else None)

    def _walked(self, operation: OperationPlan, url: str, plan: ListPlan, first: Exchange) -> Walk:
        names: list[str] = []
        pages = repeated = oversized = 0
        page: Exchange | None = first
        while page is not None and pages < MOST_PAGES:
            rows = [name_of(row) for row in rows_in(decoded(page)) or []]
            pages += 1
            repeated += len(set(names) & set(rows)) + len(rows) - len(set(rows))
            oversized = max(oversized, len(rows) if plan.size and len(rows) > PAGE else 0)
            names += rows
            if pages > 3 and rows and set(rows) <= set(names[: -len(rows)]):
                break
            page = self._next(operation, url, plan, page, pages) if rows else None
        return Walk(
            operation=operation.name,
            pages=pages,
            rows=len(set(names)),
            repeated=repeated,
            lost=self._lost(operation, url, plan, names),
            endless=page is not None,
            oversized=oversized,
            bad_cursor=self._bad_cursor(operation, url, plan),
            exchange=first,
            note="" if pages > 1 else "there was only one page",
            **self._with_insertion(operation, url, plan, names if pages > 1 and page is None else []),
        )

    def _next(self, operation: OperationPlan, url: str, plan: ListPlan, page: Exchange, pages: int) -> Exchange | None:
        size = {plan.size: PAGE} if plan.size else {}
        body = decoded(page)
        if plan.cursor:
            token = at(body, plan.next_token) if plan.next_token and " header" not in plan.next_token else None
            token = token if token is not None else next_token(body)
            return self.ask(operation, url, query={**size, plan.cursor: token}) if token else None
        if plan.offset:
            counts = "page" in plan.offset.lower()
            value = pages + 1 if counts else pages * PAGE
            return self.ask(operation, url, query={**size, plan.offset: value}) if size else None
        link = at(body, plan.next_link)
        if not isinstance(link, str) or not link:
            return None
        parts = urlsplit(link)
        return self.ask(operation, url, query=parse_qs(parts.query))

    def _lost(self, operation: OperationPlan, url: str, plan: ListPlan, names: Sequence[str]) -> int:
        """Rows of one large page that the walk did not meet; only where that page holds everything."""
        if not plan.size:
            return 0
        size = min(plan.largest or LARGE_PAGE, LARGE_PAGE)
        whole = self.ask(operation, url, query={plan.size: size})
        rows = [name_of(row) for row in rows_in(decoded(whole)) or []]
        return len(set(rows) - set(names)) if 200 <= whole.status < 300 and len(rows) < size else 0

    def _bad_cursor(self, operation: OperationPlan, url: str, plan: ListPlan) -> int | None:
        return self.ask(operation, url, query={plan.cursor: "not a cursor \u2603"}).status if plan.cursor else None

    def _with_insertion(
        self, operation: OperationPlan, url: str, plan: ListPlan, before: Sequence[str]
    ) -> dict[str, Any]:
        """The same walk, with a row added after its first page: how many of the rows before came twice or not at all."""
        creation = next(
            (one for one in self.plan.operations if (one.method, one.path) == ("POST", operation.path)), None
        )
        models = template(self.fuzzed, creation.name) if creation is not None else []
        if creation is None or not models or models[0].body is None or not before or len(set(before)) < len(before):
            return {}
        page: Exchange | None = self._first(operation, url, plan)
        names = [name_of(row) for row in rows_in(decoded(page)) or []] if page else []
        body = re.sub(r"[\w.+-]+@", f"u{uuid.uuid4().hex[:12]}@", models[0].body)
        headers = {**self.explorer.headers, **self.explorer.key(creation.name)}
        if not 200 <= self.ask(creation, url, body=body, headers=headers).status < 300:
            return {}
        pages = 1
        while page is not None and pages < MOST_PAGES:
            page = self._next(operation, url, plan, page, pages)
            rows = [name_of(row) for row in rows_in(decoded(page)) or []] if page else []
            names += rows
            pages += 1
            if not rows:
                break
        twice = len(names) - len(set(names))
        by_offset = bool(plan.offset and not plan.cursor)
        return {"inserted": True, "by_offset": by_offset, "moved": twice + len(set(before) - set(names))}


FEW, MANY = 1, 10  # rows that are asked for
LEAST_MORE = 3  # rows by which the larger page must be larger
TIMES = 3  # of which the cheapest counts: a connection that is opened or looked after meanwhile asks something too


@dataclass
class Growths:
    """Counts what the database is asked while a list is read, in a page of few rows and in one of many."""

    ask: Callable[..., Exchange]
    explorer: Explorer
    count: Callable[[], int]

    def of(self, operation: OperationPlan) -> Growth | None:
        """None where the list cannot be reached, or has too few rows to tell."""
        url, plan = self.explorer.url(operation.path), operation.listing
        if url is None or plan is None or not plan.size:
            return None
        self._cost(operation, url, plan.size, MANY)  # what is made once is made now
        pairs = [
            (self._cost(operation, url, plan.size, FEW), self._cost(operation, url, plan.size, MANY))
            for _ in range(TIMES)
        ]
        (few_rows, _, _), (many_rows, _, page) = pairs[-1]
        if many_rows - few_rows < LEAST_MORE:
            return None
        return Growth(
            operation=operation.name,
            few_rows=few_rows,
            few=min(few for (_, few, _), _ in pairs),
            many_rows=many_rows,
            many=min(many for _, (_, many, _) in pairs),
            exchange=page,
        )

    def _cost(self, operation: OperationPlan, url: str, size: str, rows: int) -> tuple[int, int, Exchange]:
        before = self.count()
        page = self.ask(operation, url, query={size: rows})
        found = rows_in(decoded(page)) if 200 <= page.status < 300 else None
        return len(found or ()), self.count() - before, page
