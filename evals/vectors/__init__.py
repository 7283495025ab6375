"""Meaning as numbers: vectors of what was asked and answered, and search by them."""
