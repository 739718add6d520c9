"""Rules on migrations: what they are written to do, and what happened when they ran."""
