"""What an operation is for, as its method, path and headers tell: a probe, a page about the API, a sign-in, a receipt."""

from __future__ import annotations

import re

from checker.model.contract import Operation
from checker.model.words import plain, vocabulary

_PREFIX = re.compile(r"(?i)api|rest|v\d+(?:\.\d+)*")
_HEALTH = vocabulary("health healthz healthcheck livez readyz liveness readiness")
_BELOW_HEALTH = vocabulary(
    "ping live alive liveness ready readiness startup db database deep detail details detailed check status full"
)
_WHOLE = vocabulary("ping status metrics version heartbeat ready live up")  # a probe only where they stand alone
_ABOUT = vocabulary(
    "docs redoc swagger swaggerui apidocs openapi openapijson openapiyaml openapiyml swaggerjson swaggeryaml"
)
_SIGN_IN = vocabulary(
    "login signin recovery logon auth authenticate token accesstoken accesstokens refresh refreshtoken session "
    "sessions register registration signup magiclink otp verifyemail emailverification"
)
_SIGN_IN_PAGES = vocabulary(
    "authorize callback login jwks jwksjson"
)  # what a browser or a verifier gets without a token
_OAUTH = vocabulary("oauth oauth2 openid saml")
_RESET = re.compile(r"(?:forgot|reset|recover|lost|request)\w*password|password\w*(?:forgot|reset|recover)")
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
    """Whether a caller can hardly have credentials yet: it logs in, registers, renews a token, resets a password."""
    words = _words(operation.path)
    if operation.method == "GET" and words:
        return "{" not in operation.path and words[-1] in _SIGN_IN_PAGES
    if operation.method != "POST" or not words:
        return False
    if _RESET.search("".join(words[-2:])):
        return True
    return "{" not in operation.path and words[-1] in _SIGN_IN


def is_oauth(operation: Operation) -> bool:
    """Whether a protocol fixes what the path answers, and clients are told where it is (RFC 6749 section 3, SAML)."""
    words = _words(operation.path)
    return bool(words) and (words[0] in _OAUTH or (len(words) == 1 and words[0] in ("authorize", "token")))


def is_receipt(operation: Operation) -> bool:
    """Whether another service calls, and signs what it sends: a signature header, `/webhook`, `/webhooks/stripe`."""
    words = _words(operation.path)
    if operation.method != "POST" or not words:
        return False
    signed = any(re.search(r"signature(?:-?\d+)?$", name) for name in operation.header_names)
    return (
        signed
        or words[-1] == "webhook"
        or (words[-1] in _SENDERS and any(word.startswith("webhook") for word in words))
    )


def last_word(operation: Operation) -> str:
    """The path's last segment as a plain word, or the verb behind its colon; empty where it is an identifier."""
    last = operation.path.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    return "" if "{" in last else plain(last)


def _words(path: str) -> list[str]:
    """The fixed segments as plain words, without `api` and version in front."""
    parts = [part for part in path.split("/") if part]
    while parts and _PREFIX.fullmatch(parts[0]):
        parts = parts[1:]
    return [plain(part) for part in parts if "{" not in part]
