"""Sessions: conversations across traces."""
