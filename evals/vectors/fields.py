"""What of a call has a vector."""

from enum import IntEnum


class Field(IntEnum):
    """INPUT: what was asked last, without documents; OUTPUT: the answer in words."""

    INPUT = 0
    OUTPUT = 1


TEXTS = 2
"""Raised when other texts of the same calls are embedded, for vectors of both cannot be compared.
1: the last message of the user, with the documents in it; 2: what is asked there."""
