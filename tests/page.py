"""The only place where tests read the HTML report as a tree, and make one with everything beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from checker import catalog
from checker.model.finding import Where
from checker.model.report import Report, StandardRef
from checker.model.surroundings import Excerpt, History, Step, Surroundings
from tests.sample_report import finding, sample

_INLINE = {"a", "code", "span", "strong"}
_VOID = {"meta", "input", "br", "rect", "circle", "path", "polyline"}


@dataclass
class Element:
    """One element: its attributes, what stands in it, and where it hangs."""

    tag: str
    attributes: dict[str, str | None]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    @property
    def spaced(self) -> str:
        """The text as a reader sees it: what is no part of a sentence stands apart."""
        inner = "".join(one if isinstance(one, str) else one.spaced for one in self.children)
        return inner if self.tag in _INLINE else f" {inner} "

    def all(self, tag: str = "", **wanted: str) -> list[Element]:
        """Elements below this one, in the order of the page; `class_` asks for one of the classes."""
        found = []
        for one in self.children:
            if isinstance(one, Element):
                if (not tag or one.tag == tag) and all(one.fits(name, value) for name, value in wanted.items()):
                    found.append(one)
                found.extend(one.all(tag, **wanted))
        return found

    def fits(self, name: str, value: str) -> bool:
        if name == "class_":
            return value in (self.attributes.get("class") or "").split()
        return self.attributes.get(name.replace("_", "-")) == value

    def one(self, tag: str = "", **wanted: str) -> Element:
        (found,) = self.all(tag, **wanted)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("", {})
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        made = Element(tag, dict(attrs), self.at)
        self.at.children.append(made)
        if tag not in _VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.children.append(Element(tag, dict(attrs), self.at))

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def read(page: bytes) -> Element:
    """The page as a tree. What is not well nested, or says an attribute twice, fails; so does a comment."""
    reader = _Reader()
    reader.feed(page.decode("utf-8"))
    reader.close()
    assert reader.at is reader.root
    assert reader.comments == []
    return reader.root


def embedded(root: Element) -> Any:
    """The report that the page carries."""
    return json.loads(root.one("script", id="report").text)


def judged() -> Report:
    """The sample as this version's own rules would have made it: quotes, pages, coverage and gates are shown."""
    known = catalog.load()
    names = ("backend-engineer", "backend-coder")
    standards = tuple(StandardRef(name=name, source="x", sha256=known.standards[name].sha256) for name in names)
    return sample().model_copy(update={"rules_sha256": known.sha256, "standards": standards})


def earlier() -> tuple[Report, ...]:
    """Two reports before the sample: a finding has gone since, the list of invoices is new, one of them was known all along."""
    gone = finding("versioned-paths", "openapi.yaml", "12", title="GET /ping carries no version")
    kept = tuple(one for one in sample().findings if "invoices" not in one.title)
    return (
        judged().model_copy(update={"findings": (gone,), "score": 92, "as_of": "2026-11-01T00:00:00Z"}),
        judged().model_copy(update={"findings": (*kept, gone), "score": 38, "as_of": "2026-11-11T00:00:00Z"}),
    )


def everything() -> Surroundings:
    """Excerpts, a history with a branch and a bad step, and earlier reports."""
    steps = (
        Step("1", "0001_orders.py", "alembic/versions/0001_orders.py", ()),
        Step("2", "0002_status.py", "alembic/versions/0002_status.py", ("1",)),
        Step("3", "0003_email.py", "app/orders/résumé.py", ("1",)),
        Step("4", "0004_merge.py", "alembic/versions/0004_merge.py", ("2", "3")),
    )
    return Surroundings(
        excerpts={
            Where(path="openapi.yaml", lines="88-129"): Excerpt(
                85, tuple(f"line {number} <b>" for number in range(85, 106)), (88, 105), 24
            )
        },
        withheld={Where(path="app/settings.py", lines="14"): "not shown: what stands there is, or may be, a secret"},
        histories=(History("alembic", "alembic", steps),),
        earlier=earlier(),
        read=True,
    )
