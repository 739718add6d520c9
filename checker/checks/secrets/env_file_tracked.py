"""No `.env` file with values is part of the repository, and an example of one holds placeholders only."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.secrets.judged import NOT_DEPLOYED
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.secrets import EnvFile, Secrets, Setting


def env_file_tracked(secrets: Secrets) -> Iterator[Observation]:
    """One observation for each file of environment variables."""
    for file in secrets.env_files:
        secret = [one for one in file.settings if one.secret and not one.traits.doubt]
        bad = secret if file.example else [one for one in file.settings if _is_value(one)]
        yield Observation(
            subject=file.path,
            ok=not bad,
            place=Place(file.path, _lines(secret or bad)),
            message=_message(file, secret),
            evidence=_evidence(
                secret or bad, "that look real" if secret else "none of them named as a secret, or all defaults"
            ),
            confidence=_confidence(file, secret),
        )


def _is_value(setting: Setting) -> bool:
    """Compose reads its own settings from a `.env` that is meant to be committed."""
    return (
        bool(setting.traits.length)
        and setting.traits.doubt != "a placeholder"
        and not setting.name.startswith("COMPOSE_")
    )


def _message(file: EnvFile, secret: list[Setting]) -> str:
    if file.example:
        return f"{file.path} is an example and holds values that look real"
    part = (
        "is not ignored, so the next commit takes it along," if file.tracked is False else "is part of the repository"
    )
    return f"{file.path} {part} and holds {'secrets' if secret else 'values'}"


def _evidence(settings: list[Setting], what: str) -> str:
    """Names alone: no value, and nothing of one."""
    names = ", ".join(f"{one.name} (line {one.line})" for one in settings[:8])
    more = f" and {len(settings) - 8} more" if len(settings) > 8 else ""
    return f"{len(settings)} values, {what}: {names}{more}"


def _lines(settings: list[Setting]) -> tuple[int, int] | None:
    return (settings[0].line, settings[-1].line) if settings else None


def _confidence(file: EnvFile, secret: list[Setting]) -> Confidence:
    """Values that look chosen by a generator are sure; defaults that nobody minds are worth a remark."""
    sure = any(one.traits.length >= 12 and one.traits.entropy >= 3.2 for one in secret)
    if file.role in NOT_DEPLOYED or not secret:
        return Confidence.LOW if file.role in NOT_DEPLOYED else Confidence.MEDIUM
    return Confidence.HIGH if sure and file.tracked is not False else Confidence.MEDIUM
