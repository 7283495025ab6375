from django.apps import AppConfig


class TruthConfig(AppConfig):
    name = "evals.truth"
    label = "truth"
