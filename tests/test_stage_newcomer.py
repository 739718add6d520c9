"""An app that lets everybody in, by a cookie and past a guard against forged requests, and hides what fails behind a 400."""

from __future__ import annotations

from pathlib import Path

from checker.audit import audit
from checker.model.rehearsal import Fuzzing, Rehearsal
from checker.workplace import Request
from tests.rehearsals import seen_of
from tests.test_stage import SERVER, START, written

APP = """
    users, sessions = {}, set()

    def answer(self, status, value, *cookies):
        data = json.dumps(value).encode()
        self.send_response(status)
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def is_in(self):
        return any(f"sid={one}" in self.headers.get("Cookie", "") for one in self.sessions)

    def do_GET(self):
        if self.path == "/":
            return self.answer(200, {}, "csrftoken=tok; Path=/", "theme=dark")
        self.answer(*((200, {"name": "x"}) if self.is_in() else (401, {"error": "who?"})))

    def do_POST(self):
        try:
            given = json.loads(self.body())
            name, word = str(given["email"]), str(given["password"])
        except (ValueError, KeyError, TypeError):
            given = given if isinstance(locals().get("given"), dict) else {}
            name = word = ""
        if self.path == "/users":
            self.users[name] = word
            return self.answer(201, {"id": "1"}) if name and len(word) > 8 else self.answer(422, {"error": "no"})
        if self.headers.get("X-CSRFToken") != "tok":
            return self.answer(403, {"error": "CSRF token missing"})
        if self.path == "/login":
            if not name or self.users.get(name) != word:
                return self.answer(401, {"error": "no"})
            self.sessions.add("s1")
            return self.answer(200, {}, "sid=s1; HttpOnly")
        if not self.is_in():
            return self.answer(401, {"error": "who?"})
        try:
            return self.answer(201, {"share": 100 // int(given["size"])})
        except ZeroDivisionError:
            traceback.print_exc()
            return self.answer(400, {"error": "Internal Server Error"})
        except Exception:
            return self.answer(422, {"error": "size"})
"""
SPEC = """
openapi: 3.1.0
info: {title: Boxes, version: 1.0.0}
security: [{session: []}]
paths:
  /users:
    post:
      security: []
      requestBody: &credentials
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [email, password]
              properties: {email: {type: string, format: email}, password: {type: string, minLength: 9}}
      responses: {"201": {description: Made.}, "422": {description: Wrong.}}
  /login:
    post:
      security: []
      requestBody: *credentials
      responses: {"200": {description: In.}, "401": {description: Not in.}}
  /me:
    get:
      responses: {"200": {description: Who asks.}, "401": {description: Nobody.}}
  /boxes:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [size], properties: {size: {type: integer, minimum: 0}}}
      responses: {"201": {description: Made.}, "422": {description: Wrong.}, "400": {description: Wrong.}}
components: {securitySchemes: {session: {type: apiKey, in: cookie, name: sid}}}
"""


def test_who_registers_is_in_and_what_is_dressed_is_found(tmp_path: Path) -> None:
    folder = written(tmp_path / "repo", {"app.py": SERVER % APP, "openapi.yaml": SPEC, "checker.toml": START})
    seen = seen_of(folder)
    assert seen.users == ("rehearsal",), seen.notes
    assert any("was made by POST /users" in note for note in seen.notes)
    assert isinstance(seen.fuzzing, Fuzzing), seen.fuzzing
    assert 200 in {one.status for one in seen.fuzzing.exchanges if one.operation == "GET /me"}
    request = Request(folder, only=("server-error", "credentials-required"), profile="agent", contain=False)
    report = audit(Request(**{**vars(request), "given": {Rehearsal: seen}})).report
    (finding,) = report.findings
    assert (finding.subject, finding.where.path) == ("POST /boxes", "app.py")
    assert finding.title == "POST /boxes answers 400 for a failure of its own"
    assert "ZeroDivisionError" in finding.evidence
    assert {one.rule: one.outcome.value for one in report.results}["credentials-required"] == "passed"
