"""What an operation is for, as its method, path and headers tell: a probe, a page about the API, a sign-in, a receipt."""

from __future__ import annotations

import re

from checker.model.contract import Operation
from checker.model.words import plain, vocabulary

_PREFIX = re.compile(r"(?i)api|rest")
_VERSION = re.compile(r"(?i)v\d+(?:\.\d+)*")
_HEALTH = vocabulary("health healthz healthcheck livez readyz liveness readiness")
_BELOW_HEALTH = vocabulary(
    "ping live alive liveness ready readiness startup db database deep detail details detailed check status full"
)
_WHOLE = vocabulary("ping status metrics version heartbeat ready live up")  # a probe only where they stand alone
_ABOUT = vocabulary(
    "docs redoc swagger swaggerui apidocs openapi openapijson openapiyaml openapiyml swaggerjson swaggeryaml"
)
READS = ("search", "query", "filter", "lookup", "get", "list")  # last words of a POST that may only read
_FORGOTTEN = r"(?:forgot|reset|recover|lost)password|(?:request)?password/?(?:forgot|reset|recover)"
_SIGN_IN = re.compile(  # whole paths: below another segment the same word says nothing
    r"(?:auth/)?(?:login|signin|logon|signup|register|registration|token|refresh|refreshtoken|tokenrefresh|sessions?"
    r"|magiclink|token/refresh)"
    r"|auth/otp|(?:auth/)?(?:oauth2?|openidconnect|connect)/(?:token|revoke)"
    r"|(?:users?|accounts?)/(?:login|signin|logon|signup|register)"
    rf"|(?:(?:auth|users?|accounts?)/)?(?:{_FORGOTTEN})"
)
_SIGN_IN_PAGES = re.compile(  # what a browser or a verifier gets without a token
    r"(?:auth/|oauth2?/)?(?:authorize|callback|login|jwks|jwksjson)"
)
_OF_A_TENANT = re.compile(r"/(?:[^{}]*/)?\{[^/{}]+\}/[^{}]+")  # `/{organization}/auth/login`
_OAUTH = vocabulary("oauth oauth2 openid saml")
_SIGNATURE = re.compile(r"signature(?:-?\d+)?$")
_SENDERS = vocabulary(
    "stripe paypal adyen mollie braintree square razorpay paddle github gitlab bitbucket slack discord "
    "telegram twilio sendgrid mailgun postmark shopify clerk auth0 docusign resend lemonsqueezy"
)


def is_probe(operation: Operation) -> bool:
    """Whether a load balancer or a monitor asks: `/health`, `/health/live`, `/metrics`; not `/patients/{id}/health`."""
    words = _words(operation.path)
    if operation.method not in ("GET", "HEAD") or "{" in operation.path or not words:
        return False
    if len(words) == 1:
        return words[0] in _HEALTH | _WHOLE
    return len(words) == 2 and (words[1] in _HEALTH or (words[0] in _HEALTH and words[1] in _BELOW_HEALTH))


def is_about_itself(operation: Operation) -> bool:
    """Whether the path belongs to the API's own description: `/`, `/.well-known/…`, `/docs`, `/openapi.json`."""
    parts, words = operation.path.strip("/").split("/"), _words(operation.path)
    if operation.method not in ("GET", "HEAD"):
        return False
    return parts[0] in ("", ".well-known") or (len(words) == 1 and "{" not in operation.path and words[0] in _ABOUT)


def is_sign_in(operation: Operation) -> bool:
    """Whether the whole path is one where a caller can hardly have credentials yet: log in, register, reset a password."""
    known = {"POST": _SIGN_IN, "GET": _SIGN_IN_PAGES}.get(operation.method)
    sent = operation.path.partition("#")[0]  # a fragment never leaves the client: `/oauth2/token#refresh`
    words = "/".join(_words(sent))
    of_a_tenant = _OF_A_TENANT.fullmatch(sent) is not None and words.startswith("auth/")
    return bool(known and ("{" not in sent or of_a_tenant) and known.fullmatch(words))


def only_reads(operation: Operation) -> bool:
    """Whether a POST asks for something and makes nothing: `/orders/search`, answered with 200 and nothing else."""
    answered = {one.status for one in operation.responses if one.is_success}
    return operation.method == "POST" and last_word(operation) in READS and answered == {"200"}


def is_oauth(operation: Operation) -> bool:
    """Whether a protocol fixes what the path answers, and clients are told where it is (RFC 6749 section 3, SAML)."""
    words = _words(operation.path)
    return bool(words) and (words[0] in _OAUTH or (len(words) == 1 and words[0] in ("authorize", "token")))


def is_receipt(operation: Operation) -> bool:
    """Whether another service calls, and signs what it sends: a signature header, `/webhook`, `/webhooks/stripe`."""
    words = _words(operation.path)
    if operation.method != "POST" or not words:
        return False
    signed = any(map(_SIGNATURE.search, operation.header_names))
    return (
        signed
        or words[-1] == "webhook"
        or (words[-1] in _SENDERS and any(word.startswith("webhook") for word in words))
    )


def is_signed_receipt(operation: Operation) -> bool:
    """Whether the path says webhook or callback, and a signature header is required: the sender proves who it is."""
    said = any(word.startswith(("webhook", "callback")) for word in _words(operation.path))
    required = (one.name.lower() for one in operation.parameters if one.required and one.location == "header")
    return operation.method == "POST" and said and any(map(_SIGNATURE.search, required))


def last_word(operation: Operation) -> str:
    """The path's last segment as a plain word, or the verb behind its colon; empty where it is an identifier."""
    last = operation.path.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    return "" if "{" in last else plain(last)


def _words(path: str) -> list[str]:
    """The fixed segments as plain words, without `api` in front and without versions that something stands behind."""
    *above, last = [part for part in path.split("/") if part] or [""]
    parts = [part for part in above if not _VERSION.fullmatch(part)]
    parts += [last] if last and (parts or not _VERSION.fullmatch(last)) else []
    while parts and _PREFIX.fullmatch(parts[0]):
        parts = parts[1:]
    return [plain(part) for part in parts if "{" not in part]
