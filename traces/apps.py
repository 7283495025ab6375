from django.apps import AppConfig

from sightglass.kernel import hooks


class TracesConfig(AppConfig):
    name = "traces"

    def ready(self) -> None:
        from traces.services import exposition, partitions

        hooks.preparations.append(partitions.make_ahead)
        hooks.collectors.append(exposition.collect)
        hooks.checks.append(exposition.check)
