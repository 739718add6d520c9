"""The only place that reads the contract as the base revision states it."""

from __future__ import annotations

from checker.collect.api import contract
from checker.collect.contract_files import load_contracts
from checker.collect.documents import Loaded
from checker.collect.files import LARGEST_TEXT, Unreadable, decoded
from checker.model.contract import BaseApi, ContractFiles
from checker.model.repo import Changes, File, Inventory, Role, Text
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

_DATA = (".yaml", ".yml", ".json")


def base_api(git: Git, changes: Changes, files: ContractFiles) -> BaseApi:
    """Each of the head's contracts in the base's words, and those that the change removed or moved.

    NotApplicable without a base or without a contract there; Unavailable when the base's contract cannot be read.
    """
    listed = {entry.path: entry for entry in git.ls_tree(changes.base)}
    inventory = Inventory(tuple(File(path, Role.RUNTIME, 0, blob=entry.blob) for path, entry in sorted(listed.items())))
    moved = {change.path: change.old_path for change in changes.files if change.old_path}
    gone = [change.path for change in changes.files if change.status == "D" and change.path.endswith(_DATA)]
    candidates = [path for path in (*(moved.get(one, one) for one in files.openapi), *gone) if path in listed]
    loaded = Loaded()

    def read(path: str) -> Text:
        data = git.show(changes.base, path, LARGEST_TEXT)
        if data is None:
            raise Unreadable(f"{path} at the base revision is too large, or is gone")
        return decoded(path, data)

    found = load_contracts(candidates, read, inventory, loaded, keep_all=False)
    broken = next((one for one in loaded.unreadable if one.subject in candidates and one.subject not in gone), None)
    if broken is not None:
        raise Unavailable(f"{broken.subject} cannot be read at the base revision: {broken.detail}")
    if not found:
        raise NotApplicable("the base revision holds no contract")
    return BaseApi(
        tuple(contract(loaded.documents, path) for path in found), {new: old for new, old in moved.items() if old}
    )
