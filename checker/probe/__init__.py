"""Everything that runs a command or the audited project, always in a child process."""
