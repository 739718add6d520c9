"""Checks of the `proofs` family."""
