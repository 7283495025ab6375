from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "evals.drift"
    label = "drift"

    def ready(self) -> None:
        from traces.services import scores

        scores.own_names.append("drift.")
        scores.own_ids.append("drift:")
