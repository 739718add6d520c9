"""Drives the migrations of a project from inside its own interpreter, Python 3.8 or newer, with its own alembic and sqlalchemy."""
