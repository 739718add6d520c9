"""Checks on the contract as it is written."""
