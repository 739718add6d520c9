"""Where a report goes: standard output or a file, in one of the formats; never half a file."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from checker.cli import plain
from checker.model.report import Report
from checker.model.surroundings import NONE, Surroundings
from checker.render import RENDERERS
from checker.render.agent import AUDIT, Asked
from checker.render.text import render_text

FORMATS = sorted(RENDERERS)
WITH_SURROUNDINGS = frozenset({"html"})
WITH_NEXT = frozenset({"agent", "summary"})  # end in the command to run next


@dataclass(frozen=True)
class Output:
    """A format, and the file that takes it; no file means standard output."""

    format: str
    path: Path | None = None


def parse_outputs(values: tuple[str, ...]) -> list[Output]:
    """Read `FORMAT:PATH` options; a usage error names what is wrong, before anything is audited."""
    outputs = []
    for value in values:
        fmt, colon, path = value.partition(":")
        if not colon or not path or fmt not in FORMATS:
            raise click.UsageError(f"--output {value!r}: give FORMAT:PATH with a FORMAT of {', '.join(FORMATS)}")
        target = Path(path)
        if not target.parent.is_dir():
            raise click.UsageError(f"--output {value!r}: no folder {target.parent}")
        outputs.append(Output(fmt, target))
    return outputs


def emit(report: Report, output: Output, *, verbose: int, beside: Surroundings = NONE, asked: Asked = AUDIT) -> None:
    """Render and write, whole or not at all. `beside` is shown by the formats of `WITH_SURROUNDINGS` alone.

    `asked` is what the next command, where a format names one, has to repeat.
    """
    if output.path is not None:
        write_whole(output.path, _rendered(report, output.format, beside, asked))
        return
    colour = plain.colour(terminal=sys.stdout.isatty())
    is_text = output.format == "text"
    data = (
        render_text(report, colour=colour, verbose=verbose).encode()
        if is_text
        else _rendered(report, output.format, beside, asked)
    )
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_stdout()  # nobody reads on; the verdict stays what it is


def _rendered(report: Report, fmt: str, beside: Surroundings, asked: Asked) -> bytes:
    extra = (beside,) if fmt in WITH_SURROUNDINGS else (asked,) if fmt in WITH_NEXT else ()
    data: bytes = RENDERERS[fmt](report, *extra)
    return data


def drop_stdout() -> None:
    """Send the rest of standard output nowhere, so that the end of the process does not fail on it again."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that a crash or a full disk leaves the old one."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".checker-", delete=False) as temporary:
            try:
                temporary.write(data)
                temporary.flush()
                os.fsync(temporary.fileno())
                os.chmod(temporary.name, 0o644)
                os.replace(temporary.name, path)
            except BaseException:
                os.unlink(temporary.name)
                raise
    except OSError as refused:
        raise click.UsageError(f"{path} cannot be written: {refused.strerror}") from None
