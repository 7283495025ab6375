from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "evals.review"
    label = "review"

    def ready(self) -> None:
        from traces.services import scores

        scores.own_ids.append("review:")
