"""Calls to model providers: two adapters over httpx, guarded, with errors that say what to do."""
