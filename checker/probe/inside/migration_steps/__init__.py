"""Drives the migrations of a project from inside its own interpreter, one step at a time, on a database that is thrown away.

Needs Python 3.8, alembic and sqlalchemy, whatever versions the project has. Started by `checker.probe.alembic`.
"""
