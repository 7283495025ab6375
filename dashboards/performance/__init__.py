"""How fast answers come, what fails, and whether retrieval finds anything."""
