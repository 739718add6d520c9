"""The only place that reads the safe-mode flag and the outline."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.data_parsed import Malformed
from checker.collect.files import Root, Unreadable
from checker.collect.outputs import loose
from checker.collect.outputs.text import readable
from checker.model.outputs.fields import take
from checker.model.outputs.flags import Box, Outline, SafeMode
from checker.model.repo import Changes, Inventory
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

FLAG = "ops/flags/safe-mode.json"
LARGEST_FLAG = 1 << 20  # bytes
OUTLINES = ("docs/OUTLINE.md", "OUTLINE.md", "docs/outline.md")
PROGRESS = ("docs/PROGRESS.md", "PROGRESS.md", "docs/progress.md")
_TOLD = re.compile(
    r"(?i)^(?=.*[|:→-])\W*(?:\[[ x]\]\W*)?(WBS-\d+(?:\.\d+)*)\b.*?\b(done|completed?|in[ _-]progress|doing"
    r"|in[ _-]review|todo|blocked|pending)\b\W*(?:\d{4}-\d{2}-\d{2}\W*)?$"
)
_BOX = re.compile(r"^\s*(?:[-*]\s*)?\[([ xX])\]\s*\W{0,4}(WBS-\d+(?:\.\d+)*)\b")
_OFF = ("false", "off", "0", "disabled", "inactive", "no", "none")


def safe_mode_flag(
    root: Root,
    inventory: Inventory,
    git: Git | Unavailable | NotApplicable,
    changes: Changes | Unavailable | NotApplicable,
) -> SafeMode:
    """The flag as it stands, and as the base has it. NotApplicable where neither has one."""
    before = _before(git, changes) if isinstance(git, Git) and isinstance(changes, Changes) else None
    if FLAG not in inventory.by_path:
        if before is None or not before.on:
            raise NotApplicable(f"no {FLAG}, so safe mode is off")
        return SafeMode(FLAG, True, before.said, lifted="is deleted")
    try:
        now = _flag(readable(FLAG, root.read(FLAG))[0])
    except Unreadable as wrong:
        return _unread(str(wrong))
    if before is not None and before.on and not now.on:
        return SafeMode(FLAG, True, before.said, lifted=f"is set to {now.said}")
    return now


def _before(git: Git, changes: Changes) -> SafeMode | None:
    """The flag of the base where the change touches it."""
    if not any(FLAG in (one.path, one.old_path) for one in changes.files):
        return None
    try:
        data = git.show(changes.base, FLAG, LARGEST_FLAG)
        return None if data is None else _flag(readable(FLAG, data)[0])
    except (Unreadable, Unavailable) as wrong:
        return _unread(str(wrong))


def _unread(why: str) -> SafeMode:
    return SafeMode(FLAG, True, "nothing that can be read", why)


def _flag(text: str) -> SafeMode:
    try:
        value, _ = loose.pairs(text)
    except Malformed as wrong:
        return _unread(str(wrong))
    found = take(value, "safe_mode", "enabled", "active", "on", "mode", "status", "state")
    if found is None:
        return SafeMode(FLAG, True, "neither on nor off", "no field enabled, active or safe_mode")
    said = str(found.value).strip().lower()
    return SafeMode(FLAG, said not in _OFF, f"{found.name} {said}")


def outline(root: Root, inventory: Inventory) -> Outline:
    """The outline's boxes. NotApplicable where there is no outline."""
    path = next((one for one in OUTLINES if one in inventory.by_path), "")
    progress = next((one for one in PROGRESS if one in inventory.by_path), "")
    if not path and not progress:
        raise NotApplicable("neither docs/OUTLINE.md nor docs/PROGRESS.md")
    boxes = tuple(_boxes(root, path)) if path else ()
    return Outline(path or progress, boxes, tuple(_boxes(root, progress)) if progress else ())


def _boxes(root: Root, path: str) -> Iterator[Box]:
    try:
        text = readable(path, root.read(path))[0]
    except Unreadable:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if box := _BOX.match(line):
            yield Box(box.group(2), box.group(1) in "xX", number, path)
        elif path in PROGRESS and (told := _TOLD.match(line)):
            yield Box(told.group(1), told.group(2).lower() in ("done", "complete", "completed"), number, path)
