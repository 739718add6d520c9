"""The door for platform teams: many repositories audited, each in a child of its own."""
