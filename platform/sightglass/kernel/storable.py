"""Text from outside that Postgres can hold."""


def storable(text: str) -> str:
    """The text with U+FFFD or ? for what no database holds: NUL, halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
