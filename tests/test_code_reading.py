"""The pass over source: what is read, what is said of the rest, and a cache that nobody has to trust."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from checker.audit import audit
from checker.collect.code import reading as reading_module
from checker.collect.code.cache import Cache
from checker.model.report import Report
from checker.probe import ast_grep
from checker.toml_source import ConfigurationError
from checker.workplace import Request
from tests.scratch import commit, git

BAD = "def find(session, x: str):\n    return session.execute(f\"SELECT a FROM t WHERE x = '{x}'\")\n"


def judged(root: Path, home: Path | None = None, *, changed: bool = False, base: str | None = None) -> Report:
    """A static audit by the rule about SQL, with a cache where a home is given."""
    environment = {"HOME": str(home)} if home else {}
    return audit(
        Request(
            root,
            ("common",),
            ("sql-built",),
            base=base,
            environment=environment,
            changed=changed,
            cache=bool(home),
            contain=False,
        )
    ).report


def places(report: Report) -> list[tuple[str, str | None]]:
    return [(one.where.path, one.where.lines) for one in report.findings]


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode() if isinstance(text, str) else text)


class TestWhatIsRead:
    def test_encodings_and_markers_hide_nothing(self, tmp_path: Path) -> None:
        silenced = BAD.replace("    return", "    # ast-grep-ignore\n    return")
        write(
            tmp_path,
            {
                "latin.py": ("# -*- coding: latin-1 -*-\nn = 'é'\n" + BAD).encode("latin-1"),
                "marked.py": b"\xef\xbb\xbf" + BAD.encode(),
                "silenced.py": silenced,
                "wide.py": BAD.encode("utf-16"),
                "windows.py": BAD.replace("\n", "\r\n"),
            },
        )
        assert places(judged(tmp_path)) == [
            ("latin.py", "4"),
            ("marked.py", "2"),
            ("silenced.py", "3"),
            ("wide.py", "2"),
            ("windows.py", "2"),
        ]

    def test_what_is_not_read_is_said(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "a.py": BAD,
                "binary.py": b"x = 1\0\n",
                "bundle.js": "x=1;" * 10_000,
                "large.py": BAD + "#" * (1 << 20),
                "web/package.json": '{"dependencies": {"react": "^19.0.0"}}',
                "web/app.tsx": "export const a = 1;\n",
            },
        )
        report = judged(tmp_path)
        assert places(report) == [("a.py", "2")]
        said = "\n".join(report.notes)
        for name in (
            "binary.py is not text",
            "bundle.js has lines of more than",
            "large.py is larger",
            "1 files of web/",
        ):
            assert name in said

    @pytest.mark.parametrize(
        "text",
        [
            "x = " + "(" * 50_000 + ")" * 50_000,
            "x = " + "[" * 20_000,
            "if a:\n" + "\n".join(" " * n + "if a:" for n in range(1, 900)),
        ],
    )
    def test_deep_nesting_hides_no_other_file(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, {"deep.py": text.replace("\n", "\r\n")[:19_000] if len(text) > 19_000 else text, "a.py": BAD})
        assert ("a.py", "2") in places(judged(tmp_path))

    def test_links_and_submodules_are_not_entered(self, tmp_path: Path) -> None:
        write(tmp_path / "out", {"a.py": BAD})
        write(tmp_path / "in", {"b.py": BAD})
        (tmp_path / "in" / "a.py").symlink_to(tmp_path / "out" / "a.py")
        (tmp_path / "in" / "gone.py").symlink_to("nowhere.py")
        assert places(judged(tmp_path / "in")) == [("b.py", "2")]

    def test_configuration_of_the_repository_is_not_obeyed(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "a.py": BAD,
                "sgconfig.yml": "ruleDirs: [nothing]\nlanguageGlobs: {json: ['*.py']}\n",
                ".ignore": "*.py\n",
                "ruff.toml": "exclude = ['*.py']\n",
            },
        )
        assert places(judged(tmp_path)) == [("a.py", "2")]

    def test_a_broken_engine_is_no_pass(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, {"a.py": BAD, "ast-grep": "#!/bin/sh\nkill -9 $$\n"})
        (tmp_path / "ast-grep").chmod(0o755)
        monkeypatch.setattr(ast_grep, "program", lambda: tmp_path / "ast-grep")
        report = judged(tmp_path)
        assert report.results[0].outcome.value == "unavailable"

    def test_a_file_that_breaks_the_engine_is_said_and_the_others_are_judged(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path / "repo", {"a.py": BAD, "b.py": "# b\n" + BAD, "c.py": "# c\n" + BAD})
        real = ast_grep.program()
        write(tmp_path, {"engine": f'#!/bin/sh\ncase "$*" in *b.py*) kill -9 $$;; esac\nexec {real} "$@"\n'})
        (tmp_path / "engine").chmod(0o755)
        monkeypatch.setattr(ast_grep, "program", lambda: tmp_path / "engine")
        report = audit(Request(tmp_path / "repo", ("common",), ("sql-built", "source-parsed"), contain=False)).report
        found = {(one.rule, one.where.path) for one in report.findings}
        assert found == {("sql-built", "a.py"), ("sql-built", "c.py"), ("source-parsed", "b.py")}

    def test_no_source_is_not_applicable(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.go": "package main\n"})
        assert judged(tmp_path).results[0].outcome.value == "not_applicable"


class TestCache:
    def test_a_second_run_reads_nothing_and_says_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path / "repo", {"a.py": BAD, "b/copy.py": BAD})
        git(tmp_path / "repo", "init", "-q", "-b", "main")
        commit(tmp_path / "repo", "first")
        first = judged(tmp_path / "repo", tmp_path / "home")
        forget_verdicts(tmp_path / "home")
        monkeypatch.setattr(ast_grep, "scan", lambda *_: pytest.fail("the engine was asked"))
        assert judged(tmp_path / "repo", tmp_path / "home").findings == first.findings
        assert places(first) == [("a.py", "2"), ("b/copy.py", "2")]

    def test_a_changed_file_is_read_anew(self, tmp_path: Path) -> None:
        write(tmp_path / "repo", {"a.py": BAD})
        git(tmp_path / "repo", "init", "-q", "-b", "main")
        commit(tmp_path / "repo", "first")
        judged(tmp_path / "repo", tmp_path / "home")
        write(tmp_path / "repo", {"a.py": "\n" + BAD})
        assert places(judged(tmp_path / "repo", tmp_path / "home")) == [("a.py", "3")]

    @pytest.mark.parametrize(
        "damage",
        [
            lambda file: file.write_bytes(b"no database" * 1000),
            lambda file: file.write_bytes(b""),
            lambda file: run(file, "UPDATE looked SET body = '{}'"),
            lambda file: run(file, "UPDATE looked SET body = 'no json'"),
            lambda file: run(
                file,
                "UPDATE looked SET body = '" + '{"matches": [[1]], "functions": [], "module": null, "web": 1}' + "'",
            ),
            lambda file: run(file, "DROP TABLE looked"),
            lambda file: run(file, "UPDATE made_by SET key = 'another'"),
        ],
    )
    def test_a_damaged_or_foreign_cache_is_thrown_away(self, tmp_path: Path, damage: object) -> None:
        write(tmp_path / "repo", {"a.py": BAD})
        git(tmp_path / "repo", "init", "-q", "-b", "main")
        commit(tmp_path / "repo", "first")
        first = judged(tmp_path / "repo", tmp_path / "home")
        (file,) = (tmp_path / "home").rglob("code.sqlite")
        assert callable(damage)
        damage(file)
        forget_verdicts(tmp_path / "home")
        assert judged(tmp_path / "repo", tmp_path / "home").findings == first.findings

    def test_a_cache_in_the_audited_tree_is_not_used(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.py": BAD})
        judged(tmp_path, tmp_path)
        assert not list(tmp_path.rglob("code.sqlite"))

    def test_without_a_cache_nothing_is_written(self, tmp_path: Path) -> None:
        write(tmp_path / "repo", {"a.py": BAD})
        judged(tmp_path / "repo")
        assert [one.name for one in tmp_path.iterdir()] == ["repo"]

    def test_what_is_kept_comes_back(self, tmp_path: Path) -> None:
        with Cache(tmp_path / "c", "one") as kept:
            kept.put({"a": {"x": 1}})
            assert kept.get(["a", "b"]) == {"a": {"x": 1}}
        with Cache(tmp_path / "c", "two") as kept:
            assert kept.get(["a"]) == {}

    def test_the_key_knows_the_rules(self, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = ast_grep.program()
        before = reading_module._key(engine)
        monkeypatch.setattr(reading_module, "_rules", lambda: "id: other")
        assert reading_module._key(engine) != before


def forget_verdicts(home: Path) -> None:
    """What was decided is kept as well, and would answer in place of what was read."""
    (file,) = home.rglob("verdicts.sqlite")
    file.unlink()


def run(file: Path, statement: str) -> None:
    database = sqlite3.connect(file)
    with database:
        database.execute(statement)
    database.close()


class TestChanged:
    def test_what_was_there_before_is_set_apart(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.py": BAD, "b.py": BAD})
        git(tmp_path, "init", "-q", "-b", "main")
        commit(tmp_path, "first")
        write(tmp_path, {"a.py": BAD + "\n\n" + BAD.replace("find", "found")})
        report = judged(tmp_path, changed=True, base="HEAD")
        assert places(report) == [("a.py", "6")]
        assert places(judged(tmp_path, base="HEAD")) == [("a.py", "2"), ("a.py", "6"), ("b.py", "2")]

    def test_without_a_base_it_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.py": BAD})
        with pytest.raises(ConfigurationError, match=r"--changed: there is no base"):
            judged(tmp_path, changed=True)


def test_rules_that_the_engine_refuses_are_no_pass(tmp_path: Path) -> None:
    from checker.model.unavailable import Unavailable

    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(Unavailable, match="ast-grep refused our rules"):
        ast_grep.scan(
            ast_grep.program(), "id: x\nlanguage: python\nrule: {nonsense: 1}\n", [str(tmp_path / "a.py")], tmp_path
        )
