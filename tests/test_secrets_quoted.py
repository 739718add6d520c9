"""No rule of any family quotes a secret: every format, standard error, every cache, a saved report, and a comparison of two."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.model.quoted import without_secrets
from checker.render import RENDERERS
from tests import child
from tests.fake_secrets import KINDS, fake
from tests.scratch import commit, git
from tests.test_secrets import leaky, pieces

TOKEN, PASSWORD, HEX = fake("github-pat", 21), fake("password", 22), fake("hex", 23)
PYTHON = f"""import logging, os
from fastapi import FastAPI, HTTPException
import bcrypt, jwt
app = FastAPI()
@app.get("/orders")
def orders(token: str, name: str):
    if token == "{TOKEN}" or token == "{HEX}":
        return []
    logging.info("password {PASSWORD} for " + "{TOKEN}")
    cur.execute("select * from orders where password = '{PASSWORD}' and name = '" + name + "'")
    jwt.encode({{"sub": name}}, "{HEX}", algorithm="HS256")
    url = os.environ.get("DB_URL", "postgresql://app:{PASSWORD}@db.acme.io/x")  # noqa {TOKEN}
    # TODO: replace {TOKEN}
    raise HTTPException(500, str("{TOKEN}"))
"""
SCRIPT = f"""import express from 'express'
const app = express()
app.get('/orders', (req, res) => {{
  if (req.headers.token === '{TOKEN}') return res.json([])
  console.log('token', '{TOKEN}') // eslint-disable-line no-console
  db.query("select '{PASSWORD}' from t where a = " + req.query.a)
}})
"""
CONTRACT = f"""openapi: 3.1.0
info: {{title: x, version: "1"}}
paths:
  /orders:
    get:
      operationId: "{TOKEN}"
      responses: {{"200": {{description: "{PASSWORD}"}}}}
"""
FILES = {
    "src/auth.py": PYTHON,
    "src/auth.ts": SCRIPT,
    "package.json": f'{{"dependencies": {{"express": "5.0.0"}}, "scripts": {{"test": "TOKEN={TOKEN} jest || true"}}}}',
    ".github/workflows/ci.yml": f"jobs:\n  t:\n    steps:\n      - run: API_TOKEN={TOKEN} pytest || true\n",
    "requirements.txt": f"lib @ git+https://deploy:{PASSWORD}@git.acme.io/lib.git\nfastapi\n",
    "docs/TECH_STACK.md": "FastAPI\n",
    ".gitleaks.toml": f"[allowlist]\nregexes = ['''{TOKEN}''', '''.*''']\n",
    "alembic/versions/0001_users.py": f'revision = "0001"\ndown_revision = None\n\n\ndef upgrade():\n    op.execute("{TOKEN}")\n',
    "openapi.yaml": CONTRACT,
}  # fmt: skip


@pytest.fixture(scope="module")
def leak(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("quoted") / "repo"
    values = leaky(folder)
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "-A", "-f")
    commit(folder, "third")
    return folder, [*values, TOKEN, PASSWORD, HEX]


@pytest.mark.parametrize("standard", ["backend-developer", "backend-engineer"])
def test_nothing_that_is_written_holds_a_secret(standard: str, leak: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, values = leak
    env = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache"), "KF_RULE_CACHE_DIR": ""}
    out = tmp_path / "out"
    out.mkdir()
    written = [word for form in RENDERERS for word in ("--output", f"{form}:{out / form}")]
    done = child.audit(folder, "--standard", standard, "--base", "HEAD~1", "-vv", *written, env=env)
    assert done.code == 1, done.err
    saved = child.checker("report", out / "json", "--against", out / "json", "-vv", env=env)
    files = [file for place in (out, tmp_path / "home") for file in place.rglob("*") if file.is_file()]
    ours = [
        file for file in files if "rule-cache" not in file.parts
    ]  # compiled patterns, which hold beginnings of tokens
    told = {"stdout": done.out, "stderr": done.err, "report": saved.out + saved.err}
    told |= {str(file): file.read_bytes().decode("utf-8", "replace") for file in ours}
    assert {"json", "sarif", "html"} & {file.name for file in ours}
    assert "src/auth.py" in told["stdout"]
    assert [
        (where, piece) for value in values for piece in pieces(value) for where, text in told.items() if piece in text
    ] == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"private-key", "password", "hex"}))
def test_tokens_of_providers_are_taken_out_of_any_quotation(kind: str) -> None:
    value = fake(kind, 5)
    for random in (True, False):
        assert value not in without_secrets(f"seen: x({value!r}) in a line", random=random)


@pytest.mark.parametrize(
    "text",
    [
        "GET /v1/orders/{order_id}/items",
        "src/adapters/order_store.py:120 builds SQL with order_identifier_of_tenant in its text",
        "cur.execute(f'select * from orders where id = {order_id}')",
        "password = os.environ['DATABASE_PASSWORD']",
        "alembic/versions/0006_drop_placed_at_source.py",
        "550e8400-e29b-41d4-a716-446655440000",
        "tool.coverage.report.fail_under lowered from 85 to 60",
        "postgresql://localhost:5432/orders",
        "actions/checkout@v4",
    ],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert without_secrets(text) == text


def test_a_password_goes_wherever_it_stands() -> None:
    value = fake("password", 9)
    for text in (
        f"postgresql://app:{value}@db",
        f'db_password = "{value}"',
        f"token: {value}",
        f"jwt.encode(c, '{value}')",
    ):
        assert value not in without_secrets(text)
    assert value not in without_secrets(f"postgresql://app:{value}@db", random=False)
