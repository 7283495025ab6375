from django.apps import AppConfig

from sightglass.kernel import hooks


class AccountsConfig(AppConfig):
    name = "sightglass.accounts"
    label = "accounts"

    def ready(self) -> None:
        from sightglass.accounts import checks, cors, signals  # noqa: F401 - signals connect themselves

        hooks.checks.append(checks.check)
