"""Routes as frameworks write them, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.collect.files import Root
from checker.collect.inventory import inventory
from checker.collect.route_traces import MOST_TRACES, route_traces
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable


def traced(folder: Path) -> list[tuple[str, int]]:
    root = Root(folder)
    found = route_traces(root, inventory(root, NotApplicable("no git"), Description()))
    return [(place.path, place.lines[0]) for place in found.places if place.lines]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", 'from fastapi import FastAPI\napp = FastAPI()\n@app.get(\n    "/orders",\n)\n', 3),
        ("a.py", 'from litestar import get\n@get("/orders")\n', 2),
        (
            "a.py",
            "from rest_framework import routers\nrouter = routers.DefaultRouter()\nrouter.register(r'orders', V)\n",
            3,
        ),
        ("a.py", 'from aiohttp import web\napp.router.add_get("/orders", f)\n', 2),
        ("a.ts", "import { Hono } from 'hono'\nconst app = new Hono()\napp.get('/orders', f)\n", 3),
        ("a.ts", "import { Get } from '@nestjs/common'\nclass A {\n  @Get()\n  all() {}\n}\n", 3),
        ("app/orders/route.ts", "export async function POST(request: Request) {}\n", 1),
        ("A.java", 'import org.springframework.web.bind.annotation.GetMapping;\n  @GetMapping("/orders")\n', 2),
        ("a.go", 'import "net/http"\nfunc m() { http.HandleFunc("GET /orders", f) }\n', 2),
        ("A.cs", 'var app = WebApplication.Create();\napp.MapGet("/orders", f);\n', 2),
        ("a.rs", 'use axum::Router;\nlet app = Router::new().route("/orders", get(f));\n', 2),
        ("routes/api.php", "<?php\nRoute::get('/orders', f);\n", 2),
    ],
)
def test_routes_are_traced(tmp_path: Path, path: str, text: str, line: int) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert traced(tmp_path) == [(path, line)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("client.ts", 'import axios from "axios";\napi.get("/orders");\n'),
        ("client.py", 'import httpx\nhttpx.get("/orders")\n'),
        (
            "a.py",
            'from flask import Flask, render_template\n@app.route("/about")\ndef a(): return render_template("a.html")\n',
        ),
        ("a.py", 'from fastapi import FastAPI\n@app.get("/health")\n@app.get("/readyz")\n'),
        ("tests/test_a.py", 'from fastapi import FastAPI\n@app.get("/orders")\n'),
        ("docs/a.md", 'from fastapi import FastAPI\n@app.get("/orders")\n'),
    ],
)
def test_other_things_are_not(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert traced(tmp_path) == []


def test_a_sample_is_enough(tmp_path: Path) -> None:
    for number in range(MOST_TRACES + 5):
        (tmp_path / f"a{number}.py").write_text('from fastapi import FastAPI\n@app.get("/orders")\n')
    assert len(traced(tmp_path)) == MOST_TRACES
