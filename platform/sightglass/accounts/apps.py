from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "sightglass.accounts"
    label = "accounts"

    def ready(self) -> None:
        from sightglass.accounts import signals  # noqa: F401 - connects its receivers
