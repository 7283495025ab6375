from django.apps import AppConfig


class ReplaysConfig(AppConfig):
    name = "evals.replays"
    label = "replays"
