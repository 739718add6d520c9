"""The collectors that read source code: patterns over every file, and facts joined across files."""
