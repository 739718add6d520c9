"""The only place that reads the contract as the base revision states it."""

from __future__ import annotations

from collections.abc import Iterator

from checker.collect.api import contract
from checker.collect.contract_files import DATA, SEARCHED, is_called_contract, load_contracts, may_be_contract
from checker.collect.documents import Loaded
from checker.collect.files import LARGEST_TEXT, Unreadable, decoded
from checker.collect.roles import roles_of
from checker.model.contract import BaseApi, ContractFiles
from checker.model.repo import Changes, File, Inventory, Role, Text
from checker.model.settings import DescriptionChange, Layout
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git, GitUnusable

Missing = NotApplicable | Unavailable


def base_api(git: Git, changes: Changes, files: ContractFiles, described: DescriptionChange | Missing) -> BaseApi:
    """Each of the head's contracts in the base's words, and those that the change removed, moved, emptied or names no more.

    NotApplicable without a base or without a contract there; Unavailable when the base's contract cannot be read.
    """
    layout = described.base.layout if isinstance(described, DescriptionChange) else Layout()
    listed = {entry.path: entry for entry in git.ls_tree(changes.base)}
    inventory = Inventory(tuple(File(path, Role.RUNTIME, 0, blob=entry.blob) for path, entry in sorted(listed.items())))
    moved = {change.path: change.old_path for change in changes.files if change.old_path}
    gone = list(_lost(git, changes, files, layout))
    known = (*(moved.get(one, one) for one in (*files.openapi, *files.copies)), *layout.openapi, *gone)
    candidates = [path for path in dict.fromkeys(known) if path in listed]
    touched = {change.path for change in changes.files}
    # What the change left alone is read already: each file of the base costs a child process otherwise.
    same = {path: value for path, value in files.documents.values.items() if path in listed and path not in touched}
    loaded = Loaded(values=dict(same))

    def read(path: str) -> Text:
        data = git.show(changes.base, path, LARGEST_TEXT)
        if data is None:
            raise Unreadable(f"{path} at the base revision is too large, or is gone")
        return decoded(path, data)

    found = load_contracts(candidates, read, inventory, loaded, keep_all=False)
    broken = next((one for one in loaded.unreadable if one.subject in candidates and one.subject not in gone), None)
    if broken is not None and broken.kind == "malformed":  # the change that mends it must be able to pass
        raise NotApplicable(f"{broken.subject} is no contract at the base revision: {broken.detail}")
    if broken is not None:
        raise Unavailable(f"{broken.subject} cannot be read at the base revision: {broken.detail}")
    if not found:
        raise NotApplicable("the base revision holds no contract")
    return BaseApi(
        tuple(contract(loaded.documents, path) for path in found), {new: old for new, old in moved.items() if old}
    )


def _lost(git: Git, changes: Changes, files: ContractFiles, layout: Layout) -> Iterator[str]:
    """Files of the base that passed for contracts, and at the head are gone or are contracts no more."""
    role = roles_of(layout)
    kept = {*files.openapi, *files.copies, *(defect.subject for defect in files.unreadable)}
    for change in changes.files:
        path = change.old_path or change.path
        if change.status == "A" or change.path in kept or not path.lower().endswith(DATA):
            continue
        if layout.openapi and path not in layout.openapi:
            continue
        if role(path) in SEARCHED and _was_contract(git, changes.base, path):
            yield path


def _was_contract(git: Git, revision: str, path: str) -> bool:
    try:
        data = git.show(revision, path, LARGEST_TEXT)
    except GitUnusable:
        if not is_called_contract(path):
            return False  # data that is too large to be one, and does not claim to be
        raise
    return data is not None and may_be_contract(data)
