"""Topics: what users ask about, found by clustering the vectors of their inputs."""
