from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "evals.datasets"
    label = "datasets"
