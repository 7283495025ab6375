from django.apps import AppConfig


class ErasuresConfig(AppConfig):
    name = "evals.erasures"
    label = "erasures"
