"""Precision and recall of the secret detectors on a labelled set that is generated from token formats and traps.

usage: python -m tests.benchmarks.secrets_labelled [--each N] [--detect-secrets PATH] [--tree FOLDER]

The set is split by seed into a development part, on which rules may be tuned, and a test part, on which nobody looks at
single lines. A line counts as found when anything is reported on it. `--detect-secrets` names that peer's command;
`--tree` also compares CPU seconds on a folder. Prints figures; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from checker.checks.secrets.judged import contextual_confidence, provider_confidence
from checker.collect.detectors import detectors
from checker.collect.env_files import is_env_file
from checker.model.repo import Role
from checker.model.secrets import Tier, Token
from tests.fake_secrets import LETTERS, fake, text

PARTS = {"development": 0, "test": 500_000}
TOKENS = ("github-pat", "npm", "slack-bot", "stripe-live", "gitlab-pat", "jwt", "private-key")
NAMES = ("DB_PASSWORD", "smtpPassword", "client_secret", "API_KEY", "jwtSecret", "authToken", "encryption_key")
HOLDERS = ("change-me", "your-api-key", "xxxxxxxxxxxx")
LABELS = ("Mot de passe", "Kennwort", "新密碼")
WORDS = "order token password secret change payment value field access refresh label provider input current".split()


@dataclass(frozen=True)
class Line:
    """One labelled piece of text in a file of its own kind."""

    kind: str
    secret: bool
    path: str
    content: str


def lines(part: str, each: int) -> Iterator[Line]:
    for at in range(each):
        seed = PARTS[part] + at
        dice = random.Random(seed)
        for kind in TOKENS:
            yield Line(kind, True, f"src/{kind}{at}.py", _in_code(fake(kind, seed), dice))
        yield from _contextual(seed, at, dice)
        for kind, make in TRAPS.items():
            path, content = make(dice, at)
            yield Line(f"trap: {kind}", False, path, content)


def _in_code(value: str, dice: random.Random) -> str:
    if "\n" in value:
        return f'KEY = """{value}"""\n'
    return dice.choice(
        [f'client = Client("{value}")\n', f"# old: {value}\n", f'{{"Authorization": "Bearer {value}"}}\n']
    )


def _contextual(seed: int, at: int, dice: random.Random) -> Iterator[Line]:
    name, password, digits = dice.choice(NAMES), fake("password", seed), fake("hex", seed)
    chosen = (
        dice.choice(["Winter", "tiger", "Rocket", "bluesky"])
        + dice.choice("!#-_")
        + text(dice, 4, "0123456789")
        + dice.choice("xyzQK")
    )
    yield Line("assigned, quoted", True, f"src/quoted{at}.ts", f"export const {name} = '{password}'\n")
    yield Line("assigned, hex", True, f"src/hex{at}.py", f'{name} = "{digits}"\n')
    yield Line("assigned, bare", True, f"config/bare{at}.yml", f"smtp:\n  {name}: {password}\n")
    yield Line("assigned, chosen by a person", True, f"src/chosen{at}.py", f'db_password = "{chosen}"\n')
    yield Line(
        "connection string", True, f"src/url{at}.py", f'URL = "postgresql://app:{password}@db{at}.acme.io/app"\n'
    )
    keys = f"Server=db{at}.acme.io;User Id=app;Password={password};"
    yield Line("connection keys", True, f"src/keys{at}.json", f'{{"db": "{keys}"}}\n')


Make = Callable[[random.Random, int], tuple[str, str]]
TRAPS: dict[str, Make] = {
    "commit id": lambda dice, at: (f"src/c{at}.py", f'COMMIT = "{text(dice, 40, "0123456789abcdef")}"\n'),
    "uuid": lambda dice, at: (f"src/u{at}.py", f'user_id = "{_uuid(dice)}"\n'),
    "integrity": lambda dice, at: (f"src/i{at}.json", f'{{"integrity": "sha512-{text(dice, 86, LETTERS + "+/")}=="}}\n'),
    "words": lambda dice, at: (f"src/w{at}.py", f'PASSWORD_KEY = "{_slug(dice)}"\nsecret = "{_slug(dice)}"\n'),
    "environment": lambda dice, at: (f"src/e{at}.py", f'token = os.environ["{_slug(dice).upper()}"]\n'),
    "template": lambda dice, at: (f"config/t{at}.yml", f"password: ${{{_slug(dice).upper()}}}\n"),
    "placeholder": lambda dice, at: (f"config/p{at}.yml", f"api_key: {dice.choice(HOLDERS)}\n"),
    "local database": lambda dice, at: (f"src/l{at}.py", 'URL = "postgresql://postgres:postgres@localhost:5432/app"\n'),
    "translation": lambda dice, at: (f"src/m{at}.json", f'{{"password": "{dice.choice(LABELS)}"}}\n'),
    "named otherwise": lambda dice, at: (f"src/n{at}.py", f'csrf_token = "{text(dice, 24)}"\ntoken_url = "/oauth/{_slug(dice)}"\n'),
    "made-up token": lambda dice, at: (f"src/f{at}.py", 'TOKEN = "ghp_' + "x" * 36 + '"\n'),
    "empty key": lambda dice, at: (f"src/k{at}.py", '"-----BEGIN RSA PRI' + 'VATE KEY-----\\n...\\n"\n'),
}  # fmt: skip


def _uuid(dice: random.Random) -> str:
    return "-".join(text(dice, size, "0123456789abcdef") for size in (8, 4, 4, 4, 12))


def _slug(dice: random.Random) -> str:
    return "_".join(dice.sample(WORDS, 3))


def ours(entries: list[Line]) -> set[str]:
    return {one.path for one in entries if any(_counts(token) for token in _tokens(one))}


def sure(entries: list[Line]) -> set[str]:
    return {
        one.path for one in entries if any(_counts(token) and _confidence(token) == "high" for token in _tokens(one))
    }


def _tokens(line: Line) -> list[Token]:
    assert not is_env_file(line.path)
    return list(detectors().tokens(line.path, Role.RUNTIME, line.content.encode()))


def _counts(token: Token) -> bool:
    return not token.traits.doubt


def _confidence(token: Token) -> str:
    return (provider_confidence if token.tier is Tier.STRUCTURED else contextual_confidence)(token).value


def peer(command: str, entries: list[Line]) -> set[str]:
    with tempfile.TemporaryDirectory() as scratch:
        for one in entries:
            file = Path(scratch, one.path)
            file.parent.mkdir(exist_ok=True)
            file.write_text(one.content, "utf-8")
        words = [command, "scan", "--all-files", "--no-verify", "."]
        done = subprocess.run(words, cwd=scratch, capture_output=True, check=True)
        return set(json.loads(done.stdout)["results"])


def figures(name: str, entries: list[Line], found: set[str]) -> None:
    right = sum(one.secret for one in entries if one.path in found)
    wanted = sum(one.secret for one in entries)
    precision = right / len(found) if found else 0.0
    print(
        f"  {name:<16} precision {precision:.3f}  recall {right / wanted:.3f}  ({right} of {wanted}, {len(found) - right} wrong)"
    )


def by_kind(entries: list[Line], results: dict[str, set[str]]) -> None:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in entries:
        table[one.kind]["all"] += 1
        for name, found in results.items():
            table[one.kind][name] += one.path in found
    for kind, counts in table.items():
        share = "  ".join(f"{name} {counts[name] / counts['all']:.2f}" for name in results)
        print(f"    {kind:<34} {share}")


def cpu_of(words: list[str], cwd: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=cwd, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=40)
    options.add_argument("--detect-secrets", dest="peer")
    options.add_argument("--tree", type=Path)
    chosen = options.parse_args()
    for part in PARTS:
        entries = list(lines(part, chosen.each))
        results = {"ours": ours(entries), "ours, high": sure(entries)}
        if chosen.peer:
            results["detect-secrets"] = peer(chosen.peer, entries)
        print(f"{part} part: {len(entries)} files, share of each kind that was reported")
        by_kind(entries, results)
        for name, found in results.items():
            figures(name, entries, found)
    if chosen.tree and chosen.peer:
        only = ["--standard", "common", "--only", "secret-in-tree", "--only", "hardcoded-credential"]
        mine = cpu_of([sys.executable, "-m", "checker", "audit", str(chosen.tree), *only], Path.cwd())
        theirs = cpu_of([chosen.peer, "scan", "--all-files", "--no-verify", "."], chosen.tree)
        print(f"CPU on {chosen.tree}: ours {mine:.1f} s, detect-secrets {theirs:.1f} s, ratio {theirs / mine:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
