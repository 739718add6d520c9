"""Rules about source code: each judges what the patterns and the structure of the modules show."""
