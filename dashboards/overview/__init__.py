"""The page that answers first: what changed, what it costs, how good it is."""
