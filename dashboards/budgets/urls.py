"""Routes of budgets: pages and API."""

from django.urls import URLPattern, URLResolver, path

from dashboards.budgets import api, views

BUDGETS = "p/<slug:project>/budgets"
urlpatterns: list[URLPattern | URLResolver] = [
    path(BUDGETS, views.budgets, name="budgets"),
    path(f"{BUDGETS}/new", views.new, name="budget_new"),
    path(f"{BUDGETS}/<int:pk>", views.budget, name="budget"),
    path(f"{BUDGETS}/<int:pk>/edit", views.edit, name="budget_edit"),
    path(f"{BUDGETS}/<int:pk>/delete", views.delete, name="budget_delete"),
    path("api/v1/budgets", api.BudgetList.as_view(), name="api_budgets"),
    path("api/v1/budgets/<int:pk>", api.BudgetDetail.as_view(), name="api_budget"),
    path("api/v1/budgets/<int:pk>/status", api.Status.as_view(), name="api_budget_status"),
]
