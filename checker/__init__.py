"""Backend Checker: verify a backend repository, and what agents claim about it, against written standards."""

__version__ = "0.1.0"
