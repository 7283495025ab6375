"""Finding topics, giving new spans theirs, adding up their days."""
