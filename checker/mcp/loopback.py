"""The only place that serves over HTTP: on loopback, to whoever holds the token, since every user of a machine can connect."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import sys
from pathlib import Path

import uvicorn
from mcp.server.mcpserver import MCPServer
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from checker.toml_source import ConfigurationError

HOST = "127.0.0.1"
_SHORTEST, _LONGEST = 16, 4096  # characters of a token


class Guarded:
    """An ASGI app behind a bearer token (RFC 6750). What has none is refused before anything of it is read."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("authorization", "") if scope["type"] == "http" else ""
        if scope["type"] != "lifespan" and not hmac.compare_digest(given.encode("utf-8", "replace"), self._wanted):
            refused = PlainTextResponse(
                "the token of this server is wanted: Authorization: Bearer …\n",
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


def serve(made: MCPServer, port: int, token_file: Path | None) -> None:
    """Serve until it is stopped. The SDK refuses hosts and origins that are not of loopback (DNS rebinding)."""
    token = token_of(token_file) if token_file else secrets.token_urlsafe(32)
    said = f"the token in {token_file}" if token_file else f"Authorization: Bearer {token}"
    sys.stderr.write(f"checker mcp: http://{HOST}:{port}/mcp, {said}\n")
    sys.stderr.flush()
    app = Guarded(made.streamable_http_app(host=HOST), token)
    uvicorn.run(app, host=HOST, port=port, log_level="error")


def token_of(file: Path) -> str:
    """The token in a file that its owner alone can read; a new one, and the file, where there is none."""
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as made:
            made.write(token := secrets.token_urlsafe(32))
            return token
    except FileExistsError:
        pass
    except OSError as refused:
        raise ConfigurationError("--token-file", None, f"{file}: {refused.strerror}") from None
    try:
        seen = file.stat()
        token = file.read_text("ascii")[: _LONGEST + 1].strip()
    except (OSError, UnicodeDecodeError) as refused:
        raise ConfigurationError("--token-file", None, f"{file} cannot be read: {refused}") from None
    if not stat.S_ISREG(seen.st_mode) or seen.st_mode & 0o077 or seen.st_uid != os.geteuid():
        raise ConfigurationError("--token-file", None, f"{file} is open to others; chmod 600 {file}")
    if not _SHORTEST <= len(token) <= _LONGEST or not token.isprintable() or " " in token:
        raise ConfigurationError(
            "--token-file", None, f"{file} holds no token: {_SHORTEST} characters at least, no blank"
        )
    return token
