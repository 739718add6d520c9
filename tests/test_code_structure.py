"""Names, routers and models followed across modules, also where somebody made the modules to be followed for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.audit import audit
from checker.collect.code.functions import around, parsed
from checker.collect.code.module import module_facts
from checker.collect.code.program import Program
from checker.workplace import Request


def program(files: dict[str, str]) -> Program:
    found = {path: module_facts(path, text.encode()) for path, text in files.items()}
    return Program({path: one for path, one in found.items() if one is not None})


class TestProgram:
    def test_names_are_followed_through_packages_stars_and_aliases(self) -> None:
        seen = program(
            {
                "src/app/__init__.py": "from .deps import *\n",
                "src/app/deps.py": "from fastapi import Depends\n\n\ndef current_user(): ...\n",
                "src/app/routes.py": "from fastapi import APIRouter\nfrom app import current_user as user\nimport app.deps\n",
            }
        )
        assert seen.resolve("src/app/routes.py", "user") == ("src/app/deps.py", "current_user")
        assert seen.resolve("src/app/routes.py", "nobody") is None

    def test_typescript_is_followed_by_relative_paths_indexes_and_defaults(self) -> None:
        seen = program(
            {
                "src/app.ts": 'import orders from "./orders";\nimport { auth } from "./auth.js";\nimport express from "express";\n',
                "src/orders/index.ts": 'import { Router } from "express";\nconst router = Router();\nexport default router;\n',
                "src/auth.ts": 'import express from "express";\nexport function auth() {}\n',
            }
        )
        assert seen.resolve("src/app.ts", "orders") == ("src/orders/index.ts", "router")
        assert seen.resolve("src/app.ts", "auth") == ("src/auth.ts", "auth")

    def test_stars_in_circles_and_fans_end(self) -> None:
        names = [f"m{number}" for number in range(40)]
        stars = "".join(f"from app.{name} import *\n" for name in names)
        seen = program({f"app/{name}.py": "import fastapi\n" + stars for name in names})
        assert seen.resolve("app/m0.py", "missing") is None


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.mark.parametrize("layers", [3, 30])
def test_diamonds_of_includes_and_classes_end(tmp_path: Path, layers: int) -> None:
    lines = [
        "from fastapi import APIRouter, FastAPI",
        "from sqlalchemy.orm import mapped_column",
        "app = FastAPI()",
        "r0 = APIRouter()",
    ]
    lines += ["class A0:", "    tenant_id = mapped_column()"]
    for number in range(1, layers):
        lines += [f"r{number} = APIRouter()", *[f"r{number}.include_router(r{number - 1})"] * 2]
        lines += [f"class A{number}(A{number - 1}, B{number - 1}):", "    id = mapped_column()"]
        lines += [f"class B{number}(A{number - 1}, B{number - 1}):", "    id = mapped_column()"]
    lines += [f"app.include_router(r{layers - 1})", f"r0.include_router(r{layers - 1})"]
    lines += ["@r0.post('/orders')", "def create(): ...", ""]
    write(tmp_path, {"app.py": "\n".join(lines)})
    report = audit(Request(tmp_path, ("common",), ("route-authentication",), contain=False)).report
    assert [one.subject for one in report.findings] == ["POST /orders"]


@pytest.mark.parametrize(
    ("path", "text", "code", "symbol"),
    [
        ("a.py", "class A:\n    async def b(self):\n        x(1)\n", "x(1)", "A.b"),
        ("a.py", "def a():\n    def b():\n        return lambda: x(1)\n", "x(1)", "a.b"),
        ("a.py", "x(1)\n", "x(1)", ""),
        ("a.ts", "class A { b = async () => { x(1); } }", "x(1)", "A.b"),
        (
            "a.ts",
            "router.post('/orders', async (req, res) => { rows.map((row) => x(1)); });",
            "x(1)",
            "router.post('/orders')",
        ),
        ("a.tsx", "export const A = () => <b>{x(1)}</b>;", "x(1)", "A"),
        ("a.js", "module.exports.a = function () { x(1); };", "x(1)", "a"),
    ],
)
def test_code_is_called_after_the_function_around_it(path: str, text: str, code: str, symbol: str) -> None:
    data = text.encode()
    at = data.index(code.encode())
    name, function = around(parsed(path, data), at, at + len(code))
    assert name == symbol
    assert (function.symbol if function else "") == symbol
