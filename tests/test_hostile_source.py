"""Source that a repository hides from whoever reads it, and not from what runs it, is judged, or is a finding by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from checker.audit import audit
from checker.workplace import Request

SERVED = """\
import sqlite3
from fastapi import APIRouter
router = APIRouter()
@router.post("/v1/a/{name}")
def a(name: str) -> object:
    return sqlite3.connect("a.db").execute(f"select * from a where name = '{name}'").fetchall()
"""
EXPRESS = """\
import express from "express";
export const router = express.Router();
router.post("/orders/:name", async (req, res) => {
  res.json(await db.query(`select * from orders where name = '${req.params.name}'`));
});
"""
MAIN = "from fastapi import FastAPI\nfrom {0} import router\napp = FastAPI()\napp.include_router(router)\n"
Files = Mapping[str, str | bytes]
ENCODED: Mapping[str, bytes] = {
    "unicode_escape": b"# coding: unicode_escape\n#" + SERVED.replace("\n", "\\n").encode() + b"\\n\n",
    "utf-7": b"# coding: utf-7\n" + SERVED.replace("import", "+AGkAbQBwAG8AcgB0-").replace("{", "+AHs-").encode(),
    "an alias": b"# coding: unicode_1_1_utf_7\n"
    + SERVED.replace("import", "+AGkAbQBwAG8AcgB0-").replace("{", "+AHs-").encode(),
    "utf-16": SERVED.encode("utf-16"),
    "latin-1": b"# coding: latin-1\n# \xe9\xff\n" + SERVED.encode(),
}
HIDDEN: Mapping[str, Files] = {
    **{f"encoded as {name}": {"app/a.py": data} for name, data in ENCODED.items()},
    "a file too large to be read": {"app/a.py": SERVED + ("#" + "x" * 79 + "\n") * 14_000},
    "a line that nobody wrote": {"app/a.py": SERVED + f'X = "{"x" * 21_000}"\n'},
    "an expression without end": {"app/a.py": SERVED + f"X = {'-' * 30_000}1\n"},
    "a script with a line that nobody wrote": {"app/a.js": f'app.get("/a", f); const x = "{"x" * 21_000}";\n'},
    **{
        f"among {folder}": {"app/main.py": MAIN.format(f"app.{folder}.a"), f"app/{folder}/a.py": SERVED}
        for folder in ("fixtures", "tests", "vendor", "generated", "docs", "scripts", "mocks", "examples")
    },
    "in a package of pages": {
        "package.json": '{"dependencies": {"express": "5"}}',
        "app/package.json": '{"dependencies": {"react": "19"}}',
        "app/server.ts": EXPRESS,
    },
    "as a tool's configuration": {
        "package.json": '{"dependencies": {"express": "5"}}',
        "app/orders.config.ts": EXPRESS,
    },
    "among fixtures of a script": {
        "package.json": '{"dependencies": {"express": "5"}}',
        "app/main.ts": 'import express from "express";\nimport { router } from "./fixtures/orders";\nconst app = express();\n'
        'app.use("/v1", router);\n',
        "app/fixtures/orders.ts": EXPRESS,
    },
    "by a name of tests": {"app/main.py": MAIN.format(".test_a"), "app/test_a.py": SERVED},
    "two steps away": {
        "app/main.py": MAIN.format("app.tests.one"),
        "app/tests/one.py": "from fastapi import APIRouter\nfrom .two import router as inner\n"
        'router = APIRouter()\nrouter.include_router(inner)\n@router.get("/v1/b")\ndef b() -> str:\n    return "b"\n',
        "app/tests/two.py": SERVED,
    },
}


def found(root: Path) -> set[str]:
    report = audit(Request(root, ("common",), ("sql-built", "source-parsed"), contain=False)).report
    return {one.rule for one in report.findings if one.severity in ("major", "critical")}


def written(root: Path, files: Files) -> Path:
    (root / "app").mkdir(parents=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode() if isinstance(text, str) else text)
    return root


@pytest.mark.parametrize("way", sorted(HIDDEN))
def test_what_runs_is_judged_wherever_it_hides(tmp_path: Path, way: str) -> None:
    assert found(written(tmp_path / "repo", HIDDEN[way]))


@pytest.mark.parametrize("name", sorted(ENCODED))
def test_python_reads_what_we_read(name: str) -> None:
    """That the attacks are none of our own imagination: the interpreter makes a route of each."""
    tree = compile(ENCODED[name], "a.py", "exec") if name != "utf-16" else compile(SERVED, "a.py", "exec")
    assert "router" in tree.co_names


@pytest.mark.parametrize("target", ["data/a.bin", "tests/a.py"])
def test_a_link_to_what_is_judged_nowhere_is_judged_as_what_it_is(tmp_path: Path, target: str) -> None:
    root = written(tmp_path / "repo", {target: SERVED})
    (root / "app" / "a.py").symlink_to(Path("..", target))
    assert found(root) == {"sql-built"}


@pytest.mark.parametrize(
    "files",
    [
        {"tests/test_a.py": SERVED, "app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"},
        {"app/main.py": MAIN.format("app.fixtures.a"), "app/fixtures/a.py": "router = None\n"},
        {"app/main.py": "import json\n", "app/table.py": "ROWS = [\n" + "    (1, 2, 3),\n" * 80_000 + "]\n"},
    ],
    ids=["an app of a test", "plain fixtures", "a table"],
)
def test_what_serves_nothing_is_left_alone(tmp_path: Path, files: Files) -> None:
    assert found(written(tmp_path / "repo", files)) == set()
