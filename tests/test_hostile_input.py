"""Artefacts that are none, and names that nobody can print: never a crash, a hang or a pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import backend
from tests.backend import ONLY, results
from tests.child import AS_OF, audit, checker, report


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return backend.folder(tmp_path / "bad")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
HOSTILE: dict[str, bytes] = {
    "bomb": f"openapi: 3.1.0\n{LAUGHS}".encode(),
    "cyclic": b"openapi: 3.1.0\ninfo: &a\n  x: *a\n",
    "binary": b"openapi: 3.1.0\n" + bytes(range(256)),
    "deep": b"openapi: 3.1.0\nx: " + b"[" * 100_000,
    "tagged": b'openapi: 3.1.0\nx: !!python/object/apply:os.system ["touch /tmp/fooled"]\n',
    "not-yaml": b"openapi: 3.1.0\n\tx: [\n",
    "many-digits": b'{"openapi": "3.1.0", "x": ' + b"1" * 5000 + b"}",
    "lone-surrogate": b'{"openapi": "3.1.0", "info": {"title": "\\ud800", "version": "1"}, "paths": {"/\\udfff": {"get": {}}}}',
    "scalar": b"openapi",
    "list": b"- openapi: 3.1.0\n",
    "empty": b"",
}


class TestHostile:
    """An artefact that is none: a failed finding on that file, never a crash, a hang or a pass."""

    @pytest.mark.parametrize("kind", sorted(HOSTILE))
    def test_a_contract_that_is_none(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "openapi.yaml").write_bytes(HOSTILE[kind])
        done = audit(tmp_path, "--format", "json", "-vv")
        assert done.code == 1, done.err
        made = done.json
        assert made["status"] == "blocked"
        assert "error" not in results(made).values()
        assert "openapi.yaml" in {
            one["where"]["path"] for one in made["findings"] if one["severity"] in ("critical", "major")
        }

    def test_an_oversized_contract(self, tmp_path: Path) -> None:
        """100 MB of it: refused by its size, not read."""
        with open(tmp_path / "openapi.yaml", "wb") as file:
            file.write(b"openapi: 3.1.0\npaths:\n")
            os.truncate(file.fileno(), 100 * 1024 * 1024)
        done = audit(tmp_path, "--format", "json")
        assert done.code == 1
        (finding,) = [one for one in done.json["findings"] if one["rule"] == "spec-valid"]
        assert (finding["where"], "larger than 50 MiB" in finding["evidence"]) == ({"path": "openapi.yaml"}, True)

    def test_a_contract_that_links_out(self, bad: Path, tmp_path: Path) -> None:
        (bad / "openapi.yaml").rename(tmp_path / "openapi.yaml")
        (bad / "openapi.yaml").symlink_to("../openapi.yaml")
        made = report(bad, *ONLY)
        assert (results(made)["pagination"], made["status"]) == ("unavailable", "blocked")
        assert any("openapi.yaml links out of the tree" in note for note in made["notes"])

    def test_a_contract_that_is_a_pipe_does_not_hang(self, tmp_path: Path) -> None:
        (tmp_path / "README").write_text("x")
        os.mkfifo(tmp_path / "openapi.yaml")
        made = report(tmp_path, *ONLY)
        assert made["status"] == "blocked"
        assert any("openapi.yaml is not a regular file and was not opened" in note for note in made["notes"])

    def test_names_that_nobody_can_print(self, tmp_path: Path) -> None:
        for name in (b"new\nline.py", b"\xff.py", b"\x1b[2J.py"):
            (tmp_path / os.fsdecode(name)).write_text("x = 1  # noqa: S608\n")
        for fmt in ("text", "json", "markdown", "sarif", "junit", "github", "gitlab", "rdjson", "agent"):
            done = audit(tmp_path, "--format", fmt)
            assert done.code == 1  # code without a test
            assert "\x1b" not in done.out
            assert b"\xff" not in done.out.encode()

    def test_a_terminal_that_speaks_another_encoding(self, bad: Path) -> None:
        for words in (("audit", bad, "--as-of", AS_OF), ("standards", "common"), ("explain", "pagination")):
            done = checker(*words, env={"PYTHONIOENCODING": "latin-1"})
            assert done.code in (0, 1), done.err
