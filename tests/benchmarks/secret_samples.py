"""The labelled set for secrets: pieces of files generated from token formats, from ways of writing a password down, and from traps.

Written before the rules were tuned on it. Seeds below 500,000 are the development part, on which rules may be tuned; the
others the test part, of which only figures are looked at. Every secret is put together from dice when the set is made.
"""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.fake_secrets import BASE62, LETTERS, fake, part, text

PARTS = {"development": 0, "test": 500_000}
HEX = "0123456789abcdef"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
URLSAFE = LETTERS + "-_"
BASE64 = LETTERS + "+/"


@dataclass(frozen=True)
class Line:
    """One labelled piece of text in a file of its own kind."""

    kind: str
    secret: bool
    path: str
    content: str


Dice = random.Random
Make = Callable[[Dice], str]


def _crc(dice: Dice, prefix: str, length: int = 30) -> str:
    body = text(dice, length)
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return prefix + body + digits


def _grafana(dice: Dice) -> str:
    body = text(dice, 32)
    return f"gl{'sa'}_{body}_{zlib.crc32(('glsa_' + body).encode()):08x}"


def _pem(kind: str) -> Make:
    def make(dice: Dice) -> str:
        lines = [text(dice, 64, BASE64) for _ in range(10)]
        return "\n".join([f"-----BEGIN {kind}PRI" + "VATE KEY-----", *lines, f"-----END {kind}PRI" + "VATE KEY-----"])

    return make


def _service_account(dice: Dice) -> str:
    key = (
        "-----BEGIN PRI"
        "VATE KEY-----\\n"
        + "\\n".join(text(dice, 64, BASE64) for _ in range(8))
        + "\\n-----END PRI"
        + "VATE KEY-----\\n"
    )
    return f'{{"type": "service_account", "private_key_id": "{text(dice, 40, HEX)}", "private_key": "{key}"}}'


def _jwt(dice: Dice) -> str:
    return ".".join(
        [
            part({"alg": "HS256", "typ": "JWT"}),
            part({"sub": text(dice, 12), "exp": 4102444800}),
            text(dice, 43, URLSAFE),
        ]
    )


def _uuid(dice: Dice) -> str:
    return "-".join(text(dice, size, HEX) for size in (8, 4, 4, 4, 12))


# Formats as their providers document them; prefixes are split so that no scanner takes this file for a leak.
TOKENS: dict[str, Make] = {
    "github classic": lambda dice: _crc(dice, "gh" + dice.choice(["p", "o", "s", "u"]) + "_"),
    "github fine-grained": lambda dice: f"github{'_pat'}_{text(dice, 22)}_{text(dice, 59)}",
    "gitlab": lambda dice: "gl" + "pat-" + text(dice, 20, URLSAFE),
    "npm": lambda dice: _crc(dice, "np" + "m_"),
    "pypi": lambda dice: "py" + "pi-AgEIcHlwaS5vcmc" + text(dice, 90, URLSAFE),
    "aws pair": lambda dice: f"{'AK' + 'IA'}{text(dice, 16, UPPER + '234567')}\nsecret_access_key = {text(dice, 40, BASE64)}",
    "slack bot": lambda dice: f"{'xo' + 'xb'}-{text(dice, 12, '123456789')}-{text(dice, 12, '123456789')}-{text(dice, 24)}",
    "slack webhook": lambda dice: f"https://hooks.{'slack'}.com/services/T{text(dice, 8, UPPER + DIGITS)}/B{text(dice, 10, UPPER + DIGITS)}/{text(dice, 24)}",
    "stripe live": lambda dice: "sk" + "_live_" + text(dice, dice.choice([24, 99])),
    "stripe restricted": lambda dice: "rk" + "_live_" + text(dice, 24),
    "sendgrid": lambda dice: f"S{'G'}.{text(dice, 22, URLSAFE)}.{text(dice, 43, URLSAFE)}",
    "openai project": lambda dice: f"sk-{'proj'}-{text(dice, 74, URLSAFE)}T3Blbk" + "FJ" + text(dice, 74, URLSAFE),
    "anthropic": lambda dice: f"sk-{'ant'}-api03-{text(dice, 93, URLSAFE)}AA",
    "hugging face": lambda dice: "h" + "f_" + text(dice, 34, LETTERS),
    "telegram bot": lambda dice: f"{text(dice, 10, '123456789')}:AA{text(dice, 33, URLSAFE)}",
    "digitalocean": lambda dice: "do" + "p_v1_" + text(dice, 64, HEX),
    "shopify": lambda dice: "shp" + "at_" + text(dice, 32, HEX),
    "databricks": lambda dice: "da" + "pi" + text(dice, 32, HEX),
    "vault": lambda dice: "hv" + "s." + text(dice, 95, URLSAFE),
    "linear": lambda dice: "lin" + "_api_" + text(dice, 40),
    "doppler": lambda dice: "dp" + ".pt." + text(dice, 43),
    "grafana service": _grafana,
    "new relic": lambda dice: "NR" + "AK-" + text(dice, 27, UPPER + DIGITS),
    "docker hub": lambda dice: "dckr" + "_pat_" + text(dice, 27, URLSAFE),
    "planetscale": lambda dice: "pscale" + "_tkn_" + text(dice, 43, URLSAFE),
    "mailgun": lambda dice: f"mailgun_key = 'key-{text(dice, 32, HEX)}'",
    "age": lambda dice: "AGE-SECRET" + "-KEY-1" + text(dice, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "rsa key": _pem("RSA "),
    "openssh key": _pem("OPENSSH "),
    "pkcs8 key": _pem(""),
    "google service account": _service_account,
    "jwt": _jwt,
}  # fmt: skip
NAMES = "db_password smtpPassword client_secret API_KEY jwtSecret authToken encryption_key SECRET_KEY private_token passphrase".split()
WORDS = "order token password secret change payment value field access refresh label provider input current".split()


def samples(named: str, each: int) -> Iterator[Line]:
    """The set's part of a name, `each` pieces of every kind."""
    for at in range(each):
        seed = PARTS[named] + at
        for kind, make in TOKENS.items():
            dice = Dice(f"{kind}:{seed}")
            yield Line(kind, True, *_in_code(make(dice), dice, f"{kind.replace(' ', '-')}{at}"))
        for kind, write in WRITTEN.items():
            dice = Dice(f"{kind}:{seed}")
            yield Line(kind, True, *write(dice, at))
        for kind, write in TRAPS.items():
            dice = Dice(f"{kind}:{seed}")
            yield Line(f"trap: {kind}", False, *write(dice, at))


def _in_code(value: str, dice: Dice, stem: str) -> tuple[str, str]:
    if "\n" in value or value.startswith("{") or " = " in value:
        return (
            (f"src/{stem}.json", value + "\n") if value.startswith("{") else (f"config/{stem}.ini", f"key = {value}\n")
        )
    ending, wrap = dice.choice([("py", 'client = Client("{}")'), ("py", "# was {}"), ("ts", "const header = {{ Authorization: `Bearer {}` }}"), ("yml", "  value: {}"), ("sh", "curl -H 'X-Key: {}' https://api.acme.io")])  # fmt: skip
    return f"src/{stem}.{ending}", wrap.format(value) + "\n"


def _random(dice: Dice) -> str:
    return text(dice, dice.choice([16, 20, 24, 32]), LETTERS + dice.choice(["", "!%&_-"]))


def _chosen(dice: Dice) -> str:
    word = dice.choice(["Winter", "tiger", "Rocket", "bluesky", "Dragon", "monkey", "Sunset"])
    return word + dice.choice("!#-_@") + text(dice, 4, DIGITS) + dice.choice("xyzQK")


Write = Callable[[Dice, int], tuple[str, str]]
WRITTEN: dict[str, Write] = {
    "assigned: python": lambda dice, at: (f"src/a{at}.py", f'{dice.choice(NAMES)} = "{_random(dice)}"\n'),
    "assigned: typescript": lambda dice, at: (f"src/b{at}.ts", f"export const {dice.choice(NAMES)} = '{_random(dice)}'\n"),
    "assigned: keyword argument": lambda dice, at: (f"src/c{at}.py", f'connect(host="db", user="app", password="{_random(dice)}")\n'),
    "assigned: object": lambda dice, at: (f"src/d{at}.ts", f"const options = {{ user: 'app', password: '{_random(dice)}' }}\n"),
    "assigned: default of getenv": lambda dice, at: (f"src/e{at}.py", f'SECRET_KEY = os.environ.get("SECRET_KEY", "{_random(dice)}")\n'),
    "assigned: yaml": lambda dice, at: (f"config/f{at}.yml", f"smtp:\n  password: {text(dice, 20)}\n"),
    "assigned: json": lambda dice, at: (f"config/g{at}.json", f'{{"smtp": {{"password": "{text(dice, 20)}"}}}}\n'),
    "assigned: properties": lambda dice, at: (f"config/h{at}.properties", f"spring.datasource.password={text(dice, 20)}\n"),
    "assigned: compose list": lambda dice, at: (f"compose{at}.yml", f"services:\n  api:\n    environment:\n      - APP_SECRET={text(dice, 32)}\n"),
    "assigned: dockerfile": lambda dice, at: (f"images/{at}/Dockerfile", f"FROM python:3.12\nENV API_TOKEN={text(dice, 28)}\n"),
    "assigned: shell export": lambda dice, at: (f"deploy{at}.sh", f"export DB_PASSWORD='{text(dice, 20)}'\n"),
    "assigned: terraform": lambda dice, at: (f"infra/i{at}.tf", f'resource "aws_db_instance" "db" {{\n  password = "{text(dice, 20)}"\n}}\n'),
    "assigned: hex key": lambda dice, at: (f"src/j{at}.py", f'{dice.choice(NAMES)} = "{text(dice, 64, HEX)}"\n'),
    "assigned: base64 key": lambda dice, at: (f"src/k{at}.py", f'ENCRYPTION_KEY = "{base64.b64encode(dice.randbytes(32)).decode()}"\n'),
    "assigned: chosen by a person": lambda dice, at: (f"src/l{at}.py", f'db_password = "{_chosen(dice)}"\n'),
    "assigned: xml": lambda dice, at: (f"config/m{at}.xml", f"<settings><server><password>{text(dice, 20)}</password></server></settings>\n"),
    "url: postgresql": lambda dice, at: (f"src/n{at}.py", f'URL = "postgresql://app:{text(dice, 20)}@db{at}.acme.io/app"\n'),
    "url: mongodb": lambda dice, at: (f"config/o{at}.yml", f"uri: mongodb+srv://svc:{text(dice, 20)}@cluster0.ab1cd.mongodb.net/prod\n"),
    "url: redis without user": lambda dice, at: (f"config/p{at}.toml", f'broker = "redis://:{text(dice, 24)}@cache.acme.io:6379/0"\n'),
    "url: git over https": lambda dice, at: (f"requirements{at}.txt", f"git+https://deploy:{text(dice, 24)}@git.acme.io/team/lib.git\n"),
    "keys: sql server": lambda dice, at: (f"config/q{at}.json", f'{{"db": "Server=db{at}.acme.io;User Id=app;Password={text(dice, 20)};"}}\n'),
    "keys: azure storage": lambda dice, at: (f"src/r{at}.cs", f'var c = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={base64.b64encode(dice.randbytes(64)).decode()};";\n'),
    "header: basic": lambda dice, at: (f"src/s{at}.py", f'headers = {{"Authorization": "Basic {base64.b64encode(("svc:" + text(dice, 20)).encode()).decode()}"}}\n'),
    "netrc": lambda dice, at: (f"home{at}/.netrc", f"machine api.acme.io\n  login svc\n  password {text(dice, 20)}\n"),
    "npmrc": lambda dice, at: (f"home{at}/.npmrc", f"//registry.acme.io/:_authToken={text(dice, 36)}\n"),
    "base64 of a private key": lambda dice, at: (f"config/t{at}.yml", f"signing_key: {base64.b64encode(_pem('EC ')(dice).encode()).decode()}\n"),
    "password: gitlab token in env": lambda dice, at: (f"ci{at}.yml", f"variables:\n  TOKEN: {fake('gitlab-pat', at + dice.randrange(1000))}\n"),
}  # fmt: skip
TRAPS: dict[str, Write] = {
    "commit id": lambda dice, at: (f"src/ta{at}.py", f'COMMIT = "{text(dice, 40, HEX)}"\n'),
    "uuid": lambda dice, at: (f"src/tb{at}.py", f'user_id = "{_uuid(dice)}"\n'),
    "uuid of a key": lambda dice, at: (f"src/tc{at}.py", f'api_key_id = "{_uuid(dice)}"\n'),
    "integrity": lambda dice, at: (f"src/td{at}.json", f'{{"integrity": "sha512-{text(dice, 86, BASE64)}=="}}\n'),
    "digest": lambda dice, at: (f"src/te{at}.py", f'password_sha256 = "{text(dice, 64, HEX)}"\nimage = "postgres@sha256:{text(dice, 64, HEX)}"\n'),
    "words": lambda dice, at: (f"src/tf{at}.py", f'PASSWORD_KEY = "{_slug(dice)}"\nsecret = "{_slug(dice)}"\n'),
    "message": lambda dice, at: (f"src/tg{at}.ts", f"const passwordError = 'Your {_slug(dice, ' ')} must not be empty'\n"),
    "environment": lambda dice, at: (f"src/th{at}.py", f'token = os.environ["{_slug(dice).upper()}"]\n'),
    "call": lambda dice, at: (f"src/ti{at}.py", f"password = get_{_slug(dice)}(request)\nsecret: str = settings.{_slug(dice)}\n"),
    "template": lambda dice, at: (f"config/tj{at}.yml", f"password: ${{{_slug(dice).upper()}}}\ntoken: {{{{ .Values.{_slug(dice)} }}}}\n"),
    "actions secret": lambda dice, at: (f".github/workflows/tk{at}.yml", f"env:\n  API_TOKEN: ${{{{ secrets.{_slug(dice).upper()} }}}}\n"),
    "secret reference": lambda dice, at: (f"k8s/tl{at}.yml", f"env:\n  - name: DB_PASSWORD\n    valueFrom:\n      secretKeyRef:\n        name: {_slug(dice, '-')}\n        key: password\n"),
    "vault path": lambda dice, at: (f"config/tm{at}.yml", f"password: vault:secret/data/{_slug(dice, '/')}#password\n"),
    "placeholder": lambda dice, at: (f"config/tn{at}.yml", f"api_key: {dice.choice(['change-me', 'your-api-key', 'xxxxxxxxxxxx', '<api-key>', 'REPLACE_ME', '********'])}\n"),
    "local database": lambda dice, at: (f"src/to{at}.py", 'URL = "postgresql://postgres:postgres@localhost:5432/app"\n'),
    "compose database": lambda dice, at: (f"compose/tp{at}.yml", "services:\n  db:\n    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: postgres\n"),
    "translation": lambda dice, at: (f"src/tq{at}.json", f'{{"password": "{dice.choice(["Mot de passe", "Kennwort", "新密碼", "Contraseña"])}"}}\n'),
    "named otherwise": lambda dice, at: (f"src/tr{at}.py", f'csrf_token = "{text(dice, 24)}"\ntoken_url = "/oauth/{_slug(dice)}"\n'),
    "cursor": lambda dice, at: (f"src/ts{at}.py", f'next_page_token = "{text(dice, 32)}"\n'),
    "made-up token": lambda dice, at: (f"src/tt{at}.py", 'TOKEN = "gh' + 'p_' + "x" * 36 + '"\n'),
    "empty key": lambda dice, at: (f"src/tu{at}.py", '"-----BEGIN RSA PRI' + 'VATE KEY-----\\n...\\n-----END RSA PRI' + 'VATE KEY-----"\n'),
    "public key": lambda dice, at: (f"keys/tv{at}.pem", "-----BEGIN PUBLIC KEY-----\n" + "\n".join(text(dice, 64, BASE64) for _ in range(5)) + "\n-----END PUBLIC KEY-----\n"),
    "certificate": lambda dice, at: (f"keys/tw{at}.crt", "-----BEGIN CERTIFICATE-----\n" + "\n".join(text(dice, 64, BASE64) for _ in range(12)) + "\n-----END CERTIFICATE-----\n"),
    "ssh public key": lambda dice, at: (f"keys/tx{at}.pub", f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB{text(dice, 340, BASE64)} ada@example.com\n"),
    "publishable key": lambda dice, at: (f"src/ty{at}.ts", f"const stripe = Stripe('pk_live_{text(dice, 24)}')\n"),
    "image as data": lambda dice, at: (f"src/tz{at}.css", f".a {{ background: url(data:image/png;base64,iVBORw0KGgo{text(dice, 200, BASE64)}) }}\n"),
    "documented aws key": lambda dice, at: (f"src/ua{at}.py", 'KEY = "AK' + 'IAIOSFODNN7EXAMPLE"\nSECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"\n'),
    "schema": lambda dice, at: (f"src/ub{at}.yml", f"properties:\n  password:\n    type: string\n    description: The {_slug(dice, ' ')}\n    minLength: 12\n"),
    "password hash": lambda dice, at: (f"src/uc{at}.py", f'password_hash = "$2b$12${text(dice, 53, LETTERS + "./")}"\n'),
    "header name": lambda dice, at: (f"src/ud{at}.ts", f"const apiKeyHeader = 'x-{_slug(dice, '-')}-key'\nconst tokenType = 'Bearer'\n"),
    "limit": lambda dice, at: (f"src/ue{at}.py", f"max_tokens = {dice.randrange(1000, 9000)}\nTOKEN_TTL_SECONDS = {dice.randrange(100, 90000)}\n"),
    "route": lambda dice, at: (f"src/uf{at}.ts", f"export const resetPassword = '/auth/{_slug(dice, '-')}/:id'\n"),
    "json shape": lambda dice, at: (f"src/ug{at}.json", json.dumps({"token": {"type": "string"}, "secret": None, "password": True}) + "\n"),
}  # fmt: skip


def _slug(dice: Dice, between: str = "_") -> str:
    return between.join(dice.sample(WORDS, 3))
