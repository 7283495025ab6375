from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "sightglass.accounts"
    label = "accounts"
