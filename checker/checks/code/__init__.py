"""Rules about source code and what it is made of: each judges what patterns, modules and files show."""
