"""The only place that knows how hosts of agents write a session down: messages with parts, calls, and what these returned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.outputs.fields import take, text_of, whole

MARKS = re.compile(
    r'"type"\s*:\s*"(?:tool_use|tool_result|function_call|function_call_output|local_shell_call|custom_tool_call|response_item)"'
    r'|"tool_calls"\s*:\s*\[|"functionCall"\s*:|"tool_call_id"\s*:'
)
NAMED = re.compile(
    r"(?i)session|transcript|agent|claude|codex|rollout|gemini|chat|conversation|(^|[/_.-])logs?([/_.-]|$)|trace"
)
_BESIDE = frozenset(
    "summary system session_meta turn_context file-history-snapshot queue-operation compacted"
    " reasoning thinking progress redacted_thinking"
    " token_count agent_reasoning task_started task_complete turn_aborted image input_image web_search_call ghost_snapshot".split()
)
_NO_PERSON = re.compile(
    r"^\s*(?:<(?:environment_context|user_instructions|command-|local-command|system|turn_aborted)|\[Request interrupted|Caveat: )"
)
_REMINDER = re.compile(r"(?s)<system-reminder>.*?</system-reminder>")
_REFUSED = re.compile(
    r"(?i)user doesn't want to (?:proceed|take this action)|tool use was rejected|rejected by user|command not approved"
)
_CODE = re.compile(r"(?i)(?:exit code|exited with(?: code)?|Process exited with code)\W{0,2}(-?\d{1,3})\b")
_SHELLS = re.compile(
    r"(?i)(?:^|[._])(?:bash|shell|exec|exec_command|run_shell_command|run_terminal_cmd|local_shell|terminal|container\.exec)$"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a record. `id` ties a call to its result; `what` is words, call, result, or beside: nothing that anybody did."""

    what: str
    person: bool = False
    name: str = ""
    text: str = ""
    given: Any = None
    result: Any = None
    id: str = ""
    command: str = ""
    code: int | None = None
    refused: bool = False


def steps(record: Any) -> list[Step] | None:
    """What a record of a host's transcript holds; None for a record of another shape."""
    if not isinstance(record, Mapping):
        return None
    kind = text_of(record, "type")
    inner = record.get("payload") if kind in ("response_item", "event_msg") else record.get("message")
    if kind == "event_msg":
        return [Step("beside")]  # what it tells stands in the response items as well
    wrapped = "_meta" not in record and isinstance(inner, Mapping)
    if wrapped and isinstance(inner, Mapping) and (kind == "response_item" or "content" in inner or "role" in inner):
        found = steps({**inner, "_meta": _is_meta(record)})
        return found if found is not None else [Step("beside")] if text_of(inner, "type") in _BESIDE else None
    if kind in _BESIDE:
        return [Step("beside")]
    if kind in _ITEMS:
        return [_item(record)]
    if isinstance(record.get("role"), str) and (_has_parts(record) or record.get("_meta") is not None):
        return list(_message(record))
    return None


def results(record: Any) -> Iterator[Any]:
    """What calls returned, where a record is one of a host's transcript."""
    yield from (one.result for one in steps(record) or () if one.what == "result")


def _is_meta(record: Mapping[str, Any]) -> bool:
    """Whether a user's message is the host's or a second agent's, and no person's."""
    return any(
        record.get(name) is True for name in ("isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly")
    )


def _has_parts(record: Mapping[str, Any]) -> bool:
    content = record.get("content")
    parts = content if isinstance(content, list) else record.get("parts")
    typed = isinstance(parts, list) and any(isinstance(one, Mapping) for one in parts)
    return typed or "tool_calls" in record or "tool_call_id" in record


def _message(record: Mapping[str, Any]) -> Iterator[Step]:
    role, content = str(record.get("role")).lower(), record.get("content", record.get("parts"))
    person = role in ("user", "human") and not record.get("_meta")
    if role in ("tool", "function") and not isinstance(record.get("parts"), list):
        yield _returned(content, str(record.get("tool_call_id") or record.get("name") or ""), error=False)
        return
    for part in content if isinstance(content, list) else [content]:
        yield from _part(part, person, role)
    calls = record.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, Mapping):
            inner = take(call, "function")
            held = inner.value if inner and isinstance(inner.value, Mapping) else call
            yield _call(text_of(held, "name"), held.get("arguments", held.get("args")), text_of(call, "id"))
    yield Step("beside")


def _part(part: Any, person: bool, role: str) -> Iterator[Step]:
    if isinstance(part, str):
        yield from _words(part, person, role)
    elif isinstance(part, Mapping):
        kind = text_of(part, "type")
        call, answer = part.get("functionCall"), part.get("functionResponse")
        if isinstance(call, Mapping):
            yield _call(text_of(call, "name"), call.get("args"), text_of(call, "id") or text_of(call, "name"))
        elif isinstance(answer, Mapping):
            yield _returned(answer.get("response"), text_of(answer, "id") or text_of(answer, "name"), error=False)
        elif kind in _ITEMS:
            yield _item(part)
        elif isinstance(part.get("text"), str):
            yield from _words(part["text"], person, role)
        elif kind not in _BESIDE and part:
            yield Step("unread", text=str(kind or sorted(part))[:60])


def _words(text: str, person: bool, role: str) -> Iterator[Step]:
    bare = _REMINDER.sub("", text).strip()
    if bare and role not in ("system", "developer"):
        yield Step("words", person and not _NO_PERSON.match(bare), text=bare)


def _item(record: Mapping[str, Any]) -> Step:
    kind, call = text_of(record, "type"), text_of(record, "call_id", "tool_use_id", "id")
    if kind in ("tool_result", "function_call_output", "custom_tool_call_output", "local_shell_call_output"):
        return _returned(record.get("content", record.get("output")), call, error=record.get("is_error") is True)
    if kind == "local_shell_call":
        return _call("local_shell", record.get("action"), call)
    return _call(text_of(record, "name"), record.get("input", record.get("arguments")), call)


_ITEMS = (
    "tool_use", "server_tool_use", "mcp_tool_use", "function_call", "custom_tool_call", "local_shell_call", "tool_result",
    "function_call_output", "custom_tool_call_output", "local_shell_call_output",
)  # fmt: skip


def _call(name: str, given: Any, call: str) -> Step:
    held = _loaded(given)
    told = take(held, "command", "cmd", "script", "code")
    command = one_line(told.value) if told and (_SHELLS.search(name) or told.name in ("command", "cmd")) else ""
    return Step("call", name=name, given=held, id=call, command=command)


def one_line(command: Any) -> str:
    """A command as one line; a list of words is what a shell was given."""
    if isinstance(command, list):
        words = [str(one) for one in command]
        inner = len(words) >= 3 and re.search(r"(?:^|/)(?:ba|z|da)?sh$", words[0]) and re.fullmatch(r"-\w*c", words[1])
        return words[2] if inner else " ".join(words)
    return command.strip() if isinstance(command, str) else ""


def _returned(content: Any, call: str, *, error: bool) -> Step:
    text = content if isinstance(content, str) else _joined(content)
    held = _loaded(text) if text else content
    inner = take(held, "metadata")
    code = take(inner.value if inner else held, "exit_code", "exitCode", "return_code", "returncode")
    told = _CODE.search(text[:400] + text[-200:]) if text else None
    number = whole(code.value) if code else int(told.group(1)) if told else 1 if error else None
    return Step("result", text=text, result=held, id=call, code=number, refused=_REFUSED.search(text[:400]) is not None)


def _joined(content: Any) -> str:
    parts = content if isinstance(content, list) else [content]
    return "\n".join(
        text_of(one, "text") for one in parts if isinstance(one, Mapping) and isinstance(one.get("text"), str)
    )


def _loaded(value: Any) -> Any:
    """What was written as JSON text, as what it holds."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
