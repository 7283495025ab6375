from django.apps import AppConfig


class BudgetsConfig(AppConfig):
    name = "dashboards.budgets"
    label = "budgets"
