from django.apps import AppConfig


class DigestConfig(AppConfig):
    name = "dashboards.digest"
    label = "digest"
