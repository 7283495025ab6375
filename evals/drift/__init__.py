"""Drift: whether the traffic or the answers changed, in what, and why."""
