"""How apps of every framework are found and started without a word of configuration, and what is said when they are not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checker.model.rehearsal import Exchange, Fuzzing, Rehearsal
from checker.model.unavailable import Unavailable
from checker.probe.stage.app import Log
from checker.probe.stage.replay import worst
from checker.probe.stage.served import operations_of
from checker.probe.stage.settings import described_names, dummy, missing, wants_another_driver
from tests.test_stage import SERVER, SPEC, START, dumped, rehearsed, written

FASTAPI = """
import sqlite3
from fastapi import FastAPI
from pydantic import BaseModel
from app.settings import Settings

settings = Settings()
app = FastAPI(title=settings.billing.label)

class Box(BaseModel):
    size: int

@app.get("/health")
def health():
    return {"status": settings.mode, "url": str(settings.billing.url)}

@app.post("/boxes", status_code=201)
def make(box: Box):
    return {"id": "1"}
"""
SETTINGS = """
from typing import Literal
from pydantic import AnyHttpUrl, BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

class Billing(BaseModel):
    url: AnyHttpUrl
    label: str
    retries: int

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_nested_delimiter="__")
    billing: Billing
    mode: Literal["test", "live"]
    key: SecretStr
    debug: bool
"""
FLASK = """
from flask import Flask

def create_app(config=None):
    app = Flask(__name__)

    @app.get("/health")
    def health():
        return {"status": "ok"}

    @app.post("/boxes")
    def make():
        from flask import request
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or type(body.get("size")) is not int or body["size"] < 0:
            return {"error": "size"}, 422
        return {"id": "1"}, 201

    return app
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def health(request):
    return JSONResponse({"status": "ok"})

async def make(request):
    try:
        size = (await request.json())["size"]
    except Exception:
        size = None
    if type(size) is not int or size < 0:
        return JSONResponse({"error": "size"}, 422)
    return JSONResponse({"id": "1"}, 201)

app = Starlette(routes=[Route("/health", health), Route("/boxes", make, methods=["POST"])])
"""
LITESTAR = """
from litestar import Litestar, get, post

@get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}

@post("/boxes")
async def make(data: dict[str, int]) -> dict[str, str]:
    return {"id": "1"}

app = Litestar([health, make])
"""
NODE = """
const http = require("node:http");
if (!process.env.APP_KEY) throw new Error("APP_KEY is required");
http.createServer((request, response) => {
  let text = "";
  request.on("data", (part) => (text += part));
  request.on("end", () => {
    let size;
    try { size = JSON.parse(text).size; } catch { size = null; }
    const made = request.method === "POST" && request.url.startsWith("/boxes");
    const good = made ? Number.isInteger(size) && size >= 0 : request.url === "/health";
    response.writeHead(good ? (made ? 201 : 200) : made ? 422 : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ id: "1" }));
  });
}).listen(process.env.PORT, "127.0.0.1");
"""


def answered(seen: Rehearsal) -> set[tuple[str, int]]:
    assert isinstance(seen.fuzzing, Fuzzing), seen.fuzzing
    return {(one.operation, one.status) for one in seen.observed}


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"shop/web.py": FLASK, "shop/__init__.py": ""}, "-m flask --app shop.web:create_app() run"),
        ({"src/shop/asgi.py": STARLETTE, "src/shop/__init__.py": "", "pyproject.toml": ""}, "-m uvicorn shop.asgi:app"),
        ({"main.py": LITESTAR}, "-m uvicorn main:app"),
    ],
    ids=["flask-factory", "starlette-in-src", "litestar"],
)
def test_an_app_is_found_and_started(tmp_path: Path, files: dict[str, str], command: str) -> None:
    seen = rehearsed(written(tmp_path, {**files, "openapi.yaml": SPEC}))
    assert command in " ".join(seen.command)
    assert {("GET /health", 200), ("POST /boxes", 201)} <= answered(seen)
    assert isinstance(seen.routes, tuple)
    assert {one.path for one in seen.routes if one.method == "POST"} == {"/boxes"}


def test_required_settings_are_given_by_their_type_and_told(tmp_path: Path) -> None:
    example = "SHOP_BILLING__LABEL=Orders\nSHOP_KEY=change-me\n"
    files = {"app/main.py": FASTAPI, "app/settings.py": SETTINGS, "app/__init__.py": "", ".env.example": example}
    seen = rehearsed(written(tmp_path, files))
    names = ("SHOP_BILLING__LABEL", "SHOP_BILLING__RETRIES", "SHOP_BILLING__URL", "SHOP_DEBUG", "SHOP_KEY", "SHOP_MODE")
    assert seen.invented == names
    assert any("SHOP_BILLING__URL" in line for line in seen.told)
    assert seen.health[0].answer == '{"status":"test","url":"http://127.0.0.1:9/"}'
    assert ("POST /boxes", 201) in answered(seen), "by the contract that the app serves itself"


def test_an_express_like_app_by_its_command(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    config = '[app]\nstart = ["node", "server.js"]\nready = "/health"\n'
    seen = rehearsed(written(tmp_path, {"server.js": NODE, "openapi.yaml": SPEC, "checker.toml": config}))
    assert {("GET /health", 200), ("POST /boxes", 201), ("POST /boxes", 422)} <= answered(seen)
    assert seen.invented == ("APP_KEY",)


def test_packages_beside_the_code_are_found_and_not_written_to(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    source = (
        'const left = require("tiny");\ntry { require("node:fs").appendFileSync(require.resolve("tiny"), "//"); } catch {}\n'
        + NODE
    )
    config = '[app]\nstart = ["node", "dist/server.js"]\nready = "/health"\nenv = { APP_KEY = "x" }\n'
    files = {"dist/server.js": source, "openapi.yaml": SPEC, "checker.toml": config, "package.json": "{}"}
    files |= {"node_modules/tiny/index.js": "module.exports = 1;\n", ".gitignore": "node_modules\ndist\n"}
    seen = rehearsed(written(tmp_path, files))
    assert ("GET /health", 200) in answered(seen)
    assert (tmp_path / "node_modules/tiny/index.js").read_text("utf-8") == "module.exports = 1;\n"


def test_what_cannot_be_imported_says_what_would_mend_it(tmp_path: Path) -> None:
    source = "import a_package_that_is_not_there\nfrom fastapi import FastAPI\napp = FastAPI()\n"
    with pytest.raises(Unavailable, match=r"(?s)No module named 'a_package_that_is_not_there'.*--install"):
        rehearsed(written(tmp_path, {"main.py": source, "openapi.yaml": SPEC}))


def test_the_error_and_the_line_of_the_project_are_the_last_words() -> None:
    said = (
        'Traceback (most recent call last):\n  File "/srv/app/core/setup.py", line 53, in connect\n'
        '  File "/v/lib/python3.11/site-packages/redis/connection.py", line 1, in f\n    raise it\n'
        "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379.\nApplication startup failed.\n"
    )
    process = subprocess.Popen([sys.executable, "-c", f"print({said!r})"], stdout=subprocess.PIPE)
    log = Log(process)
    process.wait()
    log.close()
    assert log.last_words() == (
        'File "/srv/app/core/setup.py", line 53, in connect / redis.exceptions.ConnectionError:'
        " Error 111 connecting to localhost:6379. / Application startup failed."
    )


def test_settings_of_an_older_pydantic_and_of_others_are_read_from_their_words() -> None:
    said = "1 validation error for Settings\nsecret_key\n  field required (type=value_error.missing)\n"
    assert list(missing(said, [])) == [("SECRET_KEY", "")]
    assert list(missing("KeyError: 'Config \"X\" is missing'\nKeyError: \"Config 'JWT_KEY' is missing, and\"", [])) == [
        ("JWT_KEY", "")
    ]
    rows = [
        {"of": "Settings", "env": "A_B", "required": True, "type": "int"},
        {"of": "Other", "env": "C", "required": True},
    ]
    assert list(missing("2 validation errors for Settings\n", rows)) == [("A_B", "int")]


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("CACHE_URL", "RedisDsn", "redis://127.0.0.1:9/0"),
        ("X", "=live", "live"),
        ("X", "list[str]", "[]"),
        ("SMTP_PORT", "", "9"),
        ("SMTP_HOST", "", "127.0.0.1"),
        ("ADMIN", "EmailStr", "nobody@example.com"),
        ("RATE", "float", "60"),
    ],
)
def test_dummies_fit(name: str, kind: str, value: str) -> None:
    assert dummy(name, {}, kind) == value
    assert dummy(name, {name: "given"}, kind) == "given"


def test_settings_that_are_about_a_database() -> None:
    rows = [
        {"env": "DATABASE_URL", "default": "sqlite:///./x.db", "type": "str"},
        {"env": "MAIN", "default": "", "type": "PostgresDsn"},
        {"env": "LOG_LEVEL", "default": "INFO", "type": "str"},
    ]
    assert described_names(rows) == {"DATABASE_URL": "sqlite:///./x.db", "MAIN": ""}
    assert wants_another_driver("sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver")
    assert not wants_another_driver("connection refused")


def test_the_routes_script_tells_the_settings(tmp_path: Path) -> None:
    written(tmp_path, {"app/main.py": FASTAPI, "app/settings.py": SETTINGS, "app/__init__.py": ""})
    rows = {row["env"]: row for row in dumped(tmp_path, "app.main:app")["settings"]}
    assert set(rows) == {
        "SHOP_BILLING__URL",
        "SHOP_BILLING__LABEL",
        "SHOP_BILLING__RETRIES",
        "SHOP_MODE",
        "SHOP_KEY",
        "SHOP_DEBUG",
    }
    assert rows["SHOP_MODE"]["choice"] == "=test"
    assert rows["SHOP_KEY"]["required"]


def test_who_logs_in_by_a_form_gets_in(tmp_path: Path) -> None:
    source = SERVER % (
        "    def do_GET(self):\n        known = self.headers.get('Authorization') == 'Bearer abc'\n"
        "        self.send(200 if known else 401, {})\n"
        "    def do_POST(self):\n        good = self.body() == b'username=ada&password=a%26b'\n"
        "        self.send(200 if good else 422, {'access_token': 'abc'} if good else {})"
    )
    user = '[[app.users]]\nname = "ada"\nlogin = "POST /token"\nbody = { username = "ada", password = "a&b" }\n'
    seen = rehearsed(written(tmp_path, {"app.py": source, "openapi.yaml": SPEC, "checker.toml": START + user}))
    assert seen.users == ("ada",)
    assert ("GET /health", 200) in answered(seen)


def test_what_only_reads_is_asked_again_before_rows_are_made() -> None:
    asked = [("DELETE", "/a"), ("POST", "/a"), ("GET", "/a"), ("POST", "/b")]
    crashed = [Exchange(operation=f"{method} {url}", method=method, url=url, status=500) for method, url in asked]
    assert [one.operation for one in worst(crashed)] == ["GET /a", "POST /a", "POST /b", "DELETE /a"]


def test_what_a_served_contract_asks() -> None:
    header = {"name": "Idempotency-Key", "in": "header"}
    document = {
        "security": [{"token": []}],
        "components": {"parameters": {"Key": header}},
        "paths": {
            "/a": {"parameters": [{"$ref": "#/components/parameters/Key"}], "post": {}, "get": {"security": []}},
            "/b": {"get": {"security": [{"token": []}, {}]}, "delete": {}, "x-note": 1},
        },
    }
    found = {one.name: (one.protected, one.idempotency_header) for one in operations_of(document, ["DELETE /b"])}
    assert found == {
        "POST /a": (True, "Idempotency-Key"),
        "GET /a": (False, "Idempotency-Key"),
        "GET /b": (False, ""),
        "DELETE /b": (False, ""),
    }
