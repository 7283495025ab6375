"""The one error of the query language."""


class QueryError(Exception):
    """A query that cannot be read. `position` counts from 0; `suggestion` may stand instead."""

    def __init__(self, position: int, detail: str, suggestion: str | None = None) -> None:
        super().__init__(f"{detail} (at character {position + 1})")
        self.position, self.detail, self.suggestion = position, detail, suggestion

    @property
    def ended(self) -> str:
        """What is wrong, as the end of a sentence; a question has its mark already."""
        return self.detail if self.detail.endswith("?") else f"{self.detail}."

    @property
    def sentence(self) -> str:
        """For those who wrote it."""
        return f"Character {self.position + 1}: {self.ended}"
