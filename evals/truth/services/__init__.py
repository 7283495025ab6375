"""Changing truth; every change is audited."""
