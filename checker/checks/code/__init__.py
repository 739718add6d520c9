"""Whether the source is written as the standards ask."""
