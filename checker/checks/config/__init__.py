"""Checks on the configuration that the judgement itself rests on."""
