"""The one error of the query language."""


class QueryError(Exception):
    """A query that cannot be read. `position` counts from 0; `suggestion` may stand instead."""

    def __init__(self, position: int, detail: str, suggestion: str | None = None) -> None:
        super().__init__(f"{detail} (at character {position + 1})")
        self.position, self.detail, self.suggestion = position, detail, suggestion
