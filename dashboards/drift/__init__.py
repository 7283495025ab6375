"""The pages of drift: what changed, in which slice, and whether users or the model did.

Not an app of its own: it has no tables.
"""
