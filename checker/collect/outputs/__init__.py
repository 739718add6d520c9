"""Reading what agents leave behind: leniently, and saying what was assumed."""
