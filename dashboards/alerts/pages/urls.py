"""Routes of the pages of alerts."""

from django.urls import URLPattern, URLResolver, path

from dashboards.alerts.pages import firing, history, listing, rule

ALERTS = "p/<slug:project>/alerts"
urlpatterns: list[URLPattern | URLResolver] = [
    path(ALERTS, listing.alerts, name="alerts"),
    path(f"{ALERTS}/new", rule.new, name="alert_new"),
    path(f"{ALERTS}/history", history.history, name="alert_history"),
    path(f"{ALERTS}/rules/<int:pk>", rule.rule, name="alert_rule"),
    path(f"{ALERTS}/rules/<int:pk>/spark", listing.spark, name="alert_spark"),
    path(f"{ALERTS}/rules/<int:pk>/mute", rule.mute, name="alert_mute"),
    path(f"{ALERTS}/rules/<int:pk>/test", rule.test, name="alert_test"),
    path(f"{ALERTS}/rules/<int:pk>/delete", rule.delete, name="alert_delete"),
    path(f"{ALERTS}/firings/<int:pk>", firing.firing, name="alert_firing"),
    path(f"{ALERTS}/firings/<int:pk>/acknowledge", firing.acknowledge, name="alert_acknowledge"),
]
