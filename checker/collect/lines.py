"""The only place that turns the pointers of findings into lines, after the judging, for those alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from checker.collect.data_lines import locate
from checker.collect.files import Root, Unreadable
from checker.model.observation import Pointer
from checker.model.unavailable import Unavailable

Spans = dict[tuple[str, Pointer], tuple[int, int]]


def locator(root: Root) -> Callable[[Mapping[str, Sequence[Pointer]]], Spans]:
    """A function from wanted pointers, by file, to their first and last line; a pointer that is absent gets its parent's."""

    def spans(wanted: Mapping[str, Sequence[Pointer]]) -> Spans:
        found: Spans = {}
        for path, pointers in wanted.items():
            found.update({(path, pointer): span for pointer, span in _in_file(root, path, pointers).items()})
        return found

    return spans


def _in_file(root: Root, path: str, pointers: Sequence[Pointer]) -> dict[Pointer, tuple[int, int]]:
    try:
        text = root.text(path).text
    except (Unavailable, Unreadable):
        return {}
    asked = {pointer[:length] for pointer in pointers for length in range(len(pointer) + 1)}
    known = locate(text, sorted(asked))
    spans = {}
    for pointer in pointers:
        nearest = next((pointer[:length] for length in range(len(pointer), -1, -1) if pointer[:length] in known), None)
        if nearest is not None:
            spans[pointer] = known[nearest]
    return spans
