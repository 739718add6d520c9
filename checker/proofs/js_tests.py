"""The only place that says which JavaScript and TypeScript tests exist, told from the source alone: what must have run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_FILE = re.compile(r"(?:\.(?:test|spec|e2e-spec)|(?:^|/)__tests__/[^/]+|(?:^|/)test-[^/]+|[-_]test)\.[cm]?[jt]sx?$")
_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)
    |(?P<word>[A-Za-z_$][\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_BEFORE_REGEX = frozenset("(,=:[!&|?{};+-*%~^<>") | {"return", "typeof", "case", "in", "of", "=>", ""}
_SUITES = {"describe": "", "suite": "", "context": "", "xdescribe": "skip", "fdescribe": "only"}
_TESTS = {"test": "", "it": "", "specify": "", "xit": "skip", "xtest": "skip", "fit": "only", "ftest": "only"}
_SKIPS = frozenset({"skip", "todo", "fails", "failing", "skipIf", "runIf", "fixme"})
_ASSERTS = frozenset({"expect", "assert", "should", "expectTypeOf", "assertType"})


@dataclass(frozen=True)
class JsTest:
    """One test: assertions, whether anything may skip it, whether its name is only known when it runs, what it calls."""

    asserts: int
    skips: bool
    only: bool
    dynamic: bool
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class JsModule:
    """One file. `rest` is what stands outside of tests, without layout; `narrowed` are the places of `.only`."""

    tests: Mapping[str, JsTest]
    narrowed: tuple[str, ...] = ()
    rest: str = ""


@dataclass
class _Frame:
    """A call of `describe` or `test` whose closing bracket has not come yet."""

    name: str
    depth: int
    test: bool
    skips: bool
    only: bool
    dynamic: bool
    asserts: int = 0
    words: set[str] = field(default_factory=set)


def is_test_file(path: str) -> bool:
    return _FILE.search(path) is not None


@lru_cache(maxsize=50_000)
def module(path: str, source: bytes) -> JsModule:
    """What one file holds, by its words alone: nothing is executed, and what is computed is called dynamic."""
    return _Reader(path, source.decode("utf-8", "replace")).read()


class _Reader:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.tokens = list(_tokens(text))
        self.stack: list[_Frame] = []
        self.tests: dict[str, JsTest] = {}
        self.narrowed: list[str] = []
        self.rest: list[str] = []

    def read(self) -> JsModule:
        depth, at, ended = 0, 0, False
        while at < len(self.tokens):
            kind, word = self.tokens[at]
            if kind == "word" and (call := self._call(at, depth)):
                at, frame = call
                self.stack.append(frame)
                depth += 1
                continue
            if kind == "word" and word in _ASSERTS:
                self._assertion(at)
            elif kind == "word" and self.tokens[at + 1 : at + 2] == [("other", "(")]:
                self._calls(word)
            before = sum(one.test for one in self.stack)
            if word in ("(", "[", "{"):
                depth += 1
            elif word in (")", "]", "}"):
                depth -= 1
                while self.stack and self.stack[-1].depth > depth:
                    self._close(self.stack.pop())
            closing, ended = ended and word in (")", ";"), before > sum(one.test for one in self.stack)
            if not ended and not closing and not any(one.test for one in self.stack):
                self.rest.append(word)
            at += 1
        while self.stack:
            self._close(self.stack.pop())
        return JsModule(self.tests, tuple(self.narrowed), " ".join(self.rest))

    def _call(self, at: int, depth: int) -> tuple[int, _Frame] | None:
        """A call of a test function whose first argument is its name; where it goes on, and its frame."""
        word = self.tokens[at][1]
        after_dot = at > 0 and self.tokens[at - 1][1] == "."
        nested = after_dot and at > 1 and self.tokens[at - 2][1] == "t" and word == "test"
        if (word not in _SUITES and word not in _TESTS) or (after_dot and not nested):
            return None
        marks, at = {_SUITES.get(word, _TESTS.get(word, ""))}, at + 1
        each = False
        while at + 1 < len(self.tokens) and self.tokens[at][1] == "." and self.tokens[at + 1][0] == "word":
            marks.add(self.tokens[at + 1][1])
            at += 2
            if self.tokens[at - 1][1] in ("each", "for", "skipIf", "runIf"):
                each = each or self.tokens[at - 1][1] in ("each", "for")
                at = self._past(at)
        if at + 1 >= len(self.tokens) or self.tokens[at][1] != "(":
            return None
        kind, name = self.tokens[at + 1]
        dynamic = each or kind != "text" or (name.startswith("`") and "${" in name)
        if kind != "text" and self.tokens[at + 1][1] in (")", "=", "=>"):
            return None
        told = name[1:-1] if kind == "text" else "?"
        skips = bool(marks & _SKIPS) or self._options_skip(at + 2)
        return at + 1, _Frame(told, depth + 1, word in _TESTS, skips, "only" in marks, dynamic)

    def _past(self, at: int) -> int:
        """Past the bracket or the template that follows `.each`."""
        if at < len(self.tokens) and self.tokens[at][0] == "text":
            return at + 1
        depth = 0
        for place in range(at, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[place][1], 0)
            if depth == 0:
                return place + 1
        return len(self.tokens)

    def _options_skip(self, at: int) -> bool:
        """`test(name, { skip: true }, …)` as node's runner has it."""
        words = [one for _, one in self.tokens[at : at + 8]]
        if words[:2] != [",", "{"]:
            return False
        return any(
            one in ("skip", "todo") and words[place + 2 : place + 3] != ["false"]
            for place, one in enumerate(words[:-2])
        )

    def _assertion(self, at: int) -> None:
        """An assertion on what is written down, `expect(true)` or `assert(1)`, can fail as little as none."""
        following = self.tokens[at + 1 : at + 4]
        written = [
            kind in ("text", "number") or one in ("true", "false", "null", "undefined") for kind, one in following
        ]
        empty = len(following) == 3 and following[0][1] == "(" and written[1] and following[2][1] == ")"
        owner = next((one for one in reversed(self.stack) if one.test), None)
        if owner is not None and not empty:
            owner.asserts += 1

    def _calls(self, word: str) -> None:
        owner = next((one for one in reversed(self.stack) if one.test), None)
        if owner is not None:
            owner.words.add(word)

    def _close(self, frame: _Frame) -> None:
        above = list(self.stack)
        if frame.only:
            self.narrowed.append(" > ".join([*(one.name for one in above), frame.name]))
        if not frame.test:
            return
        names = [one.name for one in (*above, frame)]
        skips = frame.skips or any(one.skips for one in above)
        dynamic = frame.dynamic or any(one.dynamic for one in above)
        only = frame.only or any(one.only for one in above)
        self.tests["::".join((self.path, *names))] = JsTest(frame.asserts, skips, only, dynamic, frozenset(frame.words))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, before = 0, ""
    while at < len(text):
        if text[at] == "/" and before in _BEFORE_REGEX and (found := _REGEX.match(text, at)):
            yield "text", found[0]
            at, before = found.end(), ")"
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            return
        at = found.end()
        if found.lastgroup == "blank":
            continue
        before = found[0] if found.lastgroup != "text" else ")"
        yield str(found.lastgroup), found[0]
