"""Whether a change keeps to the discipline that lets somebody else judge it."""
