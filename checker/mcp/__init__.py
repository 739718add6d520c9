"""The door for coding agents: our commands as tools of the Model Context Protocol."""
