"""What the probes craft and take apart: held requests, forged tokens, cursors and bodies."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any

from checker.model.rehearsal import Exchange
from checker.probe.stage.client import HOST
from checker.probe.stage.explore import identifier

STOP_SECONDS = 30.0


class Held:
    """A request whose body is half sent."""

    def __init__(self, port: int, model: Exchange, headers: Mapping[str, str]) -> None:
        body = (model.body or "").encode()
        kept = {
            name: value for name, value in headers.items() if name.lower() not in ("connection", "transfer-encoding")
        }
        lines = [f"{model.method} {model.url} HTTP/1.1", f"Host: {HOST}:{port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in kept.items() if name.lower() not in ("host", "content-length")]
        self.rest = body[len(body) // 2 :]
        self.socket = socket.create_connection((HOST, port), timeout=STOP_SECONDS)
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")
        self.socket.sendall(head + body[: len(body) // 2])
        time.sleep(0.1)

    def finish(self) -> bool:
        """Send the rest after the signal; whether a whole answer came."""
        time.sleep(0.2)
        try:
            self.socket.sendall(self.rest)
            return self.socket.recv(65_536).startswith(b"HTTP/1.")
        except OSError:
            return False
        finally:
            self.socket.close()


def name_of(row: Any) -> str:
    return identifier(row) or json.dumps(row, sort_keys=True)


def next_token(body: Any) -> Any:
    """The cursor of the next page, wherever the body keeps it."""
    if not isinstance(body, Mapping):
        return None
    for name, value in body.items():
        if "next" in name.lower() and isinstance(value, (str, int)):
            return value
    return next((found for value in body.values() if isinstance(value, Mapping) and (found := next_token(value))), None)


def parsed(text: str | None) -> Any:
    """A body as JSON; None where it is none."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def same_json(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return one == other


def expired(credentials: str, settings: Iterable[str]) -> str | None:
    """The caller's own JSON Web Token, ended an hour ago and signed anew; None where no setting of the app is its secret."""
    parts = credentials.removeprefix("Bearer ").split(".")
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[header["alg"]]
        secret = next(one for one in settings if _signed(f"{parts[0]}.{parts[1]}", one, digest) == parts[2])
    except (ValueError, KeyError, TypeError, IndexError, StopIteration):
        return None
    hour = 3600
    now = int(time.time())
    claims.update({"exp": now - hour, **{name: now - 2 * hour for name in ("iat", "nbf") if name in claims}})
    body = f"{parts[0]}.{_encoded(json.dumps(claims).encode())}"
    return f"{body}.{_signed(body, secret, digest)}"


def _signed(text: str, secret: str, digest: str) -> str:
    return _encoded(hmac.new(secret.encode(), text.encode(), digest).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def forge(credentials: str) -> str | None:
    """The caller's own JSON Web Token without a signature (`alg: none`); None where it is no such token."""
    parts = credentials.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return None
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{parts[1]}."
