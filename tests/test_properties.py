"""Every reader of what others wrote, on any text: no crash, no hang, nothing without a bound, and the laws of verdicts."""

from __future__ import annotations
