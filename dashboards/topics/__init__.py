"""The pages of topics: what users ask about, with volume, cost, quality and failures.

Not an app of its own: it has no tables.
"""
