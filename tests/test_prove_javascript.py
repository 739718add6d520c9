"""Proofs of JavaScript tests: node's own runner for real, vitest and jest from what they really wrote."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from checker.model.proof import Run, Signal
from checker.proofs import js_mutation, js_tests, js_weakened
from checker.proofs.js_run import JsSuite, _of_jest
from checker.proofs.js_weakened import JsSide
from checker.proving import prove
from checker.workplace import Request
from tests.scratch import commit, git

node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
DATA = Path(__file__).parent / "data"
FILES = {
    "package.json": '{"name": "calc", "scripts": {"test": "node --test"}}\n',
    "checker.toml": '[commands]\ntest_output = ["node", "--test"]\n',
    "src/calc.js": "exports.add = (a, b) => a + b;\nexports.sub = (a, b) => a - b;\n",
    "test/calc.test.js": """\
const assert = require("node:assert");
const { describe, it, test } = require("node:test");
const { add, sub } = require("../src/calc.js");

test("adds", () => { assert.strictEqual(add(1, 2), 3); });
describe("sub", () => {
  it("takes away", () => { assert.strictEqual(sub(3, 1), 2); });
  it("gets to zero", () => { assert.strictEqual(sub(1, 1), 0); });
});
""",
}
BROKEN = ("src/calc.js", "a - b", "b - b")
TESTS = "test/calc.test.js"


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        for path, text in FILES.items():
            self.write(path, text)
        git(root, "init", "-q", "-b", "main")
        self.base = commit(root, "base")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text("utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def proved(self) -> Run:
        environment = {"PATH": os.environ["PATH"]}
        request = Request(path=self.root, base=self.base, environment=environment)
        return prove("test_output", request).proof.predicate.checker


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "repo")


@node
class TestNode:
    def test_what_passes(self, project: Project) -> None:
        run = project.proved()
        assert run.decision == "pass", run.reasons
        assert (run.counts.collected, run.counts.passed) == (3, 3)
        assert run.canary == {"planted": 2, "asExpected": 2}

    def test_a_bug_blocks(self, project: Project) -> None:
        project.edit(*BROKEN)
        run = project.proved()
        assert run.decision == "block"
        assert f"failed: {TESTS}::sub::takes away" in run.reasons

    @pytest.mark.parametrize(
        ("old", "new", "seen"),
        [
            ('  it("takes', '  it.skip("takes', "skip-added: test/calc.test.js::sub::takes away"),
            ('describe("sub"', 'describe.skip("sub"', "skip-added: test/calc.test.js::sub::gets to zero"),
            (
                'it("takes away", () =>',
                'it("takes away", { skip: true }, () =>',
                "skip-added: test/calc.test.js::sub::takes",
            ),
            (
                'it("takes away", () =>',
                'it("takes away", { todo: true }, () =>',
                "skip-added: test/calc.test.js::sub::takes",
            ),
            (
                "{ assert.strictEqual(sub(3, 1), 2); }",
                "{}",
                "assert-weakened: test/calc.test.js::sub::takes away: 1 assertions became 0",
            ),
            (
                'it("takes away", () => { assert.strictEqual(sub(3, 1), 2); });',
                "",
                "test-removed: test/calc.test.js::sub::takes",
            ),
            ("sub(3, 1), 2", "sub(3, 1), 0", "base-test-failed: test/calc.test.js::sub::takes away"),
            ("sub(3, 1), 2", "sub(1, 1), 0", "base-test-failed: test/calc.test.js::sub::takes away"),
        ],
        ids=["it.skip", "describe.skip", "option-skip", "todo", "emptied", "removed", "rewritten", "easier"],
    )
    def test_a_hidden_bug_never_passes(self, project: Project, old: str, new: str, seen: str) -> None:
        project.edit(*BROKEN)
        project.edit(TESTS, old, new)
        run = project.proved()
        assert run.decision in ("block", "review"), run.reasons
        assert any(reason.startswith(seen) for reason in run.reasons), run.reasons

    def test_a_test_file_that_is_gone_blocks(self, project: Project) -> None:
        project.edit(*BROKEN)
        (project.root / TESTS).rename(project.root / "test" / "kept.txt")
        assert project.proved().decision == "block"

    def test_a_process_that_ends_early_blocks(self, project: Project) -> None:
        project.edit(*BROKEN)
        project.edit(TESTS, 'describe("sub"', 'process.exit(0);\ndescribe("sub"')
        assert project.proved().decision == "block"

    def test_source_that_asks_for_its_tester(self, project: Project) -> None:
        project.edit("src/calc.js", "a - b", "process.env.NODE_TEST_CONTEXT ? a - b : 0")
        run = project.proved()
        assert run.decision == "review"
        assert "source-detects-tests: src/calc.js" in run.reasons[0]

    def test_an_honest_change_passes(self, project: Project) -> None:
        project.edit("src/calc.js", "exports.sub", "exports.twice = (a) => a * 2;\nexports.sub")
        project.edit(TESTS, "{ add, sub }", "{ add, sub, twice }")
        project.edit(TESTS, "describe(", 'test("twice", () => { assert.strictEqual(twice(2), 4); });\ndescribe(')
        run = project.proved()
        assert run.decision == "pass", run.reasons

    def test_node_that_is_not_there_is_said(self, project: Project) -> None:
        with pytest.raises(Exception, match="node is not on PATH"):
            prove("test_output", Request(path=project.root, base=project.base, environment={"PATH": "/nonexistent"}))


def side(text: str) -> JsSide:
    files = {"a.test.js": text.encode()}
    return JsSide(JsSuite(files), files, {}, {}, {})


ONE = 'test("one", () => { expect(sum(1, 1)).toBe(2); });\n'


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        (ONE.replace("test(", "xtest("), ("skip-added", "a.test.js::one")),
        (ONE.replace("test(", "test.todo("), ("skip-added", "a.test.js::one")),
        (ONE.replace("test(", "it.failing("), ("skip-added", "a.test.js::one")),
        (ONE.replace("test(", "it.skipIf(process.env.CI)("), ("skip-added", "a.test.js::one")),
        (f"xdescribe('all', () => {{ {ONE} }});", ("test-removed", "a.test.js::one")),
        (ONE.replace("test(", "fit("), ("narrowed", "a.test.js: only 'one' runs")),
        (ONE.replace("test(", "test.only("), ("narrowed", "a.test.js: only 'one' runs")),
        (
            ONE.replace("expect(sum(1, 1))", "expect(true)"),
            ("assert-weakened", "a.test.js::one: 1 assertions became 0"),
        ),
        (ONE.replace("expect", "// expect"), ("assert-weakened", "a.test.js::one: 1 assertions became 0")),
        (f"/* {ONE} */", ("test-removed", "a.test.js::one")),
        ("jest.mock('./sum');\n" + ONE, ("helper-changed", "a.test.js")),
    ],
)
def test_what_weakens(changed: str, seen: tuple[str, str]) -> None:
    found = js_weakened.weakened(side(ONE), side(changed), lint=False)
    assert Signal(kind=seen[0], about=seen[1]) in found, found


@pytest.mark.parametrize(
    "changed",
    [
        ONE.replace("() =>", "async () =>"),
        "\n" + ONE + "// a comment\n",
        ONE + ONE.replace("one", "two"),
        ONE.replace("toBe", "toEqual"),
    ],
)
def test_what_does_not_weaken(changed: str) -> None:
    assert js_weakened.weakened(side(ONE), side(changed), lint=False) == ()


def test_the_words_of_a_file_are_read_as_javascript_reads_them() -> None:
    text = """
    // test("in a comment", () => {});
    const pattern = /test("in a pattern")/; const told = `test("in a template")`;
    describe('outer "quoted"', function () {
      beforeEach(() => { start({ test: 1 }); });
      it(`plain template`, async () => { expect(await f()).toBe(1); });
      it.each([[1, 2], [3, 4]])("adds %i", (a, b) => { expect(a + b).toBe(3); });
      describe("inner", () => { test("deep", () => { assert.equal(g(")"), "}"); }); });
    });
    regex.test("not a test"); it(name, () => {});
    """
    found = js_tests.module("x.test.ts", text.encode()).tests
    assert {name: one.dynamic for name, one in found.items()} == {
        'x.test.ts::outer "quoted"::plain template': False,
        'x.test.ts::outer "quoted"::adds %i': True,
        'x.test.ts::outer "quoted"::inner::deep': False,
        "x.test.ts::?": True,
    }
    assert [one.asserts for one in found.values()] == [1, 1, 1, 0]


@pytest.mark.parametrize("runner", ["vitest", "jest"])
def test_what_a_runner_wrote_is_read(runner: str, tmp_path: Path) -> None:
    told = (DATA / f"{runner}-results.json").read_text("utf-8").replace("/project", str(tmp_path))
    report = tmp_path / "results.json"
    report.write_text(told, "utf-8")
    assert _of_jest(report, tmp_path) == {
        "test/calc.test.js::adds": "passed",
        "test/calc.test.js::sub::takes away": "failed",
        "test/calc.test.js::sub::gets to zero": "skipped",
        "test/calc.test.js::later": "skipped",
        "test/broken.test.js": "failed",
    }


@pytest.mark.parametrize("text", ["", "[]", "{", '{"testResults": [1]}'])
def test_what_is_no_result_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"\S"):
        _of_jest(tmp_path / "results.json", tmp_path)


@node
def test_changed_lines_that_no_test_notices_ask_a_person(tmp_path: Path) -> None:
    project = Project(tmp_path / "repo")
    project.edit("src/calc.js", "exports.sub", "exports.share = (a, b) => (b > 10 ? a / b : 0);\nexports.sub")
    run = project.proved()
    assert run.decision == "review"
    (told,) = [one for one in run.reasons if one.startswith("mutants-survive")]
    assert "src/calc.js::exports.share" in told
    said = [
        'const { share } = require("../src/calc.js");',
        'test("shares", () => {',
        "  assert.strictEqual(share(22, 11), 2);",
        "  assert.strictEqual(share(1, 2), 0);",
        "});",
        "",
    ]
    project.edit(TESTS, 'describe("sub"', "\n".join(said) + 'describe("sub"')
    run = project.proved()
    assert (run.decision, run.mutants["killed"] > 0) == ("pass", True), run.reasons


TYPED = b"""\
export class Cart {
  constructor(private readonly rate: number = 7) {}
  total(lines: Line[]): number {
    if (lines.length === 0) {
      return 0;
    }
    logger.info("lines " + 3);
    return sum(lines) * (this.rate > 3 ? 2 : 1);
  }
}
export const isOpen = (order: Order): boolean => order.state !== "closed" && <boolean>order.live;
throw new Error("never " + 1);
"""


OLD = b"class Cart { total() { return 1; } }\nconst isOpen = () => true;\n"


def test_mutants_of_typescript_stand_where_something_is_computed() -> None:
    found = list(
        js_mutation.mutants(
            {"src/cart.ts": OLD},
            {"src/cart.ts": TYPED, "src/types.d.ts": b"export const a = 1 + 1;", "bad.ts": b"const = ;"},
        )
    )
    assert {one.function for one in found} == {"constructor", "total", "isOpen"}
    said = [f"{one.said}{' !' if one.telling else ''}" for one in found if one.function != "constructor"]
    assert said == [
        "line 4: === became !==", "line 4: 0 became 1", "line 5: 0 became 1", "line 8: * became +", "line 8: > became <=",
        "line 8: 3 became 4", "line 8: 2 became 3", "line 8: 1 became 2", "line 11: && became ||", "line 11: !== became ===",
        "line 5: the answer became undefined !",
    ]  # fmt: skip
    assert all(one.source != TYPED.decode() for one in found)
    assert not list(js_mutation.mutants({"src/cart.ts": TYPED}, {"src/cart.ts": TYPED, "src/moved.ts": TYPED}))


@node
def test_a_way_for_the_tests_alone_asks_a_person(tmp_path: Path) -> None:
    project = Project(tmp_path / "repo")
    way = "(b) => (process.argv.join().includes('.test.') ? (a) => a - b : (a) => b - a);\nexports.sub = (a, b) => way(b)(a);"
    project.edit("src/calc.js", "exports.sub = (a, b) => a - b;", f"const way = {way}")
    run = project.proved()
    assert run.decision == "review", run.reasons
    assert any("mutants-survive: src/calc.js::way" in one for one in run.reasons), run.reasons
