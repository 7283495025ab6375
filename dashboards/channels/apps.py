from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "dashboards.channels"
    label = "channels"
