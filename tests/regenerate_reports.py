"""Writes anew what is generated in `reports/`: `python -m tests.regenerate_reports`."""

from __future__ import annotations

from pathlib import Path

from tests.generated_reports import report_files


def main() -> None:
    for path, text in report_files(Path(__file__).resolve().parent.parent).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(path)


if __name__ == "__main__":
    main()
