"""Checks on what agents leave behind."""
