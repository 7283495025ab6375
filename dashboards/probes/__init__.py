"""Probes: has a model changed under its name?"""
