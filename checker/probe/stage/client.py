"""The only place that speaks HTTP to the audited app: on the loopback interface, or where the caller says that it runs."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from checker.model.rehearsal import Exchange

HOST = "127.0.0.1"
LONGEST_BODY = 65_536  # characters that are kept of an answer
_LARGEST_READ = 4 * 1024 * 1024  # bytes
SECONDS = 10.0
AGENT = (
    "curl/8.5.0"  # who asks is nobody's business: Schemathesis and the probes look alike, and like a repeated request
)


class NoAnswer(Exception):
    """The app gave no HTTP answer; the message says what came instead."""


class Client:
    """Asks one port; `base` is what the contract's servers put before each path.

    `host` is another one than this machine only where the caller has named it on the command line.
    """

    def __init__(self, port: int, base: str = "", host: str = HOST, scheme: str = "http") -> None:
        self.port = port
        self.base = base.rstrip("/")
        self.host = host
        self.scheme = scheme

    @classmethod
    def of(cls, url: str) -> Client:
        """For an app that runs elsewhere. The path of the URL is left to whoever knows the contract."""
        parts = urlsplit(url)
        return cls(parts.port or (443 if parts.scheme == "https" else 80), "", parts.hostname or HOST, parts.scheme)

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        operation: str = "",
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        mode: str = "probe",
        bare: bool = False,
        whole: bool = False,
        seconds: float = SECONDS,
    ) -> Exchange:
        """Send one request. A body that is text goes as it is, anything else as JSON; raises NoAnswer.

        `bare` leaves the contract's base out, `whole` keeps all of the answer.
        """
        url = ("" if bare else self.base) + quote(path, safe="/%:@!$&'()*+,;=-._~?")
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query, doseq=True)
        sent = {"Accept": "application/json", **(headers or {})}
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        if text is not None:
            sent.setdefault("Content-Type", "application/json")
        status, received, data = self.raw(method, url, sent, text.encode() if text is not None else None, seconds)
        answer = data.decode("utf-8", "replace")
        most = len(answer) if whole else LONGEST_BODY
        return Exchange(
            operation=operation or f"{method} {path}",
            method=method,
            url=url,
            sent=sent,
            body=text,
            status=status,
            headers=received,
            answer=answer[:most],
            mode=mode,
            cut=len(answer) > most,
        )

    def again(self, one: Exchange, **changes: Any) -> Exchange:
        """Send a request that was sent before, with other headers or another body."""
        sent = dict(changes.get("headers", one.sent))
        body = changes.get("body", one.body)
        kept = {name: value for name, value in sent.items() if name.lower() not in ("host", "content-length")}
        data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else None
        status, received, answer = self.raw(one.method, one.url, kept, data, changes.get("seconds", SECONDS))
        text = answer.decode("utf-8", "replace")
        update = {"sent": kept, "body": body, "status": status, "headers": received, "answer": text[:LONGEST_BODY]}
        return one.model_copy(update={**update, "mode": changes.get("mode", one.mode)})

    def raw(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> tuple[int, dict[str, str], bytes]:
        """One request over a connection of its own."""
        kind = http.client.HTTPSConnection if self.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=seconds)
        try:
            connection.request(method, url, body, {"User-Agent": AGENT, **headers})
            answer = connection.getresponse()
            data = answer.read(_LARGEST_READ)
            return answer.status, _joined(answer.getheaders()), data
        except (OSError, http.client.HTTPException, ValueError, UnicodeError) as broken:
            raise NoAnswer(f"{type(broken).__name__}: {broken}") from None
        finally:
            connection.close()


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name in small letters; of several with one name a list (RFC 9110, 5.3), but of cookies a line each."""
    found: dict[str, str] = {}
    for name, value in pairs:
        known = name.lower()
        between = "\n" if known == "set-cookie" else ", "
        found[known] = f"{found[known]}{between}{value}" if known in found else value
    return found


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def decoded(one: Exchange) -> Any:
    """The answer's JSON, or None."""
    try:
        return json.loads(one.answer)
    except ValueError:
        return None
