from django.apps import AppConfig


class VectorsConfig(AppConfig):
    name = "evals.vectors"
    label = "vectors"

    def ready(self) -> None:
        from evals.vectors.services import exposition, storing
        from sightglass.kernel import hooks
        from traces.services import partitions, retention, work

        work.consumers.append(storing.CONSUMER)
        partitions.tables.append(storing.TABLE)
        retention.beside.append(storing.TABLE)
        hooks.collectors.append(exposition.collect)
        hooks.checks.append(exposition.check)
