"""`make regenerate`: write anew what is generated, and compared in the suite."""

from __future__ import annotations

from tests.generated import files


def main() -> None:
    for path, text in files().items():
        path.write_text(text, "utf-8")
        print(path)


if __name__ == "__main__":
    main()
