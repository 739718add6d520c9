"""The stage: a child process of ours that starts the audited app, asks it and writes what it saw as JSON."""
