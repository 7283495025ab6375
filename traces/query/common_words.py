"""English words that are in nearly every text: neither indexed nor looked for.

They are a third of what an index of words takes on disk and say nothing about a span. Left out of
this list, and so found: words that are also names or carry a meaning (not, no, us, who, may, will).
"""

import re
from collections.abc import Iterator

COMMON_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before being between both but"  # noqa: SIM905
    " by could did do does down each even for from get go had has have he her here him his how i if"
    " in into is it its just like made make many me more most much must my now of off on one only"
    " or other our out over own said same see she should so some such than that the their them then"
    " there these they this those through to too under up very was way we well were what when where"
    " which while with would you your".split()
)


WHOLE = frozenset("/@<&")
"""What has one of these may be an address or a tag, which the index takes as one."""
BETWEEN = re.compile(r"[^\w.+\-]+")


def telling(text: str) -> str:
    """The text without common words; maybe nothing is left."""
    return " ".join(word for chunk in text.split() for word in _telling(chunk))


def _telling(chunk: str) -> Iterator[str]:
    if not WHOLE.isdisjoint(chunk):
        yield chunk
        return
    for word in filter(None, BETWEEN.split(chunk)):
        core = word.strip(".-_+").casefold()
        parts = core.split("-")
        if COMMON_WORDS.isdisjoint(parts):
            yield word
        else:  # the index has no parts of `check-in` that are common
            yield from (part for part in parts if part not in COMMON_WORDS)
