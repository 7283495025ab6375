from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "evals.drift"
    label = "drift"
