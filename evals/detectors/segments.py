"""Cut a text into sentences and lines: an attack is often one of many."""

import re

import numpy as np
import numpy.typing as npt

LONGEST = 400
"""Characters of a segment; a longer one is cut between words."""
BORDER = re.compile(
    r"\n+"
    r"|(?<=[.!?])[\"')\]]{0,3}\s+(?=[^\W\d_a-z]|[\"'(¿¡])"  # before a capital, a quote, a bracket
    r"|(?<=[。！？])"
)


def segments(text: str) -> npt.NDArray[np.int64]:
    """Starts and ends of the segments, in order; shape (at least 1, 2)."""
    found: list[tuple[int, int]] = []
    begin = 0
    borders = [match.span() for match in BORDER.finditer(text)]
    for end, after in [*borders, (len(text), len(text))]:
        while end - begin > LONGEST:
            cut = text.rfind(" ", begin + 1, begin + LONGEST)
            cut = cut if cut > begin else begin + LONGEST
            found.append((begin, cut))
            begin = cut
        if text[begin:end].strip():
            found.append((begin, end))
        begin = after
    return np.array(found or [(0, len(text))], dtype=np.int64)
