"""The query language `q`: text to a checked tree. Pure; `traces.selectors` turns the tree into SQL.

model:gpt-4o* kind:llm cost:>0.01 (status:error OR tag:beta) -environment:staging "refund policy"
"""

from traces.query.errors import QueryError
from traces.query.parser import Query, parse

__all__ = ["Query", "QueryError", "parse"]
