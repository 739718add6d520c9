"""Measurements: each a script that is given a folder or a file, prints figures, and judges nothing."""
