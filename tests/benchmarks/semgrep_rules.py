"""As many rules as ours in the language of semgrep, one for each of our patterns: its own may not be passed on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from checker import resources
from checker.probe import ruff

# Each asks for the plainest form of what the pattern of that name looks for; ours ask for more forms, with more conditions.
_PYTHON = {
    "bcrypt-rounds": "bcrypt.gensalt($N)",
    "blocking-helper": "async def $F(...):\n    ...\n    time.sleep(...)",
    "blocking-http": "async def $F(...):\n    ...\n    requests.$M(...)",
    "blocking-open": "async def $F(...):\n    ...\n    open(...)",
    "blocking-process": "async def $F(...):\n    ...\n    subprocess.$M(...)",
    "blocking-sleep": "async def $F(...):\n    ...\n    time.sleep(...)",
    "claimed-identity": '$R.headers["X-User-Id"]',
    "cors-call": "$A.add_middleware(CORSMiddleware, ...)",
    "cors-star": '$X = ["*"]',
    "debug-server": "$A.run(..., debug=True, ...)",
    "debug-setting": "DEBUG = True",
    "empty-route": "def $F(...):\n    pass",
    "exception-text": "try:\n    ...\nexcept $E as $X:\n    ...\n    return str($X)",
    "guessable": "random.choice(...)",
    "jwt-decode": "jwt.decode(...)",
    "jwt-encode": "jwt.encode(...)",
    "literal-credential": '$X == "..."',
    "mass-assignment": "$M(**$X)",
    "model-class": "class $C($B):\n    ...",
    "orm-query": "select($X)",
    "outgoing-request": "requests.get($URL, ...)",
    "password-derivation": "hashlib.pbkdf2_hmac(...)",
    "password-digest": "hashlib.sha256($X)",
    "placeholder": "raise NotImplementedError",
    "query-in-loop": "for $X in $Y:\n    ...\n    $S.execute(...)",
    "row-delete": "$S.delete($X)",
    "secret-logged": "$L.info(..., $TOKEN, ...)",
    "sql-built": '$S.execute(f"...{$X}...")',
    "sql-run": "$S.execute($A + $B)",
    "traceback-text": "traceback.format_exc()",
    "unparsed": "exec(...)",
    "unverified-tls": "requests.$M(..., verify=False, ...)",
    "weak-cipher": "AES.new($K, AES.MODE_ECB, ...)",
    "weak-hash": "hashlib.md5(...)",
    "whole-table": "$S.scalars(...).all()",
}
_TYPESCRIPT = {
    "bcrypt-rounds": "bcrypt.hash($P, $N)",
    "blocking-call": "fs.readFileSync(...)",
    "claimed-identity": '$R.headers["x-user-id"]',
    "cors-call": "cors(...)",
    "cors-options": "const $X = {origin: $Y}",
    "exception-text": "try { ... } catch ($E) { ... $R.json(...) }",
    "guessable": "Math.random()",
    "jwt-decode": "jwt.verify(...)",
    "jwt-encode": "jwt.sign(...)",
    "jwt-peek": "jwt.decode(...)",
    "literal-credential": '$X === "..."',
    "mass-assignment": "$M.create(req.body)",
    "model-class": "class $C { ... }",
    "outgoing-request": "fetch($URL, ...)",
    "password-derivation": "crypto.pbkdf2Sync(...)",
    "password-digest": "crypto.createHash($H)",
    "placeholder": 'throw new Error("not implemented")',
    "prisma-query": "prisma.$M.findMany(...)",
    "query-in-loop": "for (const $X of $Y) { ... await $P.$M.findUnique(...) }",
    "secret-logged": "console.log(..., $TOKEN, ...)",
    "sql-built": "$A.query(`...${$X}...`)",
    "sql-run": "$A.query($B + $C)",
    "stack-text": "$R.json($E.stack)",
    "unparsed": "eval(...)",
    "weak-cipher": "crypto.createCipheriv($A, $B, $C)",
    "weak-hash": 'crypto.createHash("md5")',
    "whole-table": "$P.findMany()",
}


def ours() -> dict[str, set[str]]:
    """The names of our patterns by language; what ruff looks for counts as Python's. TypeScript's are asked of tsx as well."""
    folder = resources.tree("rules") / "patterns"
    named = {
        language: {
            name
            for file in folder.joinpath(language).iterdir()
            if file.name.endswith(".yml")
            for name in re.findall(rf"(?m)^id: {language}-([\w-]+)$", file.read_text("utf-8"))
        }
        for language in ("python", "typescript")
    }
    named["python"] |= set(ruff._SELECTED.values())
    return named


def write(folder: Path) -> tuple[Path, dict[str, int]]:
    """The rules as a file, and how many there are of each language. AssertionError where one of ours has none beside it."""
    rules = []
    theirs = {"python": _PYTHON, "typescript": _TYPESCRIPT}
    for language, names in ours().items():
        assert names == theirs[language].keys(), sorted(names ^ theirs[language].keys())
        rules += [
            {
                "id": f"{language}-{name}",
                "languages": [language],
                "severity": "INFO",
                "message": name,
                "pattern": pattern,
            }
            for name, pattern in theirs[language].items()
        ]
    file = folder / "semgrep.yml"
    file.write_text(json.dumps({"rules": rules}), "utf-8")
    return file, {language: len(names) for language, names in ours().items()}
