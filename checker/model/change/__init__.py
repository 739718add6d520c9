"""Facts about a change: what it touches, who made it, what it records, and how it treats its own judges."""
