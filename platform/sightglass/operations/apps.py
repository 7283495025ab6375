from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "sightglass.operations"
    label = "operations"
