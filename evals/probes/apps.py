from django.apps import AppConfig


class ProbesConfig(AppConfig):
    name = "evals.probes"
    label = "probes"
