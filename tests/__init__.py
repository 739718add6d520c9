"""The suite, and the scripts that make what is generated."""
