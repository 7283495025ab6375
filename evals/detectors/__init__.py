"""Detectors that need no key and no download: texts in, calibrated scores with evidence out.

Pure: no Django, no network, no database. `evals.detectors.registry.load` gives one by name.
"""
