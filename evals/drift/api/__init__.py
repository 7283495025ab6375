"""Drift over HTTP."""
