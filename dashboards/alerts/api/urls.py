"""Routes of the alerting API."""

from django.urls import URLPattern, URLResolver, path

from dashboards.alerts.api import firings, rules, sheet

V1 = "api/v1/alerts"
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{V1}/rules", rules.RuleList.as_view(), name="api_alert_rules"),
    path(f"{V1}/rules/backtest", rules.DraftBackTest.as_view(), name="api_alert_draft_backtest"),
    path(f"{V1}/rules/<int:pk>", rules.RuleDetail.as_view(), name="api_alert_rule"),
    path(
        f"{V1}/rules/<int:pk>/backtest",
        rules.RuleBackTest.as_view(),
        name="api_alert_rule_backtest",
    ),
    path(f"{V1}/rules/<int:pk>/mute", rules.Mute.as_view(), name="api_alert_rule_mute"),
    path(f"{V1}/examples", rules.Examples.as_view(), name="api_alert_examples"),
    path(f"{V1}/file", sheet.Sheet.as_view(), name="api_alert_file"),
    path(f"{V1}/history", firings.History.as_view(), name="api_alert_history"),
    path(f"{V1}/<int:pk>", firings.FiringDetail.as_view(), name="api_alert"),
    path(f"{V1}/<int:pk>/acknowledge", firings.Acknowledge.as_view(), name="api_alert_acknowledge"),
]
