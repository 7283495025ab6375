from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "dashboards.alerts"
    label = "alerts"
