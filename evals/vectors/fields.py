"""What of a call has a vector."""

from enum import IntEnum


class Field(IntEnum):
    """INPUT: the last thing that the user said; OUTPUT: the answer in words."""

    INPUT = 0
    OUTPUT = 1
