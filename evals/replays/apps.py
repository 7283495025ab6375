from django.apps import AppConfig


class ReplaysConfig(AppConfig):
    name = "evals.replays"
    label = "replays"

    def ready(self) -> None:
        from evals.replays.services import trials
        from traces.services import retention

        retention.expiring.append(trials.expire)
