from django.apps import AppConfig


class QueuesConfig(AppConfig):
    name = "dashboards.queues"
    label = "queues"
