"""Truth over HTTP."""
