from django.apps import AppConfig


class ProbesConfig(AppConfig):
    name = "evals.probes"
    label = "probes"

    def ready(self) -> None:
        from traces.services import scores

        scores.own_names.append("probe.")
        scores.own_ids.append("probe:")
