"""The only reader of the shipped envelopes: `rules/envelopes/<name>.schema.json`, by name."""

from __future__ import annotations

import json

from checker import resources
from checker.model.envelope import Envelopes

_ENDING = ".schema.json"


def envelopes() -> Envelopes:
    """Every envelope that a rule may name."""
    folder = resources.tree("rules").joinpath("envelopes")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(_ENDING)), key=lambda file: file.name)
    return Envelopes({file.name.removesuffix(_ENDING): json.loads(file.read_text("utf-8")) for file in files})
