"""What a budget counts, as a query."""

from __future__ import annotations

from dashboards.budgets.models import Budget, Scope
from traces.selectors.facets import written
from traces.selectors.search import Query, parse


def text_of(scope: str, value: str) -> str:
    """In the query language; empty for the whole project."""
    if scope == Scope.PROJECT:
        return ""
    return value.strip() if scope == Scope.QUERY else f"{scope}:{written(value)}"


def query_of(budget: Budget) -> Query:
    """Raises QueryError."""
    return parse(text_of(budget.scope, budget.value))
