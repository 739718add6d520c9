"""Files of a repository that attack their reader: bombs, endless lines, sparse giants, links, names, modules, settings."""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checker.probe import command
from checker.proofs import junit
from checker.render import RENDERERS
from checker.render.visible import HIDDEN
from tests.child import AS_OF, ENVIRONMENT, ROOT, Done, audit
from tests.scratch import commit, git, whole

MEMORY, SECONDS = 6 << 30, 120  # address space and processor time, far above what an honest audit of a few files takes
GIANT = 1 << 40  # bytes
SECRET = "k7Gz2pQx9vLmT4sWb8Yd"
READ_BY_NAME = (  # files that some reader looks for, each with another parser
    "openapi.json app/main.py app/orders.ts .env .env.example requirements.txt setup.cfg Pipfile uv.lock "
    "poetry.lock package.json package-lock.json Dockerfile docker-compose.yml main.tf schema.graphql schema.prisma alembic.ini "
    "alembic/env.py alembic/versions/0001_a.py migrations/0001_a.sql .github/workflows/ci.yml .gitlab-ci.yml .gitleaks.toml "
    ".secrets.baseline CODEOWNERS coverage.xml junit.xml lcov.info results.tap pytest.log docs/tech-stack.md docs/OUTLINE.md "
    "docs/runs/2026-11-21/AGENT-2/run-20261121T110000Z.md session.jsonl .truth/truth.md .truth/proofs/test.log "
    "docs/orchestrator/from-agents/AGENT-2/run-20261121T110000Z-attach.zip .checker/proofs/a.intoto.jsonl"
).split()


def limited(root: Path, *words: str) -> Done:
    """An audit in a child that ends when it takes far more than it should: a hang would show as a signal."""

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    argv = [sys.executable, "-P", "-m", "checker", "audit", str(root), "--as-of", AS_OF, "--no-cache", *words]
    done = subprocess.run(
        argv, env=ENVIRONMENT, cwd="/", capture_output=True, text=True, check=False, preexec_fn=limits
    )
    assert done.returncode in (0, 1, 3), (done.returncode, done.stderr[-2000:])
    assert "Traceback" not in done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def laid(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize("in_git", [False, True])
def test_sparse_giants_are_refused_by_their_size(tmp_path: Path, in_git: bool) -> None:
    root = laid(tmp_path / "repo", {"app/a.py": "A = 1\n"})
    if in_git:
        git(root, "init", "-q", "-b", "main")
        commit(root, "first")
    for path in READ_BY_NAME:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with open(root / path, "wb") as file:
            os.truncate(file.fileno(), GIANT)
    made = limited(root, "--format", "json").json
    assert made["status"] == "blocked"
    unread = {one["where"]["path"] for one in made["findings"]} | {note.split(" ")[0] for note in made["notes"]}
    assert {"openapi.json", ".env", "app/main.py"} <= unread, "what was not read is said"
    assert "error" not in {one["outcome"] for one in made["results"]}


BOMB = '<?xml version="1.0"{}?>\n<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("bcdefghij", "cdefghijk", strict=True)
)
BOMB += "]>\n<testsuites><testsuite><testcase name='&k;'/></testsuite></testsuites>\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32", "cp037"])
def test_a_bomb_of_xml_is_refused_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    """Entities are looked for as text, so no encoding hides them; `cp037` shares no letter with ASCII."""
    first, _, rest = BOMB.format(f' encoding="{encoding}"').partition("\n")
    data = first.encode() + rest.encode(encoding) if encoding == "cp037" else BOMB.format("").encode(encoding)
    (tmp_path / "junit.xml").write_bytes(data)
    with pytest.raises(junit.Unparsed, match=r"declares entities|is not UTF-8 text|is not XML"):
        junit.read(tmp_path / "junit.xml")


def test_bombs_of_xml_among_the_evidence_are_text(tmp_path: Path) -> None:
    names = ("coverage.xml", "junit.xml", "docs/test-results.xml")
    limited(laid(tmp_path, {**dict.fromkeys(names, BOMB.format("")), "app/a.py": "A = 1\n"}), "--format", "json")


SOURCE = """\
import sqlite3


def a(b: str) -> object:
    try:
        c = "{0}"
        return sqlite3.connect("a").execute(c + b)
    except Exception as e:
        return str(e)
# {0}
"""
LINES = {  # what makes a reader that looks back start anew at each character
    "empty lines": "\n",
    "blanks": " ",
    "digits": "0",
    "letters": "a",
    "dots": "a.",
    "slashes": "/",
    "words of SQL": "select ",
    "marks": "**`|",
    "quotes": "'\" ",
    "keys": "a: ",
    "list": "\n- ",
    "table": "\n| 1 ",
    "handlers": "except ",
}


@pytest.mark.parametrize("kind", sorted(LINES))
def test_endless_lines_do_not_hang_a_reader(tmp_path: Path, kind: str) -> None:
    """100 kB of one thing in every file that is read by its name: what takes the square of it never comes back."""
    body = LINES[kind] * (100_000 // len(LINES[kind]))
    quoted = body.replace("\n", " ").replace('"', "'")
    spaces = body if body.isspace() else ""
    texts = {
        ".py": SOURCE.format(quoted) + spaces,
        ".ts": f'export const a = (b: string) => db.query("{quoted}" + b);\n// {quoted}\n{spaces}',
        ".json": f'{{"openapi": "3.1.0", "info": {{"title": "{quoted}", "version": "1"}}, "scripts": {{"test": "{quoted}"}}}}',
        ".jsonl": f'{{"role": "assistant", "content": "{quoted}"}}\n',
        ".toml": f'a = "{quoted}"\n',
        ".md": f"# Run report\n\n## Summary\n\n{body}\n\n## Tests\n\n{body}\n",
    }
    names = [name for name in READ_BY_NAME if not name.endswith(".zip")]
    root = laid(tmp_path, {name: texts.get(Path(name).suffix, f"A=1\n{body}\n") for name in names})
    limited(root, "--format", "json", "--standard", "agent-2", "--standard", "backend-agent")


SHADOWS = (
    "checker yaml json click rich pydantic tree_sitter alembic sqlalchemy schemathesis cryptography securesystemslib "
    "graphql jsonschema_rs ruff ast_grep sitecustomize usercustomize kingfisher tomli encodings typing"
).split()


@pytest.mark.parametrize(
    "words", [("audit", "."), ("audit", ".", "--profile", "agent"), ("outputs", "a.json"), ("rules",)]
)
def test_no_module_of_the_repository_stands_in_for_ours(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Started in the repository as the installed command is, with the path of modules that such shells often have."""
    root = whole("clean", tmp_path / "repo") if "agent" in words else laid(tmp_path / "repo", {"a.json": "{}"})
    marker = tmp_path / "taken-over"
    theirs = {
        "checker",
        "schemathesis",
        "securesystemslib",
        "jsonschema_rs",
        "ruff",
        "ast_grep",
        "tree_sitter",
        "kingfisher",
    }
    for name in sorted(theirs if "agent" in words else SHADOWS):  # an app may shadow what its own process imports
        trap = f"open({str(marker)!r}, 'a').write({name!r} + '\\n')\nraise SystemExit('taken over')\n"
        laid(root, {f"{name}.py": trap, f"{name}_cli/__init__.py": trap})
    (root / "git").write_text(f"#!/bin/sh\necho git >> {shlex.quote(str(marker))}\n")
    (root / "git").chmod(0o755)
    script = tmp_path / "bin" / "checker"  # as pip writes it
    laid(tmp_path, {"bin/checker": "import sys\nfrom checker.cli import main\nsys.exit(main())\n"})
    environment = {**ENVIRONMENT, "PATH": f".:{ENVIRONMENT['PATH']}", "PYTHONPATH": str(ROOT)}
    more = ("--only", "api", "--only", "migrations") if "agent" in words else ()
    done = subprocess.run(
        [sys.executable, str(script), *words, *more],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1, 2, 3), done.stderr
    assert "taken over" not in done.stdout + done.stderr
    assert not marker.exists(), marker.read_text()


def test_git_settings_run_nothing_in_a_whole_audit(tmp_path: Path) -> None:
    root, marker = whole("broken", tmp_path / "repo"), tmp_path / "marker"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(marker))}\ncat\n")
    trap.chmod(0o755)
    names = (
        "core.fsmonitor filter.x.clean filter.x.smudge filter.x.process diff.x.command diff.x.textconv diff.external "
        "core.pager core.editor core.sshCommand gpg.program credential.helper merge.x.driver uploadpack.packObjectsHook"
    )
    for name in names.split():
        git(root, "config", name, str(trap))
    git(root, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (tmp_path / "hooks" / hook).symlink_to(trap)
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text("* filter=x diff=x merge=x\n")
    (root / "README.md").write_text("edited\n")
    done = audit(root, "--base", "HEAD~1", "--format", "json")
    assert done.code == 1
    assert not marker.exists()
    subprocess.run(["git", "status"], cwd=root, capture_output=True, check=False)
    assert marker.exists(), "the trap works"


def test_nothing_outside_the_tree_is_read_or_quoted(tmp_path: Path) -> None:
    """Whatever a link is called, what it leads to is nobody's business; a link inside the tree is."""
    outside = laid(
        tmp_path / "outside",
        {
            "env": f"AWS_SECRET_ACCESS_KEY={SECRET}\n",
            "folder/a.py": f'PASSWORD = "{SECRET}"\n',
            "openapi.yaml": f"openapi: 3.1.0\ninfo: {{title: {SECRET}, version: '1'}}\npaths: {{}}\n",
        },
    )
    root = laid(tmp_path / "repo", {"app/a.py": "A = 1\n"})
    targets = {".env": "env", "openapi.yaml": "openapi.yaml", "app/settings.py": "folder/a.py", "alembic": "folder"}
    for link, target in targets.items():
        (root / link).symlink_to(outside / target)
    (root / ".checker").symlink_to(outside / "folder")
    (root / "checker-rules").symlink_to("../outside/folder")
    (root / "loop").symlink_to("loop")
    (root / "proc").symlink_to("/proc/self")
    git(root, "init", "-q", "-b", "main")
    commit(root, "links")
    for name in RENDERERS:
        done = audit(root, "--format", name, "-vv")
        assert done.code in (1, 3), done.err
        assert SECRET not in done.out + done.err
    notes = audit(root, "--format", "json").json["notes"]
    assert all(any(note.startswith(f"{link} ") for note in notes) for link in targets), notes


NAMES = (
    b"a\n::error file=x::owned.py",
    b"a\r\x1b[2J\x1b]0;owned\x07.py",
    "a\u202egpj.py".encode(),
    b"\xff\xfe.py",
    b"a`$(touch owned)`|;.py",
    b"<script>alert(1)<.py",
    b"[a](javascript:alert(1)).py",
    b"##vso[task.complete result=Succeeded].py",
    b"%0A::warning::owned.py",
)


@pytest.mark.parametrize("name", RENDERERS)
def test_names_of_files_hide_nothing_in_any_format(tmp_path: Path, name: str) -> None:
    for number, file in enumerate(NAMES):
        text = SOURCE.format(f"select {number} + ")
        (tmp_path / os.fsdecode(file)).write_text(text)
    done = audit(tmp_path, "--format", name)
    assert done.code == 1
    assert not re.search(f"[{HIDDEN}]", done.out)
    assert not any(line.lstrip().startswith("##vso[") for line in done.out.splitlines())
    if name == "github":
        assert all("owned" not in line.split("::")[-1] or line.startswith("::") for line in done.out.splitlines())
    else:
        assert not any(line.lstrip().startswith("::") for line in done.out.splitlines())
    if name == "html":
        assert "<script>alert(1)" not in done.out
    if name == "markdown":
        assert "](javascript:" not in done.out.replace("\\]", "").replace("`", "")


def test_bombs_and_junk_of_every_kind_at_every_name_end_in_a_report(tmp_path: Path) -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, one in zip("abcdefghi", "bcdefghij", strict=True)
    )
    junk = [
        laughs,
        "[" * 100_000,
        "{" * 100_000,
        '{"a":' * 50_000,
        "((((" * 25_000,
        "\x00\x01\x02" * 1000,
        "1e999999999",
        BOMB.format(""),
    ]
    for number, text in enumerate(junk):
        root = laid(tmp_path / str(number), dict.fromkeys(READ_BY_NAME, text))
        made = limited(root, "--format", "json", "--standard", "backend-agent").json
        assert made["status"] == "blocked"
        assert [one for one in made["results"] if one["outcome"] == "error"] == []


def test_no_name_is_an_option_of_an_engine(tmp_path: Path) -> None:
    """A list of files in which a line break begins another option would have ruff rewrite what it reads, or read nothing."""
    text = "import os, time\n\n\nasync def waits() -> None:\n    time.sleep(1)\n"
    names = (
        "a\n--fix\n--unsafe-fixes\n--select=ALL\nb.py",
        "--fix\n.py",
        "@files.txt\n.py",
        "c\n--config=evil.toml\nd.py",
    )
    written = {name: f"{text}# {number}\n" for number, name in enumerate((*names, "plain.py"))}
    laid(tmp_path, {**written, "evil.toml": "fix = true\n"})
    made = audit(tmp_path, "--format", "json", "--standard", "backend-engineer").json
    assert {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.py")} == written
    found = [one["where"]["path"] for one in made["findings"] if one["rule"] == "blocking-call"]
    assert sorted(found) == sorted(written)


def test_a_file_that_breaks_an_engine_is_said_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that breaks on one file says nothing of the rest of its batch: silence is no pass."""
    code = "import time\n\n\nasync def waits() -> None:\n    time.sleep(1)\n"
    laid(
        tmp_path,
        {"app/bad.py": f"{code}# poison\n", **{f"app/a{number}.py": f"{code}# {number}\n" for number in range(5)}},
    )
    truly = command.run

    def breaks(argv: list[str], **more: Any) -> Any:
        listed = Path(argv[-1][1:]).read_text("utf-8") if argv[-1].startswith("@") else ""
        return replace(truly(argv, **more), code=101) if "bad.py" in listed else truly(argv, **more)

    monkeypatch.setattr(command, "run", breaks)
    made = audit(tmp_path, "--format", "json", "--standard", "backend-engineer").json
    found = {one["where"]["path"] for one in made["findings"] if one["rule"] == "blocking-call"}
    assert found >= {f"app/a{number}.py" for number in range(5)}
    assert [one["where"]["path"] for one in made["findings"] if one["rule"] == "source-parsed"] == ["app/bad.py"]
